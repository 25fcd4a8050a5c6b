"""Reading runs."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ariadne import ObjectType

from janitor.emulator import summary
from janitor.emulator.clock import format_time
from janitor.emulator.history import rows_by_step
from janitor.emulator.records import read_json
from janitor.emulator.resolvers.history import strict_value
from janitor.emulator.resolvers.people import user_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from janitor.emulator.emulation import Info
    from janitor.emulator.records import Run

run_type = ObjectType("Run")
edge_type = ObjectType("RunEdge")


@run_type.field("state")
def resolve_state(run: Run, info: Info) -> str:
    """The run's W&B state: a live run that fell silent is crashed."""
    context = info.context
    return run.state_at(context.now, context.settings.crash_after)


def _is_in_state(*states: str) -> Callable[[Run, Info], bool]:
    return lambda run, info: resolve_state(run, info) in states


@run_type.field("summaryMetrics")
def resolve_summary(run: Run, info: Info, keys: list[str] | None = None) -> str | None:
    """The summary, or some of its keys."""
    return summary.select(run, keys, info.context.settings.summary_keys)


@run_type.field("wandbConfig")
def resolve_wandb_config(run: Run, _info: Info, keys: list[str] | None = None) -> str:
    """The SDK's own part of the config; its key ``t`` means that the run started."""
    config = read_json(run.config_text)
    entry = config.get("_wandb") if isinstance(config, dict) else None
    inner = entry.get("value") if isinstance(entry, dict) else None
    found = inner if isinstance(inner, dict) else {}
    return json.dumps(found if keys is None else {k: v for k, v in found.items() if k in keys})


@run_type.field("createdAt")
def resolve_created_at(run: Run, _info: Info) -> str:
    """When the run was created."""
    return run.created_at_text or format_time(run.created_at)


@run_type.field("heartbeatAt")
def resolve_heartbeat_at(run: Run, _info: Info) -> str | None:
    """The run's last heartbeat, or null."""
    if run.heartbeat_at_text is not None:
        return run.heartbeat_at_text
    return format_time(run.heartbeat_at) if run.heartbeat_at else None


@run_type.field("historyKeys")
def resolve_history_keys(run: Run, _info: Info) -> dict[str, Any] | None:
    """The last step, and how often each key was logged; null if nothing was logged."""
    if run.history_keys is None and run.rows:
        run.history_keys = _history_keys(run.rows)
    return run.history_keys


def _history_keys(lines: list[str]) -> dict[str, Any] | None:
    counts: dict[str, Counter[str]] = {}
    latest: dict[str, Any] = {}
    last_step = 0
    for step, row in rows_by_step(lines):
        last_step = step
        latest |= row
        for key, value in row.items():
            counts.setdefault(key, Counter())[_kind(value)] += 1
    if not counts:
        return None
    keys = {
        key: {
            "typeCounts": [{"type": kind, "count": count} for kind, count in kinds.items()],
            "monotonic": False,
            "previousValue": strict_value(latest[key]),
        }
        for key, kinds in counts.items()
    }
    return {"lastStep": last_step, "sets": [], "keys": keys}


def _kind(value: Any) -> str:
    """A value's type in W&B's terms."""
    match value:
        case int() | float():
            return "number"
        case str():
            return "string"
        case _:
            return "map" if isinstance(value, dict) else "unknown"


for name, read in {
    "id": lambda run: run.id,
    "name": lambda run: run.name,
    "displayName": lambda run: run.display_name,
    "projectId": lambda run: run.project.number,
    "sweepName": lambda run: run.sweep.name if run.sweep else None,
    "group": lambda run: run.group,
    "tags": lambda run: run.tags,
    "historyLineCount": lambda run: run.history_line_count,
    "readOnly": lambda _run: False,
    "user": lambda run: user_record(run.user),
    "exitcode": lambda run: run.exit_code,
    "shouldStop": lambda run: run.stopped,
    "config": lambda run: run.config_text,
    "systemMetrics": lambda run: run.events[-1] if run.events else "{}",
}.items():
    run_type.set_field(name, lambda run, _info, read=read: read(run))
run_type.set_field("running", _is_in_state("running"))
run_type.set_field("failed", _is_in_state("failed", "crashed"))
edge_type.set_field("node", lambda edge, _info: edge.node)
edge_type.set_field("cursor", lambda edge, _info: edge.cursor)

BINDABLES = (run_type, edge_type)
