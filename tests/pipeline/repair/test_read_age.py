"""No write rests on an old read, whatever makes it old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from janitor.errors import StoreError, TransientError
from janitor.model import Outcome, RunInfo
from janitor.pipeline.journal_writer import PassJournal
from janitor.pipeline.repair import repair
from janitor.pipeline.repair.read_age import ReadAge
from tests.support.memory_store import MemoryStore, once
from tests.support.passes import FAILED, PATH, SILENT, Scene, only, outcomes
from tests.support.run_samples import NOW, StillClock, ago, flat, make_run


@dataclass(slots=True)
class SlowStore(MemoryStore):
    """A server that takes its time for reads; each is answered with what it finds at first."""

    clock: StillClock = field(default_factory=StillClock)
    read_takes: list[float] = field(default_factory=list)
    """Seconds of each read; the last one is that of all that follow."""
    after_read: list[Any] = field(default_factory=list)

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        found = super(SlowStore, self).fetch_summaries(paths)
        if self.read_takes:
            seconds = self.read_takes.pop(0) if len(self.read_takes) > 1 else self.read_takes[0]
            self.clock.move(timedelta(seconds=seconds))
        for hook in self.after_read:
            hook()
        return found


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    clock = StillClock()
    age = ReadAge(count=lambda: clock.now().timestamp())
    return Scene(tmp_path, store=SlowStore(clock=clock), clock=clock, read_age=age)


def store_of(scene: Scene) -> SlowStore:
    assert isinstance(scene.store, SlowStore)
    return scene.store


def runs_of(count: int, wandb: str = "failed") -> list[RunInfo]:
    return [make_run(wandb=wandb, id=f"r{number:02}") for number in range(count)]


def all_live(scene: Scene, runs: Sequence[RunInfo]) -> None:
    """While the pass is stopped for 40 minutes, every run is requeued and logs."""
    scene.clock.move(timedelta(minutes=40))
    for run in runs:
        scene.store.change(
            run.path,
            flat() | {"loss": 0.1},
            wandb_state="running",
            heartbeat_at=ago(timedelta(0), scene.clock.now()),
            history_lines=20,
        )


@pytest.mark.parametrize("wandb", ["failed", "running"])
def test_a_pass_stopped_between_read_and_write_writes_no_stale_verdict(
    scene: Scene, wandb: str
) -> None:
    runs = runs_of(56, wandb)
    scene.store.add(*runs)
    store_of(scene).after_read.append(once(lambda: all_live(scene, runs)))
    results = scene.repair(*runs)
    assert outcomes(results) == ["superseded"] * 56
    assert scene.store.writes == []


class SlowDisk(PassJournal):
    """A journal whose intents take time to reach the disk."""

    stop: Any = None

    def intend(self, *given: Any, **more: Any) -> None:
        super().intend(*given, **more)
        self.stop()


def repaired_on_a_slow_disk(scene: Scene, stop: Any, *runs: RunInfo) -> list[Any]:
    journal = SlowDisk(scene.folder, scene.clock, command="fix", namespace="protein")
    journal.stop = stop
    try:
        return list(repair(scene.proposals(*runs), scene.writer(journal)))
    finally:
        journal.close()


def test_a_pass_stopped_while_it_journals_writes_no_stale_verdict(scene: Scene) -> None:
    scene.store.add(FAILED)
    stop = once(lambda: all_live(scene, [FAILED]))
    result = only(repaired_on_a_slow_disk(scene, stop, FAILED))
    assert result.outcome is Outcome.SUPERSEDED
    assert scene.store.writes == []
    (write,) = scene.journaled().writes
    assert (write.outcome, write.error) == ("failed", "not sent")


def test_a_disk_that_is_always_too_slow_is_named(scene: Scene) -> None:
    scene.store.add(FAILED)
    slow = lambda: scene.clock.move(timedelta(seconds=3))  # noqa: E731 - a step of the test
    result = only(repaired_on_a_slow_disk(scene, slow, FAILED))
    assert (result.outcome, result.attempt) == (Outcome.FAILED, None)
    assert "each of 4 fresh reads was older than 2 s" in str(result.error)
    assert "max_read_age" in str(result.error)
    assert scene.store.writes == []


def test_a_read_that_the_store_had_to_retry_for_long_is_read_again(scene: Scene) -> None:
    scene.store.add(FAILED)
    store_of(scene).read_takes = [25.0, 0.1]
    assert only(scene.repair(FAILED)).outcome is Outcome.WRITTEN
    assert scene.store.reads == [(PATH,)] * 3


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(1.9, "written"), (4.9, "written"), (11, "failed")]
)
def test_a_slow_server_is_given_two_round_trips_but_no_more_than_ten_seconds(
    scene: Scene, seconds: float, outcome: str
) -> None:
    scene.store.add(FAILED)
    store_of(scene).read_takes = [seconds]
    assert outcomes(scene.repair(FAILED)) == [outcome]


def test_one_slow_read_is_not_a_measure_of_the_server(scene: Scene) -> None:
    scene.store.add(SILENT)
    store_of(scene).read_takes = [9.0, 0.1]
    result = only(scene.repair(SILENT))
    assert result.outcome is Outcome.WRITTEN
    assert len(scene.store.reads) == 3
    assert result.attempt is not None
    assert result.attempt.window is not None
    assert result.attempt.window < 1


def test_each_attempt_rests_on_a_read_of_its_own(scene: Scene) -> None:
    scene.store.add(FAILED)

    def fail_late(_: str) -> None:
        scene.clock.move(timedelta(seconds=20))
        raise TransientError("no answer in time")

    scene.store.before_write.append(once(fail_late))
    result = only(scene.repair(FAILED))
    assert result.outcome is Outcome.WRITTEN
    assert result.attempt is not None
    assert result.attempt.window is not None
    assert result.attempt.window < 1


def test_keys_are_put_back_on_a_fresh_read_only(scene: Scene) -> None:
    last = (NOW - timedelta(hours=2)).timestamp()
    run = make_run(flat() | {"loss": 0.5, "_timestamp": last})
    scene.store.add(run)
    own = flat(objective=1) | {"loss": 0.1, "_timestamp": last + 10}

    def end(path: str) -> None:
        scene.store.change(path, own, wandb_state="finished", history_lines=11)
        scene.store.uploads[path] = (own, ago(timedelta(seconds=-1)))
        scene.store.last_rows[path] = {"loss": 0.1, "_timestamp": last + 10}

    scene.store.before_write.append(once(end))
    stopped: list[float] = [0.1, 0.1, 2400.0, 0.1]
    store_of(scene).read_takes = stopped
    result = only(scene.repair(run))
    assert "put back" in str(result.error)
    assert scene.store.summary(PATH)["loss"] == 0.1
    assert len(scene.store.writes) == 2
    assert len(scene.store.reads) == 5


def test_a_suspension_counts_by_the_clock_of_the_machine() -> None:
    moments = iter([100.0, 100.0, 2500.0])
    age = ReadAge(count=lambda: next(moments))
    began = age.now()
    assert not age.is_too_old(began)
    assert age.is_too_old(began)
