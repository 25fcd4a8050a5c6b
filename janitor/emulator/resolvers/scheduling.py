"""Which run an agent gets next.

In this order: a preempted run again, a run that a client enqueued or a local controller scheduled,
and a suggestion of the server's own search. The last is left out for ``method: custom`` and for
``controller: {type: local}``: there, a client decides.

The local controller (``wandb.controller()``) and the server share two JSON texts of the sweep::

    controller   {"schedule": [{"id": …, "data": {"args": {…}}}], "earlystop": [run name, …]}
    scheduler    {"scheduled": [{"id": …, "runid": run name}]}

The client writes the first, the server answers in the second. ``"args": null`` means that the
search is over.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from janitor.emulator.changes import config_text
from janitor.emulator.records import read_json
from janitor.emulator.resolvers.sweeps import read_config
from janitor.emulator.store import new_name
from janitor.emulator.suggestions import suggest

if TYPE_CHECKING:
    from janitor.emulator.emulation import Context
    from janitor.emulator.records import Agent, Run, Sweep

Command = dict[str, Any]


def is_searched_by_server(config: dict[str, Any]) -> bool:
    """Whether the server suggests the sweep's runs."""
    controller = config.get("controller")
    is_local = isinstance(controller, dict) and controller.get("type") == "local"
    return config.get("method") != "custom" and not is_local


def next_command(context: Context, agent: Agent) -> Command | None:
    """The command that starts the agent's next run, or None."""
    sweep = agent.sweep
    config = read_config(sweep)
    preempted = _preempted(context, sweep)
    if preempted is not None:
        return _hand_out(context, agent, preempted, config, "resume")
    while sweep.queue:
        run = sweep.runs.get(sweep.queue.pop(0))
        if run is not None and run.state == "pending":
            return _hand_out(context, agent, run, config, "run")
    if not is_searched_by_server(config):
        return None
    suggestion = suggest(config, sweep.suggested, sweep.name)
    if suggestion is None:
        return None
    run = add_pending_run(context, sweep, suggestion)
    return _hand_out(context, agent, run, config, "run")


def add_pending_run(
    context: Context, sweep: Sweep, values: dict[str, Any], display_name: str | None = None
) -> Run:
    """Make a run of the sweep that waits for its process."""
    sweep.suggested += 1
    run = context.store.add_run(sweep.project, new_name(), context.now)
    run.display_name = display_name or f"{sweep.name}-{sweep.suggested}"
    run.user = context.user.name
    run.state = "pending"
    run.config_text = config_text(values)
    context.store.put_in_sweep(run, sweep)
    context.store.changed(sweep)
    return run


def follow_controller(context: Context, sweep: Sweep) -> None:
    """Do what the sweep's local controller wrote."""
    controller = _object(sweep.controller)
    for name in _list(controller.get("earlystop")):
        run = sweep.runs.get(name) if isinstance(name, str) else None
        if run is not None and not run.stopped and run.exit_code is None:
            run.stopped = True
            context.store.changed(run)
    for entry in _list(controller.get("schedule")):
        if isinstance(entry, dict):
            _schedule(context, sweep, entry)


def _schedule(context: Context, sweep: Sweep, entry: dict[str, Any]) -> None:
    """Make the run of an entry, unless that was done already."""
    scheduler = _object(sweep.scheduler)
    scheduled = _list(scheduler.get("scheduled"))
    if any(isinstance(other, dict) and other.get("id") == entry.get("id") for other in scheduled):
        return
    data = entry.get("data")
    if not isinstance(data, dict) or "args" not in data:
        return
    if isinstance(data["args"], dict):
        run = add_pending_run(context, sweep, data["args"])
        sweep.queue.append(run.name)
        scheduled.append({"id": entry.get("id"), "runid": run.name})
        sweep.scheduler = json.dumps(scheduler | {"scheduled": scheduled})
    elif data["args"] is None and not sweep.queue and sweep.state in {"PENDING", "RUNNING"}:
        sweep.state = "FINISHED"
    context.store.changed(sweep)


def _hand_out(
    context: Context, agent: Agent, run: Run, config: dict[str, Any], kind: str
) -> Command:
    run.state = "pending"
    agent.sweep.state = "RUNNING"
    if run.name not in agent.run_names:
        agent.run_names.append(run.name)
    context.store.changed(run)
    context.store.changed(agent.sweep)
    own = _object(run.config_text)
    arguments = {key: value for key, value in own.items() if key != "_wandb"}
    program = config.get("program")
    return {"type": kind, "run_id": run.name, "args": arguments, "program": program}


def _preempted(context: Context, sweep: Sweep) -> Run | None:
    for run in sweep.runs.values():
        if run.state_at(context.now, context.settings.crash_after) == "preempted":
            return run
    return None


def _object(text: str | None) -> dict[str, Any]:
    value = read_json(text)
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []
