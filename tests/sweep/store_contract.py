"""The contract of sweep stores: one suite that every store passes.

A store's tests subclass :class:`SweepStoreContract` and override ``place``.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any, Protocol

import pytest

from janitor.errors import ConflictError, NotFoundError, RejectedError, StateFileError
from janitor.model import SweepRunState
from janitor.model import summary as summaries
from janitor.model.jobs import Cause, JobHandle, JobTypes, Report
from janitor.model.ledger_items import Launch, LedgerEntry, Reached, SpecAdded
from janitor.sweep.ports import SweepCatalog, SweepStore
from tests.sweep.ledgers import AT

RUN = "s-0000"
TRAIN, EVAL = JobTypes.LAUNCH_TRAINING, JobTypes.LAUNCH_EVAL
PARAMS = {"lr": 1e-05, "layers": 3, "model": {"deep": [True, None]}}


class Place(Protocol):
    """Where a store keeps its sweeps; and what workers and people do there."""

    @property
    def catalog(self) -> SweepCatalog:
        """A new view of the place, as another process has it."""

    def claim(self, job: JobHandle, claim: Mapping[str, Any]) -> None:
        """Claim a job, as its worker does."""

    def report(self, job: JobHandle, report: Report) -> None:
        """Report from a job."""

    def end(self, job: JobHandle, marker: Mapping[str, Any]) -> None:
        """Write a job's exit marker."""

    def delete(self, run: str) -> None:
        """Delete a run of the sweep ``s``, as a person does."""


def launch(index: int = 0) -> Launch:
    """The first attempt at a trial."""
    return Launch(
        f"s-{index:04d}", index, 1, TRAIN, Cause.FIRST, "why", 1, 7, params=PARAMS, memory=[0, "x"]
    )


def entry(number: int, nonce: str = "mine", *items: Any) -> LedgerEntry:
    """An entry with these items."""
    held = items or (SpecAdded(1, "digest", {"method": "grid"}),)
    return LedgerEntry(number, nonce, AT, "acts", held, {"janitor": "1"})


