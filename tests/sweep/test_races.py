"""Moments at which a job begins or ends while a step looks at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from janitor.model.jobs import JobHandle, JobObservation
from janitor.sweep.dispatchers import LocalDispatcher
from tests.sweep.stepping import Stepping, wait_for

ONE = """\
method: grid
command: [sh, trial.sh]
metric: {name: score}
parameters: {x: {values: [1]}}
janitor: {collect: stdout}
"""


class Meanwhile(LocalDispatcher):
    """A dispatcher during whose look something happens: before it, or after it."""

    def __init__(
        self, root: Path, *, before: Callable[[], None] | None, after: Callable[[], None] | None
    ) -> None:
        super().__init__(root)
        self._before, self._after = before, after

    def observe(self, jobs: Sequence[JobHandle]) -> Mapping[str, JobObservation]:
        if self._before is not None and jobs:
            self._before()
            self._before = None
        found = super().observe(jobs)
        if self._after is not None and jobs:
            self._after()
            self._after = None
        return found


def test_a_job_that_ends_during_a_look_is_not_lost(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, ONE)
    sweep.step()
    run = sweep.store.folder / "runs" / "sweep-0000"
    wait_for(run / "a1" / "claim.json")

    def end() -> None:
        sweep.release("sweep-0000.train.a1")

    sweep.step(Meanwhile(tmp_path / ".janitor", before=end, after=None))

    (job,) = sweep.ledger().trials["sweep-0000"].trainings
    assert job.ended is not None
    assert job.ended.ending == "ok"
    assert not (run / "a2").exists()


def test_a_job_that_begins_during_a_look_is_not_lost(tmp_path: Path) -> None:
    sweep = Stepping.start(tmp_path, ONE)
    os.waitpid(sweep.step_apart("after-decisions"), 0)
    run = sweep.store.folder / "runs" / "sweep-0000"

    def begin() -> None:
        sweep.step()
        wait_for(run / "a1" / "claim.json")

    sweep.step(Meanwhile(tmp_path / ".janitor", before=None, after=begin))

    (job,) = sweep.ledger().trials["sweep-0000"].trainings
    assert job.ended is None
    sweep.release("sweep-0000.train.a1")
    sweep.step()
    assert sweep.trained() == ["sweep-0000.train.a1"]
