"""Creating and changing sweeps."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import yaml
from ariadne import MutationType, ObjectType

from janitor.emulator.access import RefusedError
from janitor.emulator.filters import compile_filter, parse_filter
from janitor.emulator.records import global_id, read_json
from janitor.emulator.resolvers.scheduling import add_pending_run, follow_controller
from janitor.emulator.resolvers.sweeps import load_config, read_config
from janitor.emulator.store import new_name
from janitor.emulator.suggestions import SweepConfigError, check, count_expected

if TYPE_CHECKING:
    from janitor.emulator.emulation import Context, Info
    from janitor.emulator.records import Sweep

mutation = MutationType()
sweep_type = ObjectType("Sweep")
_STATES = frozenset({"PENDING", "RUNNING", "PAUSED", "CANCELED", "FINISHED"})
_TEXTS = ("description", "display_name", "controller", "scheduler", "prior_runs_filters")


@mutation.field("upsertSweep")
def resolve_upsert_sweep(_: object, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Create a sweep, or change the one that ``id`` names."""
    context = info.context
    config, warnings = _read_new_config(input.get("config"))
    state = input.get("state")
    if state is not None and state not in _STATES:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"unknown sweep state {state!r}")
    _check_filters(context, input.get("prior_runs_filters"))
    sweep = _find(context, input["id"]) if input.get("id") else _create(context, input)
    if config is not None:
        sweep.config_text = config
    for name in _TEXTS:
        if input.get(name) is not None:
            setattr(sweep, name, input[name])
    sweep.state = state or sweep.state
    sweep.updated_at = context.now
    context.store.changed(sweep)
    follow_controller(context, sweep)
    return {"sweep": sweep, "config_validation_warnings": warnings}


def _check_filters(context: Context, filters: str | None) -> None:
    """Raise FilterError or UnknownFieldError for filters that cannot be used."""
    compile_filter(parse_filter(filters), context.run_fields().getter)


def _read_new_config(text: str | None) -> tuple[str | None, list[str]]:
    if text is None:
        return None, []
    try:
        return text, check(load_config(text))
    except RecursionError as error:
        message = "the sweep's configuration is nested too deeply"
        raise RefusedError(HTTPStatus.BAD_REQUEST, message) from error
    except (yaml.YAMLError, SweepConfigError, ValueError, TypeError) as error:
        message = f"the sweep's configuration cannot be used: {error}"
        raise RefusedError(HTTPStatus.BAD_REQUEST, message) from error


def _find(context: Context, storage_id: str) -> Sweep:
    sweep = context.store.sweep_by_id(storage_id)
    if sweep is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"sweep {storage_id} not found")
    context.emulation.doorkeeper.require(context.user, sweep.project.entity, write=True)
    return sweep


def _create(context: Context, values: dict[str, Any]) -> Sweep:
    entity = values.get("entity_name") or context.user.name
    context.emulation.doorkeeper.require(context.user, entity, write=True)
    project_name = values.get("project_name") or "uncategorized"
    project = context.store.ensure_project(entity, project_name, context.now)
    sweep = context.store.ensure_sweep(project, new_name(), context.now)
    sweep.state = "PENDING"
    return sweep


@mutation.field("enqueueSweepRun")
def resolve_enqueue_run(_: object, info: Info, input: dict[str, Any]) -> dict[str, str]:
    """Add a run with the given configuration; the next free agent gets it."""
    context = info.context
    sweep = _find(context, input["id"])
    values = read_json(input["config"])
    if not isinstance(values, dict):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the run's config must be a JSON object")
    run = add_pending_run(context, sweep, values, input.get("display_name"))
    sweep.queue.append(run.name)
    return {"id": run.name, "run_queue_item_id": global_id("RunQueueItem", run.name)}


@sweep_type.field("runCountExpected")
def resolve_expected(sweep: Sweep, _info: Info) -> int | None:
    """How many runs the sweep will have; null if that is unknown."""
    config = read_config(sweep)
    try:
        return None if config.get("method") == "custom" else count_expected(config)
    except (SweepConfigError, ValueError, TypeError):
        return None


BINDABLES = (mutation, sweep_type)