class SweepStoreContract:
    """A store's tests: subclass it, and override ``place``."""

    @pytest.fixture
    def place(self) -> Place:
        """An empty place."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, place: Place) -> SweepStore:
        """A sweep that was created."""
        return place.catalog.create("s")

    @pytest.fixture
    def started(self, store: SweepStore) -> SweepStore:
        """A sweep with its first entry."""
        assert store.append(entry(1))
        return store

    # -- catalog

    def test_a_sweep_exists_once_it_is_created(self, place: Place) -> None:
        with pytest.raises(NotFoundError):
            place.catalog.open("s")
        assert list(place.catalog.names()) == []

        place.catalog.create("t")
        place.catalog.create("s").append(entry(1))

        assert list(place.catalog.names()) == ["s", "t"]
        assert place.catalog.open("s").name == "s"
        assert place.catalog.create("s").last_number() == 1

    # -- ledger

    def test_an_entry_is_read_as_it_was_written(self, store: SweepStore, place: Place) -> None:
        first = entry(1)
        second = entry(2, "n", launch(), Reached(RUN, 1, 3.0, 3.5, math.inf))

        assert store.append(first)
        assert store.append(second)

        assert list(place.catalog.open("s").entries()) == [first, second]
        assert list(store.entries(1)) == [second]
        assert list(store.entries(2)) == []
        assert store.last_number() == 2

    def test_not_a_number_comes_back(self, started: SweepStore) -> None:
        started.append(entry(2, "n", launch(), Reached(RUN, 1, 3.0, 3.5, math.nan)))
        _, item = started.entries()[1].items
        assert isinstance(item, Reached)
        assert math.isnan(item.value)

    def test_a_number_is_used_once_and_our_own_entry_is_recognised(
        self, store: SweepStore, place: Place
    ) -> None:
        other = place.catalog.open("s")
        assert store.append(entry(1, "mine"))
        assert store.append(entry(1, "mine"))
        assert not other.append(entry(1, "theirs"))
        assert [each.nonce for each in other.entries()] == ["mine"]

    def test_an_entry_after_a_gap_is_refused(self, store: SweepStore) -> None:
        store.append(entry(1))
        with pytest.raises(StateFileError):
            store.append(entry(3))
        assert store.last_number() == 1

    def test_what_is_not_json_is_refused_and_changes_nothing(self, store: SweepStore) -> None:
        with pytest.raises(StateFileError):
            store.append(entry(1, "n", SpecAdded(1, "digest", {"x": object()})))
        assert store.last_number() == 0

    def test_of_several_writers_one_wins_each_number(self, store: SweepStore, place: Place) -> None:
        won: list[str] = []

        def write(nonce: str) -> None:
            own = place.catalog.open("s")
            won.extend(nonce for number in range(1, 11) if own.append(entry(number, nonce)))

        writers = [threading.Thread(target=write, args=(f"w{each}",)) for each in range(3)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert sorted(won) == sorted(each.nonce for each in store.entries())

    # -- runs

    def test_nothing_is_created_by_reading(self, started: SweepStore) -> None:
        handle = started.handle(RUN, 1, TRAIN)
        assert started.attempts([handle])[handle.name].claim is None
        assert list(started.reports(handle)) == []
        assert dict(started.runs()) == dict(started.runs([RUN])) == {}
        assert not started.deleted()

    def test_a_run_is_created_once_and_begins_as_initializing(
        self, started: SweepStore, place: Place
    ) -> None:
        started.init_run(launch())
        first = started.runs()[RUN]
        started.update_run_summary(first, {**first.summary, "loss": 1})
        place.catalog.open("s").init_run(launch())

        run = place.catalog.open("s").runs()[RUN]
        state = summaries.read(run.summary, "protein", "state")
        assert (state, run.summary["loss"]) == (SweepRunState.INITIALIZING, 1)

    def test_a_summary_that_changed_since_it_was_read_is_not_overwritten(
        self, started: SweepStore, place: Place
    ) -> None:
        started.init_run(launch())
        other = place.catalog.open("s")
        run = other.runs()[RUN]
        started.update_run_summary(started.runs()[RUN], {"a": 1})
        with pytest.raises(ConflictError):
            other.update_run_summary(run, {"b": 1})
        assert dict(other.runs()[RUN].summary) == {"a": 1}

    def test_a_summary_that_is_not_json_is_refused(self, started: SweepStore) -> None:
        started.init_run(launch())
        run = started.runs()[RUN]
        with pytest.raises(RejectedError):
            started.update_run_summary(run, {"x": object()})
        assert started.runs()[RUN].summary == run.summary

    def test_the_summary_of_a_deleted_run_is_not_written(
        self, started: SweepStore, place: Place
    ) -> None:
        started.init_run(launch())
        run = started.runs()[RUN]
        place.delete(RUN)
        with pytest.raises(NotFoundError):
            started.update_run_summary(run, {"a": 1})

    def test_a_deleted_run_is_known_and_not_created_again(
        self, started: SweepStore, place: Place
    ) -> None:
        started.init_run(launch())
        assert not started.deleted()
        place.delete(RUN)
        assert set(started.deleted()) == {RUN}
        assert RUN not in started.runs([RUN])
        with pytest.raises(NotFoundError):
            started.init_run(launch())

    def test_runs_are_read_by_name_and_only_open_ones_on_request(self, started: SweepStore) -> None:
        for index in range(3):
            started.init_run(launch(index))
        run = started.runs()["s-0001"]
        started.update_run_summary(run, {"protein.state": "success"})
        run = started.runs()["s-0002"]
        started.update_run_summary(run, {"protein.state": "crashed", "protein.janitor.state": "x"})

        assert sorted(started.runs()) == ["s-0000", "s-0001", "s-0002"]
        assert sorted(started.runs(["s-0001", "s-0009"])) == ["s-0001"]
        assert sorted(started.runs(only_open=True)) == ["s-0000", "s-0002"]

    # -- jobs

    def test_a_handle_is_the_same_everywhere(self, started: SweepStore, place: Place) -> None:
        handle = started.handle(RUN, 2, EVAL)
        assert handle == place.catalog.open("s").handle(RUN, 2, EVAL)
        assert handle.name == f"{RUN}_eval.a2"
        assert handle.folder != started.handle(RUN, 2, TRAIN).folder

    def test_claim_reports_and_end_of_a_job_are_seen(
        self, started: SweepStore, place: Place
    ) -> None:
        started.init_run(launch())
        started.prepare(RUN, 1, TRAIN)
        job, other = started.handle(RUN, 1, TRAIN), started.handle(RUN, 1, EVAL)
        reports = [Report(1.0, {"loss": 0.5}, 10.0), Report(None, {"loss": math.inf}, 11.0)]
        claim = {"version": 1, "run": RUN, "attempt": 1, "nonce": "n"}
        marker = {"version": 1, "run": RUN, "attempt": 1, "ending": "ok", "objective": 0.5}

        place.claim(job, claim)
        view = started.attempts([job])[job.name]
        assert (view.claim is not None, view.exit) == (True, None)
        assert view.claimed_ago is not None
        for report in reports:
            place.report(job, report)
        place.end(job, marker)

        views = started.attempts([job, other])
        seen = views[job.name].exit or {}
        assert {name: seen.get(name) for name in ("run", "ending", "objective")} == {
            "run": RUN,
            "ending": "ok",
            "objective": 0.5,
        }
        assert views[other.name].claim is views[other.name].exit is None
        assert [(each.step, float(each.metrics["loss"])) for each in started.reports(job)] == [
            (1.0, 0.5),
            (None, math.inf),
        ]

    def test_a_stop_is_requested_as_often_as_one_likes(self, started: SweepStore) -> None:
        started.init_run(launch())
        started.prepare(RUN, 1, TRAIN)
        job = started.handle(RUN, 1, TRAIN)
        started.request_stop(job, "first")
        started.request_stop(job, "second")
        assert started.attempts([job])[job.name].exit is None
