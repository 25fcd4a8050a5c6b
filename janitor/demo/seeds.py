"""The prepared runs of the demo: every rule, every reason to hold, both forms of keys.

Their ages differ widely, because runs that fall silent at once look like an outage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from janitor.model import IGNORE_TAG

PROJECT: Final = "demo/digits"
FLAT_SWEEP: Final = "grid"
"""Its runs keep ``protein.state`` as a flat key."""
NESTED_SWEEP: Final = "bayes"
"""Its runs keep ``protein: {state: …}``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """Runs that differ only in their age."""

    name: str
    wandb_state: str
    minutes: tuple[float, ...]
    """How long each run has been silent."""
    state: Any = "running"
    """In the summary; None for runs that the janitor ignores."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Other values under the namespace."""
    other: Mapping[str, Any] = field(default_factory=dict)
    """Other values of the summary."""
    seed: Mapping[str, Any] = field(default_factory=dict)
    """More about the run."""


_REPAIRED: Final = (
    Kind(
        name="never-told",
        wandb_state="finished",
        minutes=(12, 47, 95, 190),
        values={"objective": 0.91},
    ),
    Kind(name="left-open", wandb_state="running", minutes=(75, 400), values={"objective": 0.87}),
    Kind(
        name="diverged",
        wandb_state="finished",
        minutes=(33, 260),
        values={"objective": float("inf")},
    ),
    Kind(name="no-number", wandb_state="finished", minutes=(54,), values={"objective": "n/a"}),
    Kind(name="lost-node", wandb_state="crashed", minutes=(22, 160, 520)),
    Kind(name="preempted", wandb_state="preempted", minutes=(1600,)),
    Kind(name="exit-code", wandb_state="failed", minutes=(40, 310)),
    Kind(name="stopped", wandb_state="killed", minutes=(130,)),
    Kind(name="silent", wandb_state="running", minutes=(64, 210, 900)),
    Kind(name="silent-evaluation", wandb_state="running", minutes=(36,), state="evaluating"),
    Kind(name="no-objective", wandb_state="finished", minutes=(145, 610)),
)

_HELD: Final = (
    Kind(name="training", wandb_state="running", minutes=(0.1, 0.3, 0.5, 0.8, 1.2, 1.7, 2.1)),
    Kind(name="evaluating", wandb_state="running", minutes=(0.6, 12), state="evaluating"),
    Kind(name="about-to-end", wandb_state="running", minutes=(0.4,), values={"objective": 0.83}),
    Kind(name="just-ended", wandb_state="finished", minutes=(3,)),
    Kind(name="queued", wandb_state="pending", minutes=(340,), state="initializing"),
    Kind(name="lost-network", wandb_state="crashed", minutes=(8,)),
    Kind(name="hands-off", wandb_state="crashed", minutes=(280,), seed={"tags": [IGNORE_TAG]}),
    Kind(name="misspelt", wandb_state="finished", minutes=(70,), state="runnign"),
    Kind(name="no-text", wandb_state="finished", minutes=(82,), state=3),
    Kind(
        name="clock-ahead",
        wandb_state="running",
        minutes=(115,),
        seed={"heartbeat_at": "+2h"},
    ),
    Kind(name="torn", wandb_state="finished", minutes=(99,), seed={"summary_text": "[1, 2]"}),
)

_LEFT_ALONE: Final = (
    Kind(name="not-ours", wandb_state="finished", minutes=(20, 200, 2000), state=None),
    Kind(
        name="succeeded",
        wandb_state="finished",
        minutes=(50, 180, 700),
        state="success",
        values={"objective": 0.89},
    ),
    Kind(name="failed", wandb_state="failed", minutes=(66,), state="failure"),
    Kind(name="cancelled", wandb_state="killed", minutes=(240,), state="cancelled"),
)


def sweeps_and_runs(now: datetime, real_sweep: Mapping[str, Any]) -> dict[str, Any]:
    """The seed of the demo's server at this time."""
    numbers = count()
    runs = [run for kind in (*_REPAIRED, *_HELD, *_LEFT_ALONE) for run in _runs(kind, now, numbers)]
    return {
        "defaults": {"project": PROJECT},
        "sweeps": [
            {"name": FLAT_SWEEP, "created_at": "-3d", "config": {"method": "grid"}},
            {"name": NESTED_SWEEP, "created_at": "-3d", "config": {"method": "bayes"}},
            real_sweep,
        ],
        "runs": [*runs, _two_states(), _resurrected(now)],
    }


def _runs(kind: Kind, now: datetime, numbers: Iterator[int]) -> Iterator[dict[str, Any]]:
    """The runs of one kind; every second one is in the sweep with nested keys."""
    for place, minutes in enumerate(kind.minutes, start=1):
        number = next(numbers)
        is_nested = number % 2 == 1
        loss = {"loss": round(2 / (number + 3), 4), "_step": 10 * number}
        last_log = now - timedelta(minutes=minutes)
        ours = {} if kind.state is None else {"state": kind.state, **kind.values}
        yield {
            "name": f"{kind.name}-{place}" if len(kind.minutes) > 1 else kind.name,
            "sweep": NESTED_SWEEP if is_nested else FLAT_SWEEP,
            "state": kind.wandb_state,
            "created_at": f"-{minutes + 60}m",
            "heartbeat_at": f"-{minutes}m",
            "summary": {
                **(nested(ours) if is_nested else flat(ours)),
                **loss,
                **kind.other,
                "_timestamp": last_log.timestamp(),
            },
            "config": {"lr": 0.1 / (number + 1), "batch": 64},
            "history_line_count": 10 * number,
            **kind.seed,
        }


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as flat keys."""
    return {f"protein.{name}": value for name, value in values.items()}


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as an object."""
    return {"protein": dict(values)} if values else {}


def _two_states() -> dict[str, Any]:
    """A run that two versions of a training script wrote to."""
    return {
        "name": "two-states",
        "sweep": FLAT_SWEEP,
        "created_at": "-5h",
        "heartbeat_at": "-4h",
        "summary": {**flat({"state": "running"}), **nested({"state": "success"})},
    }


def _resurrected(now: datetime) -> dict[str, Any]:
    """A run that an earlier pass marked as ended, and whose network came back."""
    marks = {
        "rule": "heartbeat-expired",
        "previous_state": "running",
        "state": "timeout",
        "at": (now - timedelta(hours=2)).isoformat(),
    }
    marked = {"state": "timeout"} | {f"janitor.{name}": mark for name, mark in marks.items()}
    return {
        "name": "back-again",
        "sweep": FLAT_SWEEP,
        "state": "running",
        "created_at": "-6h",
        "heartbeat_at": "-30s",
        "summary": flat(marked),
    }
