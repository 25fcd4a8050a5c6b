"""What the contract is held against: stores, the worlds behind them, and words to set them up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from janitor.emulator import Emulator
from janitor.model import RunInfo, RunPage, Target, TargetKind
from janitor.ports import Store

PROJECT = "acme/rl"
SWEEP = Target(TargetKind.SWEEP, "acme", "rl", "s1")
GROUP = Target(TargetKind.GROUP, "acme", "rl", "g1")
WHOLE_PROJECT = Target(TargetKind.PROJECT, "acme", "rl")


class World(Protocol):
    """What lies behind a store, to be set up and looked at past it."""

    def add(self, *runs: dict[str, Any]) -> None:
        """Make runs, in the words of the emulator's seed."""

    def summary(self, path: str) -> Any:
        """What a run's summary is now."""

    def put_summary(self, path: str, text: str | None) -> None:
        """Another writer replaces a run's summary, as text."""


@dataclass(frozen=True, slots=True)
class Backend:
    """A store, and the world behind it."""

    store: Store
    world: World
    page_size: int
    """How many runs the store asks for at once."""


def a_run(name: str, **more: Any) -> dict[str, Any]:
    """A run of the sweep s1."""
    return {"project": PROJECT, "name": name, "sweep": "s1", "state": "running", **more}


def runs_in_order(count: int) -> list[dict[str, Any]]:
    """Runs r000, r001, …, the oldest first, handed over in another order."""
    made = [a_run(f"r{number:03}", created_at=f"-{count - number}m") for number in range(count)]
    return made[1::2] + made[::2]


def pages(store: Store, target: Target) -> Iterator[RunPage]:
    """Every page of a target."""
    after: str | None = None
    while True:
        page = store.fetch_runs(target, after)
        yield page
        after = page.after
        if after is None:
            return


def names(runs: Sequence[RunInfo]) -> list[str]:
    """What people call these runs."""
    return [run.id for run in runs]


def read(store: Store, path: str) -> RunInfo:
    """One run, whole."""
    found = store.fetch_summaries([path])[path]
    assert isinstance(found, RunInfo), found
    return found


def same_json(left: Any, right: Any) -> bool:
    """Whether two values have the same JSON text: NaN is NaN, and 1 is not 1.0."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


class EmulatedWorld:
    """An emulated W&B server."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def add(self, *runs: dict[str, Any]) -> None:
        """Make runs."""
        self.emulator.seed(
            {key: value for key, value in run.items() if key != "sweep" or value} for run in runs
        )

    def summary(self, path: str) -> Any:
        """What a run's summary is now."""
        return self.emulator.run(path).summary

    def put_summary(self, path: str, text: str | None) -> None:
        """Another writer replaces a run's summary."""
        self.emulator.change(path, summary_text=text)
