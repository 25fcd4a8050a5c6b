"""Branches of runs: a fork continues another run's history, a rewind goes back in a run's own.

The config that the SDK sends for a new run states where a fork starts (``_wandb.branch_point``:
``run_id`` and ``step``, the last step to keep); the SDK logs from the next step on. For a rewind it
sends ``rewindRun``; the message for a live run is W&B's own (wandb#10438).
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ariadne import MutationType

from janitor.emulator.access import RefusedError
from janitor.emulator.records import ENDED_STATES, Run, read_json, step_of

if TYPE_CHECKING:
    from janitor.emulator.emulation import Info

mutation = MutationType()


@mutation.field("rewindRun")
def resolve_rewind(_: object, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Cut a run's history after a step, and set its summary to what it was then."""
    context = info.context
    run = context.named_run(input)
    if input["metric_name"] != "_step":
        raise RefusedError(HTTPStatus.BAD_REQUEST, "rewind only supports the metric _step")
    if context.emulation.state_of(run) not in ENDED_STATES:
        message = "cannot rewind a run that is not in a terminal state"
        raise RefusedError(HTTPStatus.BAD_REQUEST, message)
    last = input["metric_value"]
    run.inherited = _until(run.inherited, last)
    run.history = _until(run.history, last)
    run.history_keys = None
    run.set_summary(_summary(run.rows))
    run.client_summary_text = run.summary_text
    context.store.rewritten(run)
    return {"rewound_run": run, "client_mutation_id": input.get("client_mutation_id")}


def inherit(run: Run) -> None:
    """Give a new run the history of the run that its config names as its origin, if any."""
    config = read_json(run.config_text)
    own = config.get("_wandb") if isinstance(config, dict) else None
    value = own.get("value") if isinstance(own, dict) else None
    point = value.get("branch_point") if isinstance(value, dict) else None
    if not isinstance(point, dict):
        return
    origin, step = run.project.runs.get(str(point.get("run_id"))), point.get("step")
    if origin is not None and origin is not run and isinstance(step, int | float):
        run.inherited = _until(origin.rows, step)


def _until(lines: list[str], last: float) -> list[str]:
    """The lines of the steps up to the last one."""
    rows = ((line, read_json(line)) for line in lines)
    return [
        line
        for number, (line, row) in enumerate(rows)
        if isinstance(row, dict) and step_of(row, number) <= last
    ]


def _summary(lines: list[str]) -> str:
    """The last value of each key."""
    summary: dict[str, Any] = {}
    for line in lines:
        row = read_json(line)
        summary |= row if isinstance(row, dict) else {}
    return json.dumps(summary)


BINDABLES = (mutation,)
