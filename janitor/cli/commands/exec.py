"""``janitor exec``: run a command, and record how its W&B runs ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.errors import sentence

if TYPE_CHECKING:
    from janitor.lifecycle.exec_command import CommandEnd, MadeRun


@click.command("exec", cls=Command, context_settings={"allow_interspersed_args": False})
@click.option(
    "--id",
    "run_id",
    metavar="[ID]",
    is_flag=False,
    flag_value="",
    help="The command makes one run: give it this id, or a new one, so that it is always found.",
)
@click.option(
    "--project",
    metavar="ENTITY/PROJECT",
    help="Where the command's run is kept, if this cannot be found out.",
)
@click.option("--namespace", default="protein", show_default=True, help="Prefix of the keys.")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
@pass_session
def command(
    session: Session,
    /,
    *,
    run_id: str | None,
    project: str | None,
    namespace: str,
    words: tuple[str],
) -> int:
    """Run COMMAND, and record its exit code or signal as the state of its W&B run.

    For training code that you cannot modify: `janitor exec -- python train.py`. Each run that the
    command makes gets its own state. The exit code is that of the command.
    """
    from janitor.lifecycle import exec_command
    from janitor.lifecycle.ranks import RUN_ID

    environment = dict(session.environ)
    if run_id is not None:
        environment[RUN_ID] = run_id or exec_command.new_run_id()
    elif not environment.get(RUN_ID):
        environment.pop(RUN_ID, None)  # wandb refuses an empty one
    try:
        end = exec_command.execute(words, environment)
    except OSError as error:
        _say(session, f"cannot run {words[0]}: {error.strerror}")
        return 127 if isinstance(error, FileNotFoundError) else 126
    if exec_command.is_online(environment):
        _record(session, end, environment, project, namespace)
    return exec_command.exit_code(end.returncode)


def _say(session: Session, text: str) -> None:
    click.echo(f"janitor: {session.redact(text)}", err=True)


def _record(
    session: Session,
    end: CommandEnd,
    environment: dict[str, str],
    project: str | None,
    namespace: str,
) -> None:
    """Record the state of each run. Errors are messages: the command's exit code matters more."""
    from janitor.lifecycle.exec_command import reports_for

    for run_id in end.alive:
        _say(session, f"run {run_id} is still running, so its state was not recorded")
    if not (end.runs or end.alive or end.is_offline):
        others = f" ({', '.join(end.others)} may be another command's)" if end.others else ""
        _say(session, f"no W&B run of the command was found, so no state was recorded{others}")
    ours = [run for run in end.runs if reports_for(run, environment)]
    for run in end.runs:
        if run not in ours:
            _say(session, f"run {run.run_id} is shared by several processes; rank 0 reports for it")
    if not ours:
        return
    try:
        recorder = _Recorder(end, environment, project, namespace)
    except Exception as error:  # noqa: BLE001 - any of wandb's; the exit code matters more
        _say(session, f"no state was recorded: {sentence(error)}")
        return
    for run in ours:
        try:
            recorder.record(run)
        except Exception as error:  # noqa: BLE001 - any of wandb's; the exit code matters more
            _say(session, f"the state of run {run.run_id} was not recorded: {sentence(error)}")


class _Recorder:
    """Writes the states of a command's runs, with the user's login."""

    def __init__(
        self, end: CommandEnd, environment: dict[str, str], project: str | None, namespace: str
    ) -> None:
        from janitor.lifecycle.run_search import RunSearch
        from janitor.stores.wandb.api import GraphQLApi

        self._end = end
        self._named = project
        self._project = environment.get("WANDB_PROJECT", "")
        self._namespace = namespace
        door = GraphQLApi()  # never prompts
        import wandb

        self._api = wandb.Api()
        entities = [run.entity for run in end.runs]
        entities += [environment.get("WANDB_ENTITY", ""), door.default_entity() or ""]
        if not all(run.entity and run.project for run in end.runs):
            entities += _teams(self._api)
        self._search = RunSearch(self._api, entities, end.started_at)

    def record(self, run: MadeRun) -> None:
        """Write the state of a run; raises whatever prevents that."""
        from janitor.errors import StoreError
        from janitor.lifecycle.exec_command import conclude, meaning
        from janitor.lifecycle.run_access import ApiRun

        found = meaning(run, self._end)
        if found is None:
            raise StoreError("its process ended without finishing it, but the command succeeded")
        access = ApiRun(self._api, *self._place(run), run.run_id)
        if conclude(access, *found, self._namespace) is None:
            raise StoreError("it could not be written")

    def _place(self, run: MadeRun) -> tuple[str, str]:
        from janitor.errors import NotFoundError
        from janitor.model.paths import run_path

        if self._named is None:
            try:
                return self._search.place_of(run, self._project)
            except LookupError as error:
                raise NotFoundError(f"{error}: use --project ENTITY/PROJECT") from error
        entity, _, project = self._named.rpartition("/")
        entity = entity or next(iter(self._search.entities), "")
        if not self._search.has((entity, project), run.run_id):
            path = run_path(entity, project, run.run_id)
            raise NotFoundError(f"W&B has no run {path}: did the command start it?")
        return entity, project


def _teams(api: Any) -> list[str]:
    try:
        return list(api.viewer.teams)
    except Exception:  # noqa: BLE001 - servers may hide them; the other entities are searched
        return []
