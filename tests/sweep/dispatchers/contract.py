"""The contract of dispatchers: one suite that every dispatcher passes on its real backend.

A dispatcher's tests subclass :class:`DispatcherContract` and override ``backend``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from janitor.errors import JobRefusedError
from janitor.model.jobs import (
    JobDefinition,
    JobHandle,
    JobObservation,
    JobPhase,
    JobTypes,
    Resources,
)
from janitor.sweep.ports import Dispatcher

TRAIN, EVAL = JobTypes.LAUNCH_TRAINING, JobTypes.LAUNCH_EVAL
PATIENCE = 60.0
"""Seconds for which a test waits for what must happen."""


class Backend(Protocol):
    """A real backend."""

    def dispatcher(self) -> Dispatcher:
        """A dispatcher that knows nothing of an earlier one, as another process has it."""

    def refused(self, job: JobDefinition) -> Dispatcher | None:
        """A dispatcher whose backend refuses the job for good; None if it refuses nothing."""


def job_in(
    folder: Path, script: str, *, run: str = "s-0000", attempt: int = 1, **fields: Any
) -> JobDefinition:
    """A job that runs a shell script, in a folder of its own."""
    kind = fields.get("kind", TRAIN)
    place = folder / "runs" / run / f"{'eval.' if kind is EVAL else ''}a{attempt}"
    place.mkdir(parents=True, exist_ok=True)
    job = JobDefinition(
        sweep="s",
        run=run,
        attempt=attempt,
        kind=TRAIN,
        command=("sh", "-c", script),
        directory=str(folder),
        folder=str(place),
        collect="stdout",
        metric="score",
        grace=2.0,
    )
    return replace(job, **fields)


def handle_of(job: JobDefinition) -> JobHandle:
    return JobHandle(job.name, job.run, job.attempt, job.kind, job.folder)


def marker_of(job: JobDefinition) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((Path(job.folder) / "exit.json").read_text())
    return document


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, f"not so: {what}"
        time.sleep(0.1)


def observed(dispatcher: Dispatcher, job: JobDefinition) -> JobObservation:
    return dispatcher.observe([handle_of(job)])[job.name]


def wait_for_phase(dispatcher: Dispatcher, job: JobDefinition, phase: JobPhase) -> JobObservation:
    """Look until the job is in a phase."""
    seen: list[JobObservation] = []

    def is_so() -> bool:
        seen.append(observed(dispatcher, job))
        return seen[-1].phase is phase

    wait_until(is_so, f"{job.name} is {phase}")
    return seen[-1]


class DispatcherContract:
    """A dispatcher's tests: subclass it, and override ``backend``."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        """A backend that runs no jobs."""
        raise NotImplementedError

    @pytest.fixture
    def dispatcher(self, backend: Backend) -> Dispatcher:
        return backend.dispatcher()

    def test_a_job_runs_once_and_its_end_is_seen(
        self, backend: Backend, dispatcher: Dispatcher, tmp_path: Path
    ) -> None:
        script = "echo $JANITOR_TRIAL_RUN >> trained; until [ -e go ]; do sleep 0.05; done"
        job = job_in(tmp_path, f"{script}; echo score=3")

        assert dispatcher.dispatch(job)
        assert not dispatcher.dispatch(job)
        wait_for_phase(backend.dispatcher(), job, JobPhase.RUNNING)
        assert not backend.dispatcher().dispatch(job)
        (tmp_path / "go").touch()
        dispatcher.wait([handle_of(job)], PATIENCE)

        assert observed(backend.dispatcher(), job).phase is JobPhase.ENDED
        assert (marker_of(job)["ending"], marker_of(job)["objective"]) == ("ok", 3)
        assert not backend.dispatcher().dispatch(job)
        assert (tmp_path / "trained").read_text() == "s-0000\n"

    def test_of_two_dispatchers_at_once_one_runs_the_job(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        job = job_in(tmp_path, "echo x >> trained; sleep 1")
        started: list[bool] = []
        threads = [
            threading.Thread(target=lambda: started.append(backend.dispatcher().dispatch(job)))
            for _ in range(3)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

        wait_for_phase(backend.dispatcher(), job, JobPhase.ENDED)
        assert any(started)
        assert (tmp_path / "trained").read_text() == "x\n"

    def test_a_job_that_fails_says_so(self, dispatcher: Dispatcher, tmp_path: Path) -> None:
        job = job_in(tmp_path, "exit 3")
        dispatcher.dispatch(job)

        wait_for_phase(dispatcher, job, JobPhase.ENDED)
        assert (marker_of(job)["ending"], marker_of(job)["code"]) == ("failed", 3)

    def test_a_job_gets_its_parameters_and_its_environment(
        self, dispatcher: Dispatcher, tmp_path: Path
    ) -> None:
        script = 'cat "$JANITOR_TRIAL_PARAMS"; echo "$OWN in $PWD"'
        job = job_in(tmp_path, script, params={"lr": 1e-05}, environment={"OWN": "a b"})
        dispatcher.dispatch(job)

        wait_for_phase(dispatcher, job, JobPhase.ENDED)
        text = "".join(path.read_text() for path in dispatcher.logs(handle_of(job)))
        assert json.loads(text.splitlines()[0]) == {"lr": 1e-05}
        assert text.splitlines()[1] == f"a b in {tmp_path}"

    def test_what_was_never_dispatched_is_gone(
        self, dispatcher: Dispatcher, tmp_path: Path
    ) -> None:
        job = job_in(tmp_path, "true")

        assert observed(dispatcher, job).phase is JobPhase.GONE
        assert list(dispatcher.logs(handle_of(job))) == []
        dispatcher.cancel(handle_of(job))
        assert dispatcher.observe([]) == {}

    def test_a_stopped_job_ends_and_says_that_it_was_stopped(
        self, backend: Backend, dispatcher: Dispatcher, tmp_path: Path
    ) -> None:
        job = job_in(tmp_path, "echo x >> trained; exec sleep 100")
        dispatcher.dispatch(job)
        wait_until((tmp_path / "trained").exists, "it trains")
        (Path(job.folder) / "stop.json").write_text('{"version": 1, "reason": "enough"}')

        other = backend.dispatcher()
        other.cancel(handle_of(job))
        other.cancel(handle_of(job))

        wait_for_phase(other, job, JobPhase.ENDED)
        assert marker_of(job)["ending"] == "stopped"
        other.cancel(handle_of(job))

    def test_a_job_that_ignores_the_request_is_killed(
        self, dispatcher: Dispatcher, tmp_path: Path
    ) -> None:
        job = job_in(tmp_path, "trap '' TERM; echo x >> trained; while :; do sleep 0.1; done")
        dispatcher.dispatch(job)
        wait_until((tmp_path / "trained").exists, "it trains")

        dispatcher.cancel(handle_of(job))

        wait_for_phase(dispatcher, job, JobPhase.ENDED)
        assert marker_of(job)["ending"] == "preempted"

    def test_memory_beyond_the_limit_ends_a_job(
        self, dispatcher: Dispatcher, tmp_path: Path
    ) -> None:
        program = "x = b'1' * 200_000_000; import time; time.sleep(60)"
        job = job_in(tmp_path, f'exec python3 -c "{program}"')
        job = replace(job, resources=Resources(memory=100_000_000))
        dispatcher.dispatch(job)

        wait_for_phase(dispatcher, job, JobPhase.ENDED)
        assert marker_of(job)["ending"] == "failed"
        assert "more memory than its limit" in marker_of(job)["reason"]

    def test_a_later_attempt_is_another_job(self, dispatcher: Dispatcher, tmp_path: Path) -> None:
        first = job_in(tmp_path, "echo a$JANITOR_TRIAL_ATTEMPT >> trained")
        dispatcher.dispatch(first)
        wait_for_phase(dispatcher, first, JobPhase.ENDED)
        second = job_in(tmp_path, "echo a$JANITOR_TRIAL_ATTEMPT >> trained", attempt=2)

        assert dispatcher.dispatch(second)

        wait_for_phase(dispatcher, second, JobPhase.ENDED)
        assert (tmp_path / "trained").read_text() == "a1\na2\n"
        assert set(dispatcher.observe([handle_of(first), handle_of(second)])) == {
            "s-0000.a1",
            "s-0000.a2",
        }

    def test_an_attempt_that_has_a_successor_is_not_run(
        self, dispatcher: Dispatcher, tmp_path: Path
    ) -> None:
        first = job_in(tmp_path, "echo x >> trained")
        job_in(tmp_path, "true", attempt=2)
        dispatcher.dispatch(first)
        second = job_in(tmp_path, "echo y >> trained", attempt=2)
        dispatcher.dispatch(second)

        wait_for_phase(dispatcher, second, JobPhase.ENDED)
        assert (tmp_path / "trained").read_text() == "y\n"

    def test_what_the_backend_refuses_is_told(self, backend: Backend, tmp_path: Path) -> None:
        job = job_in(tmp_path, "true", resources=Resources(gpus=64))
        refusing = backend.refused(job)
        if refusing is None:
            pytest.skip("this backend refuses nothing")
        with pytest.raises(JobRefusedError):
            refusing.dispatch(job)
        assert not (Path(job.folder) / "claim.json").exists()
