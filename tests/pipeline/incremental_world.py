"""A world of runs over which incremental passes go, and what can happen in it between passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from janitor.config.table import StandDownLimits
from janitor.model import RunInfo
from janitor.pipeline.context import Guards
from janitor.pipeline.history import Past
from janitor.pipeline.incremental import Memory, policy_digest
from janitor.pipeline.run_index import FILE_NAME, RunIndex
from janitor.records.journal import journals
from janitor.records.report import Report
from tests.support.part_store import PartStore
from tests.support.passes import Scene
from tests.support.run_samples import DAY, HOUR, ago, flat, make_run

UNGUARDED = Guards(stand_down=StandDownLimits(enabled=False))
"""The guards weigh all open runs of a pass together; here each run is looked at on its own."""


@dataclass(slots=True)
class World:
    """A store, its passes, and their index."""

    folder: Path
    full_every: timedelta = DAY
    scene: Scene = field(init=False)
    store: PartStore = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        self.store = PartStore()
        self.scene = Scene(self.folder, self.store, guards=UNGUARDED)

    def run_pass(
        self, *, full: bool = False, dry_run: bool = False, version: str = "1", page_size: int = 1
    ) -> Report:
        """A pass; one page of it holds so few runs that each target counts as large."""
        past = Past()
        past.add_journals(journals(self.folder))
        if full:
            return self.scene.fix(dry_run=dry_run, past=past)
        self.folder.mkdir(exist_ok=True, mode=0o700)
        index = RunIndex(self.folder / FILE_NAME, read_only=dry_run)
        since = self.store.active_since
        memory = Memory(
            index,
            self.store,
            "https://wandb.test",
            policy_digest(self.scene.policy, version),
            self.full_every,
            self.scene.clock.now(),
            past.written_at(),
            None if since is None else int(since.timestamp()),
            page_size,
        )
        try:
            return self.scene.fix(dry_run=dry_run, past=past, memory=memory)
        finally:
            index.close()

    def states(self) -> dict[str, object]:
        """The state of each run by its own summary."""
        return {path: self.store.summary(path).get("protein.state") for path in self.store.paths()}

    def add(self, *runs: RunInfo) -> None:
        self.store.add(*runs)

    def add_done(self, count: int, **more: object) -> None:
        """Runs that are over, long ago."""
        for _ in range(count):
            self.made += 1
            summary = flat("success", objective=0.5)
            given = {"id": f"done{self.made}", **more}
            self.add(make_run(summary, "finished", 5 * HOUR, **given))


@dataclass(slots=True)
class History:
    """What happens to the runs of a world: their own processes, W&B, people. Seeded."""

    world: World
    random: Random

    def begin(self) -> None:
        self.world.add_done(self.random.randrange(6, 14))
        for _ in range(self.random.randrange(4)):
            self._create()

    def happen(self, *, edits: bool) -> None:
        """A few events, and some time."""
        for _ in range(self.random.randrange(5)):
            events = [self._create, self._log, self._log, self._end, self._fall_silent, self._move]
            events += [self._delete, self._record_late]
            if edits:
                events += [self._edit, self._edit]
            self.random.choice(events)()
        minutes = self.random.choice([1, 5, 14, 15, 16, 31, 45, 90])
        self.world.scene.clock.move(timedelta(minutes=minutes))

    def _path(self) -> str | None:
        paths = self.world.store.paths()
        return self.random.choice(paths) if paths else None

    def _now(self, age: timedelta = timedelta(0)) -> str:
        return ago(age, self.world.scene.clock.now())

    def _create(self) -> None:
        world = self.world
        world.made += 1
        state = self.random.choice(["running", "initializing", "evaluating"])
        beat = self.random.choice([None, self._now()])
        world.add(
            make_run(
                flat(state),
                self.random.choice(["running", "pending"]),
                id=f"r{world.made}",
                created_at=self._now(),
                heartbeat_at=beat,
            )
        )

    def _log(self) -> None:
        """Its process logs: a live one, or one that resumed the run."""
        if (path := self._path()) is None:
            return
        summary = self.world.store.summary(path)
        if self.random.random() < 0.3:
            summary["protein.objective"] = 0.7
        if self.random.random() < 0.3:
            summary["protein.state"] = "running"
        self.world.store.change(path, summary, wandb_state="running", heartbeat_at=self._now())

    def _end(self) -> None:
        if (path := self._path()) is None:
            return
        summary = self.world.store.summary(path)
        word = self.random.choice(["finished", "failed", "crashed", "killed"])
        if word == "finished" and self.random.random() < 0.7:
            summary |= {"protein.state": "success", "protein.objective": 0.5}
        self.world.store.change(path, summary, wandb_state=word, heartbeat_at=self._now())

    def _fall_silent(self) -> None:
        """W&B calls a run crashed whose last heartbeat is old."""
        if paths := self.world.store.paths("running"):
            self.world.store.change(self.random.choice(paths), wandb_state="crashed")

    def _move(self) -> None:
        """A run leaves the sweep, or comes into it."""
        if (path := self._path()) is not None:
            self.world.store.change(path, sweep=self.random.choice(["s1", "s2"]))

    def _delete(self) -> None:
        if (path := self._path()) is not None:
            self.world.store.remove(path)

    def _record_late(self) -> None:
        """An evaluation records an objective through the API: no heartbeat."""
        if (path := self._path()) is not None:
            summary = self.world.store.summary(path) | {"protein.objective": 0.9}
            self.world.store.change(path, summary)

    def _edit(self) -> None:
        """Somebody sets a state through the API: no heartbeat."""
        if (path := self._path()) is not None:
            word = self.random.choice(["running", "success", "failure", "cancelled"])
            summary = self.world.store.summary(path) | {"protein.state": word}
            self.world.store.change(path, summary)
