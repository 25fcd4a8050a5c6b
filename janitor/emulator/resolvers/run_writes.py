"""Creating and changing runs through GraphQL."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ariadne import MutationType

from janitor.emulator import summary
from janitor.emulator.access import RefusedError
from janitor.emulator.records import run_path_of_id
from janitor.emulator.resolvers.branches import inherit
from janitor.emulator.store import new_name

if TYPE_CHECKING:
    from janitor.emulator.emulation import Context, Info
    from janitor.emulator.records import Project, Run

mutation = MutationType()
_COPIED = {
    "display_name": "display_name",
    "description": "description",
    "notes": "notes",
    "group_name": "group",
    "job_type": "job_type",
    "tags": "tags",
    "config": "config_text",
    "commit": "commit",
    "host": "host",
    "job_program": "program",
}
"""Fields of the input and of the record; null leaves the old value."""
_NAME_IS_TAKEN = timedelta(days=7)
"""For this long, the name of a deleted run cannot be used: https://github.com/wandb/docs/pull/1117"""
_STATES_TO_SET = {
    "pending": frozenset({"running", "failed", "crashed", "preempted"}),
    "failed": frozenset({"pending", "running"}),
}


@mutation.field("upsertBucket")
def resolve_upsert_run(_: object, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Create a run, or change the one of this ``id`` or ``name``.

    With a name, an SDK (or ``Api.create_run``) registers its run: the run is alive. With only an id
    it is an edit by another client, which leaves the run's state as it is.
    """
    context = info.context
    run, inserted = _find_or_create(context, input)
    _copy_fields(context, run, input)
    if inserted:
        inherit(run)
    if input.get("name"):
        _register(context, run, input)
    elif context.settings.heartbeat_on_write:
        run.heartbeat_at = context.now
    context.store.changed(run)
    return {"bucket": run, "inserted": inserted, "client_mutation_id": _mutation_id(input)}


def _mutation_id(values: dict[str, Any]) -> str | None:
    identifier: str | None = values.get("client_mutation_id")
    return identifier


def _find_or_create(context: Context, values: dict[str, Any]) -> tuple[Run, bool]:
    if values.get("id"):
        return context.run(values["id"]), False
    entity = values.get("entity_name") or context.user.name
    context.emulation.doorkeeper.require(context.user, entity, write=True)
    project_name = values.get("model_name") or "uncategorized"
    project = context.store.ensure_project(entity, project_name, context.now)
    name = values.get("name") or new_name()
    known = project.runs.get(name)
    if known is not None:
        return known, False
    _refuse_deleted(context, project, name)
    run = context.store.add_run(project, name, context.now)
    run.display_name = f"run-{len(project.runs)}"
    run.user = context.user.name
    return run, True


def _refuse_deleted(context: Context, project: Project, name: str) -> None:
    """Raise RefusedError (409) for the name of a run that was deleted lately (wandb#4897)."""
    deleted_at = project.deleted_runs.get(name)
    if deleted_at is not None and context.now - deleted_at < _NAME_IS_TAKEN:
        path = f"{project.entity}/{project.name}/{name}"
        message = f"run {path} was previously created and deleted; try a new run name"
        raise RefusedError(HTTPStatus.CONFLICT, message)


def _copy_fields(context: Context, run: Run, values: dict[str, Any]) -> None:
    for source, target in _COPIED.items():
        if values.get(source) is not None:
            setattr(run, target, values[source])
    if values.get("summary_metrics") is not None:
        text = values["summary_metrics"]
        if context.settings.summary_write == "merge":
            text = summary.merge(run.summary_text, text)
        run.set_summary(text)
    if values.get("sweep"):
        sweep = context.store.ensure_sweep(run.project, values["sweep"], context.now)
        context.store.put_in_sweep(run, sweep)


def _register(context: Context, run: Run, values: dict[str, Any]) -> None:
    """Mark a run as alive.

    A live run that is preempting stays so, unless another process resumes it: its SDK sends this
    mutation once more when it ends.
    """
    if run.exit_code is not None:
        run.stopped = False
        run.exit_code = None
    live = run.state_at(context.now, context.settings.crash_after)
    stays = live == "preempting" and not run.is_resuming
    run.state = values.get("state") or ("preempting" if stays else "running")
    run.is_resuming = False
    run.heartbeat_at = context.now
    run.heartbeat_at_text = None
    run.watched = True
    run.client_summary_text = run.summary_text


@mutation.field("deleteRun")
def resolve_delete_run(_: object, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Delete a run; deleting it again changes nothing."""
    context = info.context
    if not _was_deleted(context, input["id"]):
        run = context.run(input["id"])
        context.store.delete_run(run)
        run.project.deleted_runs[run.name] = context.now
        context.store.changed(run.project)
    return {"client_mutation_id": _mutation_id(input)}


def _was_deleted(context: Context, storage_id: str) -> bool:
    entity, _, rest = (run_path_of_id(storage_id) or "").partition("/")
    project_name, _, name = rest.partition("/")
    project = context.store.project(entity, project_name)
    if project is None or name in project.runs or name not in project.deleted_runs:
        return False
    context.emulation.doorkeeper.require(context.user, entity, write=True)
    return True


@mutation.field("updateRunState")
def resolve_update_state(_: object, info: Info, input: dict[str, Any]) -> dict[str, bool]:
    """Set a run's W&B state, if W&B allows it."""
    context = info.context
    run, state = context.run(input["id"]), input["state"]
    if run.sweep is not None:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "sweep runs cannot have their state updated")
    now = run.state_at(context.now, context.settings.crash_after)
    if now not in _STATES_TO_SET.get(state, frozenset()):
        message = f"invalid state transition: {now} to {state}"
        raise RefusedError(HTTPStatus.BAD_REQUEST, message)
    run.state = state
    context.store.changed(run)
    return {"success": True}


@mutation.field("stopRun")
def resolve_stop_run(_: object, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Ask a run to stop; its SDK asks for this flag every few seconds."""
    context = info.context
    run = context.run(input["id"])
    run.stopped = True
    context.store.changed(run)
    return {"success": True, "client_mutation_id": _mutation_id(input)}


BINDABLES = (mutation,)
