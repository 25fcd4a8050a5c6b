"""What the contract is held against: stores, the worlds behind them, and words to set them up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from janitor.emulator import Emulator
from janitor.emulator.clock import parse_time
from janitor.model import AnyTarget, RunInfo, RunPage, Target, TargetKind, WandbState
from janitor.model.ports import Store
from janitor.stores.retrying import RetryingStore
from tests.support.memory_store import MemoryStore

PROJECT = "acme/rl"
SWEEP = Target(TargetKind.SWEEP, "acme", "rl", "s1")
GROUP = Target(TargetKind.GROUP, "acme", "rl", "g1")
WHOLE_PROJECT = Target(TargetKind.PROJECT, "acme", "rl")
RUNNING = {"protein.state": "running"}


class World(Protocol):
    """What lies behind a store, to be set up and looked at past it."""

    def add(self, *runs: dict[str, Any]) -> None:
        """Make runs, in the words of the emulator's seed."""

    def summary(self, path: str) -> Any:
        """What a run's summary is now."""

    def put_summary(self, path: str, text: str) -> None:
        """Another writer replaces a run's summary, as text."""

    def empty(self) -> AnyTarget:
        """A target that is there, and holds no run."""


@dataclass(frozen=True)
class Backend:
    """A store, the world behind it, and where that has what :func:`a_run` describes."""

    store: Store
    world: World
    page_size: int
    """How many runs the store hands out at once."""
    odd_name: str = 'r "1" {ä} \\ $x'
    """The oddest name that a run may have there."""

    def target(self, sweep: str = "s1", project: str = PROJECT) -> AnyTarget:
        """A sweep."""
        entity, name = project.split("/")
        return Target(TargetKind.SWEEP, entity, name, sweep)

    def path(self, name: str, project: str = PROJECT) -> str:
        """The path of a run of the sweep s1."""
        return f"{project}/{name}"


def asked_again(backend: Backend) -> Backend:
    """The same, behind the wrapper that asks again."""
    store = RetryingStore(backend.store, sleep=lambda _: None, should_stop=lambda: False)
    return replace(backend, store=store)


def a_run(name: str, **more: Any) -> dict[str, Any]:
    """A run of the sweep s1."""
    return {"project": PROJECT, "name": name, "sweep": "s1", "state": "running", **more}


def runs_in_order(count: int) -> list[dict[str, Any]]:
    """Runs r000, r001, …, the oldest first, handed over in another order."""
    made = [a_run(f"r{number:03}", created_at=f"-{count - number}m") for number in range(count)]
    return made[1::2] + made[::2]


def pages(store: Store, target: AnyTarget) -> Iterator[RunPage]:
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
    return [run.name for run in runs]


def read(store: Store, path: str) -> RunInfo:
    """One run, whole."""
    found = store.fetch_summaries([path])[path]
    assert isinstance(found, RunInfo), found
    return found


def same_json(left: Any, right: Any) -> bool:
    """Whether two values have the same JSON text: NaN is NaN, and 1 is not 1.0."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def seeded(run: dict[str, Any]) -> RunInfo:
    """A run in the words of the emulator's seed, as a store reads it."""
    entity, project = run["project"].split("/")
    return RunInfo(
        entity=entity,
        project=project,
        id=run["name"],
        storage_id=run["name"],
        name=run.get("display_name", run["name"]),
        wandb_state=WandbState(run.get("state", "finished")),
        summary=run.get("summary", {}),
        sweep=run.get("sweep"),
        group=run.get("group"),
        tags=tuple(run.get("tags", ())),
        created_at=run.get("created_at"),
        heartbeat_at=run.get("heartbeat_at"),
        history_lines=run.get("history_line_count", 0),
    )


class RememberedWorld:
    """The runs of a store in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def add(self, *runs: dict[str, Any]) -> None:
        """Make runs, the oldest first."""
        now = datetime.now(UTC)
        for run in sorted(runs, key=lambda run: parse_time(run.get("created_at", "-0s"), now)):
            self._add(run)

    def _add(self, run: dict[str, Any]) -> None:
        info = seeded(run)
        self.store.add(info)
        if "summary_text" in run:
            self.put_summary(info.path, run["summary_text"])
        for text in run.get("files", {}).values():
            self.store.uploads[info.path] = (json.loads(text), "2026-03-01T11:00:00Z")

    def summary(self, path: str) -> Any:
        """What a run's summary is now."""
        return self.store.summary(path)

    def put_summary(self, path: str, text: str) -> None:
        """Another writer replaces a run's summary."""
        self.store.put_text(path, text)

    def empty(self) -> AnyTarget:
        """A group that no run names."""
        return GROUP


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

    def put_summary(self, path: str, text: str) -> None:
        """Another writer replaces a run's summary."""
        self.emulator.change(path, summary_text=text)

    def empty(self) -> AnyTarget:
        """A group that no run names."""
        return GROUP
