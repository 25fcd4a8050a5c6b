"""Own rules: a team's expressions over an open run, asked after all built-in rules.

An expression reads ``run``, whose fields are listed in :data:`FIELDS`, and ``now``. A field that a
run does not have is null: it equals only null, and comparing its order is an error. So is a key
that is missing in the summary (``has(run.summary.loss)`` checks for it). An error, and an
expression that takes too much, holds the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from janitor.model import Change, Hold, OwnRule, Policy, RunInfo, Silent
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT
from janitor.rules.custom.cel import ExpressionError, compiled
from janitor.rules.custom.names import summary_keys
from janitor.rules.custom.operators import kind_of
from janitor.rules.reading import Reading

FIELDS: Final[Mapping[str, str]] = {
    "id": "text: the last part of the run's path",
    "path": "text: ENTITY/PROJECT/RUN",
    "name": "text: the display name",
    "entity": "text",
    "project": "text",
    "sweep": "text, or null if the run belongs to none",
    "group": "text, or null",
    "tags": "list of texts",
    "wandb_state": "text: W&B's state (running, finished, crashed, …)",
    "ended": "truth value: whether W&B says that the run's process has ended",
    "state": "text: our state (initializing, running or evaluating)",
    "age": "duration since the last sign of life, without known outages; null if there was none",
    "last_alive": "time of the last sign of life, or null",
    "created_at": "time, or null if it cannot be read",
    "heartbeat_at": "time of W&B's last heartbeat, or null",
    "history_lines": "number of steps logged, or null",
    "objective": "any value, or null if none is recorded",
    "summary": 'map: run.summary.loss, run.summary["val/loss"]; keys by name only',
}
"""The fields of ``run``, and the kind of value of each."""


def facts(reading: Reading, keys: Sequence[str]) -> dict[str, Any]:
    """The values of the names in an expression, with these keys of the run's summary."""
    run, vitals = reading.run, reading.vitals
    return {
        "now": vitals.now,
        "run": {
            **_identity(run),
            "wandb_state": str(run.wandb_state),
            "ended": run.wandb_state.has_ended,
            "state": reading.state.value,
            "age": vitals.silence,
            "last_alive": vitals.last_alive,
            "created_at": vitals.created_at,
            "heartbeat_at": parse_time(run.heartbeat_at),
            "history_lines": run.history_lines,
            "objective": None if reading.objective is ABSENT else reading.objective,
            "summary": {key: run.summary[key] for key in keys if key in run.summary},
        },
    }


def _identity(run: RunInfo) -> dict[str, Any]:
    return {
        "id": run.id,
        "path": run.path,
        "name": run.name,
        "entity": run.entity,
        "project": run.project,
        "sweep": run.sweep,
        "group": run.group,
        "tags": run.tags,
    }


def judge(rule: OwnRule, reading: Reading, _: Policy) -> Change | Hold | Silent:
    """The change of the rule if its expression is true; held if it has no value."""
    try:
        expression = compiled(rule.when)
        value = expression.evaluate(facts(reading, summary_keys(rule.when)))
        kind = kind_of(value)
    except ExpressionError as error:
        return Hold(rule.id, f"the rule cannot judge this run: {error}")
    if kind != "a truth value":
        return Hold(rule.id, f"the rule cannot judge this run: it gives {kind}")
    return Change(rule.id, rule.becomes, rule.reason) if value else Silent("its condition is false")
