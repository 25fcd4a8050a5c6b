"""Reading sweeps and their agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from ariadne import ObjectType

from janitor.emulator.clock import format_time
from janitor.emulator.fields import find_key
from janitor.emulator.listing import Page, cut_page
from janitor.emulator.records import Agent, Run, Sweep, read_json

if TYPE_CHECKING:
    from janitor.emulator.emulation import Info

_MOST_VALUES = 100_000
sweep_type = ObjectType("Sweep")
agent_type = ObjectType("Agent")


def load_config(text: str) -> Any:
    """The value of a configuration's YAML. Raises YAMLError, ValueError, RecursionError."""
    config = yaml.safe_load(text)
    if _count(config, _MOST_VALUES) <= 0:
        raise ValueError(f"it has more than {_MOST_VALUES} values")
    return config


def _count(value: Any, left: int) -> int:
    """How many of ``left`` values remain; YAML's aliases can make few lines expand to millions."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        left = _count(item, left - 1)
        if left <= 0:
            break
    return left


def read_config(sweep: Sweep) -> dict[str, Any]:
    """The sweep's configuration; empty if it cannot be read."""
    try:
        config = load_config(sweep.config_text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


@sweep_type.field("runs")
def resolve_runs(
    sweep: Sweep,
    info: Info,
    order: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Page[Run]:
    """A page of the sweep's runs."""
    context = info.context
    filters = f'{{"sweep": "{sweep.name}"}}'
    return context.page_of_runs(context.select_runs(sweep.project, filters, order), first, after)


@sweep_type.field("priorRuns")
def resolve_prior_runs(
    sweep: Sweep,
    info: Info,
    first: int | None = None,
    after: str | None = None,
) -> Page[Run]:
    """A page of the runs, of other sweeps or none, that the sweep's search also learns from."""
    context, filters = info.context, sweep.prior_runs_filters
    runs = context.select_runs(sweep.project, filters, None) if filters else []
    return context.page_of_runs(runs, first, after)


@sweep_type.field("bestLoss")
def resolve_best_loss(sweep: Sweep, _info: Info) -> float | None:
    """The best value of the sweep's metric among its runs, or null."""
    found = read_config(sweep).get("metric")
    metric = found if isinstance(found, dict) else {}
    name = metric.get("name")
    if not isinstance(name, str):
        return None
    values = [find_key(read_json(run.summary_text), name.split(".")) for run in sweep.runs.values()]
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    best = max if metric.get("goal") == "maximize" else min
    return best(numbers) if numbers else None


@sweep_type.field("agents")
def resolve_agents(
    sweep: Sweep, _info: Info, first: int | None = None, after: str | None = None
) -> Page[Agent]:
    """A page of the sweep's agents."""
    return cut_page(list(sweep.agents.values()), first, after)


@sweep_type.field("agent")
def resolve_agent(sweep: Sweep, _info: Info, agent_name: str) -> Agent | None:
    """An agent of the sweep, by its name or its storage id, or null."""
    for agent in sweep.agents.values():
        if agent_name in (agent.name, agent.id):
            return agent
    return None


@agent_type.field("runs")
def resolve_agent_runs(
    agent: Agent,
    _info: Info,
    first: int | None = None,
    after: str | None = None,
    **_others: object,
) -> Page[Run]:
    """A page of the runs that the agent got, the oldest first."""
    runs = agent.sweep.runs
    return cut_page([runs[name] for name in agent.run_names if name in runs], first, after)


@agent_type.field("state")
def resolve_agent_state(agent: Agent, info: Info) -> str:
    """RUNNING; FINISHED once it got the command exit; CRASHED once it fell silent."""
    if agent.done:
        return "FINISHED"
    context = info.context
    silence = (context.now - agent.heartbeat_at).total_seconds()
    return "CRASHED" if silence > context.settings.crash_after else "RUNNING"


def _latest_heartbeat(sweep: Sweep) -> str | None:
    beats = [run.heartbeat_at for run in sweep.runs.values() if run.heartbeat_at]
    return format_time(max(beats)) if beats else None


for name, read in {
    "method": lambda sweep: str(read_config(sweep).get("method", "custom")),
    "config": lambda sweep: sweep.config_text,
    "createdAt": lambda sweep: format_time(sweep.created_at),
    "updatedAt": lambda sweep: format_time(sweep.updated_at),
    "heartbeatAt": _latest_heartbeat,
    "earlyStopJobRunning": lambda _sweep: False,
    "controllerRunName": lambda _sweep: None,
    "runCount": lambda sweep: len(sweep.runs),
}.items():
    sweep_type.set_field(name, lambda sweep, _info, read=read: read(sweep))
for name, read in {
    "totalRuns": lambda agent: len(agent.run_names),
    "createdAt": lambda agent: format_time(agent.created_at),
    "heartbeatAt": lambda agent: format_time(agent.heartbeat_at),
}.items():
    agent_type.set_field(name, lambda agent, _info, read=read: read(agent))

BINDABLES = (sweep_type, agent_type)
