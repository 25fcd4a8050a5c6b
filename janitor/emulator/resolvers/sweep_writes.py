"""Creating and steering sweeps, and what their agents are told."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import yaml
from ariadne import MutationType, ObjectType

from janitor.emulator.access import RefusedError
from janitor.emulator.changes import config_text
from janitor.emulator.records import read_json
from janitor.emulator.resolvers.sweeps import load_config, read_config
from janitor.emulator.store import new_name
from janitor.emulator.suggestions import SweepConfigError, check, count_expected, suggest

if TYPE_CHECKING:
    from janitor.emulator.emulation import Context, Info
    from janitor.emulator.records import Agent, Sweep

mutation = MutationType()
sweep_type = ObjectType("Sweep")
_STATES = frozenset({"PENDING", "RUNNING", "PAUSED", "CANCELED", "FINISHED"})
_TEXTS = ("description", "display_name", "controller", "scheduler")

Command = dict[str, Any]


@mutation.field("upsertSweep")
def resolve_upsert_sweep(
    _: object,
    info: Info,
    input: dict[str, Any],  # noqa: A002 - GraphQL's name
) -> dict[str, Any]:
    """Create a sweep, or change the one that ``id`` names."""
    context = info.context
    config, warnings = _read_new_config(input.get("config"))
    state = input.get("state")
    if state is not None and state not in _STATES:
        raise RefusedError(HTTPStatus.BAD_REQUEST, f"unknown sweep state {state!r}")
    sweep = _find(context, input["id"]) if input.get("id") else _create(context, input)
    if config is not None:
        sweep.config_text = config
    for name in _TEXTS:
        if input.get(name) is not None:
            setattr(sweep, name, input[name])
    sweep.state = state or sweep.state
    sweep.updated_at = context.now
    context.store.changed(sweep)
    return {"sweep": sweep, "config_validation_warnings": warnings}


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


@mutation.field("createAgent")
def resolve_create_agent(
    _: object,
    info: Info,
    input: dict[str, Any],  # noqa: A002 - GraphQL's name
) -> dict[str, Any]:
    """Register an agent of a sweep."""
    context = info.context
    project = context.project(input.get("entity_name"), input.get("project_name"), write=True)
    sweep = project.sweeps.get(input["sweep"])
    if sweep is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"sweep {input['sweep']} not found")
    return {"agent": context.store.add_agent(sweep, input["host"], context.now)}


@mutation.field("agentHeartbeat")
def resolve_agent_heartbeat(
    _: object,
    info: Info,
    input: dict[str, Any],  # noqa: A002 - GraphQL's name
) -> dict[str, Any]:
    """Hear from an agent which of its runs live, and tell it what to do."""
    context = info.context
    agent = context.store.agent_by_id(input["id"])
    if agent is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"agent {input['id']} not found")
    context.emulation.doorkeeper.require(context.user, agent.sweep.project.entity, write=True)
    agent.heartbeat_at = context.now
    states = read_json(input.get("run_state"))
    alive = [name for name, lives in states.items() if lives] if isinstance(states, dict) else []
    _bury(context, agent, alive)
    commands = _commands(context, agent, alive)
    context.store.changed(agent)
    return {"agent": agent, "commands": json.dumps(commands)}


def _commands(context: Context, agent: Agent, alive: list[str]) -> list[Command]:
    sweep = agent.sweep
    stopping = [name for name in alive if _is_to_stop(sweep, name)]
    if stopping:
        for name in stopping:
            _stop(context, sweep, name)
        return [{"type": "stop", "run_id": name} for name in stopping]
    if alive or sweep.state == "PAUSED":
        return []
    if sweep.state in {"RUNNING", "PENDING"}:
        if read_config(sweep).get("method") == "custom":
            return []
        command = _next_run(context, agent)
        if command is not None:
            return [command]
    _dismiss(context, agent)
    return [{"type": "exit"}]


def _is_to_stop(sweep: Sweep, run_name: str) -> bool:
    run = sweep.runs.get(run_name)
    return sweep.state == "CANCELED" or (run is not None and run.stopped)


def _stop(context: Context, sweep: Sweep, run_name: str) -> None:
    run = sweep.runs.get(run_name)
    if run is not None:
        run.stopped = True
        context.store.changed(run)


def _bury(context: Context, agent: Agent, alive: list[str]) -> None:
    """Call those of the agent's runs killed that were stopped and whose process is gone."""
    for name in agent.run_names:
        run = agent.sweep.runs.get(name)
        if run is not None and run.stopped and run.exit_code is None and name not in alive:
            run.state = "killed"
            context.store.changed(run)


def _next_run(context: Context, agent: Agent) -> Command | None:
    """The next suggestion, as a run that waits for its process."""
    sweep = agent.sweep
    config = read_config(sweep)
    suggestion = suggest(config, sweep.suggested, sweep.name)
    if suggestion is None:
        return None
    sweep.suggested += 1
    sweep.state = "RUNNING"
    run = context.store.add_run(sweep.project, new_name(), context.now)
    run.display_name = f"{sweep.name}-{sweep.suggested}"
    run.user = context.user.name
    run.state = "pending"
    run.config_text = config_text(suggestion)
    context.store.put_in_sweep(run, sweep)
    context.store.changed(sweep)
    agent.run_names.append(run.name)
    return {
        "type": "run",
        "run_id": run.name,
        "args": suggestion,
        "program": config.get("program"),
    }


def _dismiss(context: Context, agent: Agent) -> None:
    """The agent's work is done; with the last one that works, the sweep is finished."""
    agent.done = True
    sweep = agent.sweep
    if sweep.state == "RUNNING" and not any(_is_working(context, a) for a in sweep.agents.values()):
        sweep.state = "FINISHED"
        sweep.updated_at = context.now
        context.store.changed(sweep)


def _is_working(context: Context, agent: Agent) -> bool:
    silence = (context.now - agent.heartbeat_at).total_seconds()
    return not agent.done and silence <= context.settings.crash_after


@sweep_type.field("runCountExpected")
def resolve_expected(sweep: Sweep, _info: Info) -> int | None:
    """How many runs the sweep will have; null where that cannot be told."""
    config = read_config(sweep)
    try:
        return None if config.get("method") == "custom" else count_expected(config)
    except (SweepConfigError, ValueError, TypeError):
        return None


BINDABLES = (mutation, sweep_type)
