"""Agents: registering, heartbeats, and the commands that answer them."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ariadne import MutationType

from janitor.emulator.access import RefusedError
from janitor.emulator.records import read_json
from janitor.emulator.resolvers import scheduling
from janitor.emulator.resolvers.sweeps import read_config

if TYPE_CHECKING:
    from janitor.emulator.emulation import Context, Info
    from janitor.emulator.records import Agent, Sweep

mutation = MutationType()

Command = dict[str, Any]


@mutation.field("createAgent")
def resolve_create_agent(_: object, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Register an agent of a sweep."""
    context = info.context
    project = context.project(input.get("entity_name"), input.get("project_name"), write=True)
    sweep = project.sweeps.get(input["sweep"])
    if sweep is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"sweep {input['sweep']} not found")
    return {"agent": context.store.add_agent(sweep, input["host"], context.now)}


@mutation.field("agentHeartbeat")
def resolve_agent_heartbeat(_: object, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Accept an agent's report of its live runs, and answer its next commands."""
    context = info.context
    agent = context.store.agent_by_id(input["id"])
    if agent is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"agent {input['id']} not found")
    context.emulation.doorkeeper.require(context.user, agent.sweep.project.entity, write=True)
    agent.heartbeat_at = context.now
    states = read_json(input.get("run_state"))
    alive = [name for name, lives in states.items() if lives] if isinstance(states, dict) else []
    _mark_killed(context, agent, alive)
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
    scheduling.follow_controller(context, sweep)
    if sweep.state in {"RUNNING", "PENDING"}:
        command = scheduling.next_command(context, agent)
        if command is not None:
            return [command]
        if not scheduling.is_searched_by_server(read_config(sweep)):
            return []
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


def _mark_killed(context: Context, agent: Agent, alive: list[str]) -> None:
    """Mark those of the agent's runs as killed that were stopped and whose process has ended."""
    for name in agent.run_names:
        run = agent.sweep.runs.get(name)
        if run is not None and run.stopped and run.exit_code is None and name not in alive:
            run.state = "killed"
            context.store.changed(run)


def _dismiss(context: Context, agent: Agent) -> None:
    """End the agent's work; the sweep is finished once no other agent works."""
    agent.done = True
    sweep = agent.sweep
    if sweep.state == "RUNNING" and not any(_is_working(context, a) for a in sweep.agents.values()):
        sweep.state = "FINISHED"
        sweep.updated_at = context.now
        context.store.changed(sweep)


def _is_working(context: Context, agent: Agent) -> bool:
    silence = (context.now - agent.heartbeat_at).total_seconds()
    return not agent.done and silence <= context.settings.crash_after


BINDABLES = (mutation,)
