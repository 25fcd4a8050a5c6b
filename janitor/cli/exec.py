"""``janitor exec``: run a command, and write what its end means into its run."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.failures import sentence
from janitor.cli.session import Session, pass_session


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
    from janitor.lifecycle import execution  # noqa: PLC0415 - `--help` needs none of it
    from janitor.lifecycle.ranks import rank_of  # noqa: PLC0415 - as above

    environment = execution.with_run_id(session.environ)
    try:
        returncode = execution.execute(words, environment)
    except OSError as error:
        click.echo(f"{words[0]} cannot be run: {error.strerror}", err=True)
        return 127 if isinstance(error, FileNotFoundError) else 126
    if execution.is_online(environment) and rank_of(environment) == 0:
        try:
            _conclude(environment, project, namespace, returncode)
        except Exception as error:  # noqa: BLE001 - the command's own exit code matters more
            told = session.redact(sentence(error))
            click.echo(f"the state of the command's run is not written: {told}", err=True)
    return execution.exit_code(returncode)


def _conclude(
    environment: dict[str, str], project: str | None, namespace: str, returncode: int
) -> None:
    """Write the state; raises whatever keeps it from being written."""
    from janitor.errors import NotFoundError  # noqa: PLC0415 - as above
    from janitor.lifecycle import execution  # noqa: PLC0415 - as above
    from janitor.stores.wandb.door import Door  # noqa: PLC0415 - as above

    run_id = environment["WANDB_RUN_ID"]
    if project is None:
        place = execution.find_run(environment, Path.cwd())
    else:
        place = execution.RunPlace(*project.rpartition("/")[::2], run_id)
    door = Door()  # the user's login, without a prompt
    import wandb  # noqa: PLC0415 - costs a second and 70 MB

    api = wandb.Api()
    entity = (place.entity if place else "") or door.default_entity() or ""
    if place is None:
        entity = environment.get("WANDB_ENTITY") or entity
        place = execution.search_run(api, entity, run_id)
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
    execution.conclude(run, returncode, namespace)
