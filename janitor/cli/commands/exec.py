"""``janitor exec``: run a command, and write what its end means into its run."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.errors import sentence


@click.command("exec", cls=Command, context_settings={"allow_interspersed_args": False})
@click.option(
    "--project",
    metavar="ENTITY/PROJECT",
    help="Where the command's run is kept, if it leaves no trace of that.",
)
@click.option("--namespace", default="protein", show_default=True, help="The keys' first part.")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
@pass_session
def command(session: Session, /, *, project: str | None, namespace: str, words: tuple[str]) -> int:
    """Run COMMAND, and write what its exit code and signal mean into its W&B run.

    For training code that nobody wants to touch: `janitor exec -- python train.py`. WANDB_RUN_ID
    is set where it is missing, so a command that starts several runs needs the state manager
    instead. The exit code is the command's own.
    """
    from janitor.lifecycle import exec_command
    from janitor.lifecycle.ranks import rank_of

    environment = exec_command.with_run_id(session.environ)
    try:
        returncode = exec_command.execute(words, environment)
    except OSError as error:
        click.echo(f"{words[0]} cannot be run: {error.strerror}", err=True)
        return 127 if isinstance(error, FileNotFoundError) else 126
    if exec_command.is_online(environment) and rank_of(environment) == 0:
        try:
            _conclude(environment, project, namespace, returncode)
        except Exception as error:  # noqa: BLE001 - the command's own exit code matters more
            told = session.redact(sentence(error))
            click.echo(f"the state of the command's run is not written: {told}", err=True)
    return exec_command.exit_code(returncode)


def _conclude(
    environment: dict[str, str], project: str | None, namespace: str, returncode: int
) -> None:
    """Write the state; raises whatever keeps it from being written."""
    from janitor.errors import NotFoundError
    from janitor.lifecycle import exec_command
    from janitor.stores.wandb.api import GraphQLApi

    run_id = environment["WANDB_RUN_ID"]
    if project is None:
        place = exec_command.find_run(environment, Path.cwd())
    else:
        place = exec_command.RunPlace(*project.rpartition("/")[::2], run_id)
    door = GraphQLApi()  # the user's login, without a prompt
    import wandb

    api = wandb.Api()
    entity = (place.entity if place else "") or door.default_entity() or ""
    if place is None:
        entity = environment.get("WANDB_ENTITY") or entity
        place = exec_command.search_run(api, entity, run_id)
    if place is None:
        raise NotFoundError(
            f"run {run_id} left no trace, here or in {entity}'s projects: name its place with"
            " --project ENTITY/PROJECT"
        )
    path = f"{entity}/{place.project}/{run_id}"
    try:
        run = api.run(path)
    except (ValueError, wandb.errors.CommError) as error:
        raise NotFoundError(f"there is no run {path}: did the command start one?") from error
    exec_command.conclude(run, returncode, namespace)
