"""The contract of sweep stores, for the folder and for the memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from janitor.model.jobs import JobHandle, JobTypes, Report
from janitor.runtime.clock import utc_now
from janitor.stores.memory_sweeps import MemoryCatalog, MemorySweep
from janitor.stores.sweep_files import SweepFolder
from janitor.sweep.ports import SweepCatalog, SweepStore
from tests.sweep.job_files import append_report, write_job_file
from tests.sweep.store_contract import Place, SweepStoreContract


@dataclass
class FolderPlace:
    """A folder, in which workers write files."""

    root: Path

    @property
    def catalog(self) -> SweepCatalog:
        return SweepFolder(self.root, utc_now)

    def claim(self, job: JobHandle, claim: Mapping[str, Any]) -> None:
        write_job_file(job, "claim.json", claim)

    def report(self, job: JobHandle, report: Report) -> None:
        append_report(job, report)

    def end(self, job: JobHandle, marker: Mapping[str, Any]) -> None:
        write_job_file(job, "exit.json", marker)

    def delete(self, run: str) -> None:
        shutil.rmtree(self.root / "sweeps" / "s" / "runs" / run)


@dataclass
class MemoryPlace:
    """The memory."""

    memory: MemoryCatalog

    @property
    def catalog(self) -> SweepCatalog:
        return self.memory

    @property
    def _sweep(self) -> MemorySweep:
        return self.memory.open("s")

    def claim(self, job: JobHandle, claim: Mapping[str, Any]) -> None:
        assert self._sweep.claim(job, claim)

    def report(self, job: JobHandle, report: Report) -> None:
        self._sweep.report(job, report)

    def end(self, job: JobHandle, marker: Mapping[str, Any]) -> None:
        assert self._sweep.end(job, marker)

    def delete(self, run: str) -> None:
        self._sweep.delete(run)


class TestFolder(SweepStoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return FolderPlace(tmp_path / "root")


class TestMemory(SweepStoreContract):
    @pytest.fixture
    def place(self) -> Place:
        return MemoryPlace(MemoryCatalog(utc_now))

    def test_a_job_is_claimed_and_ended_once(self, place: Place) -> None:
        assert isinstance(place, MemoryPlace)
        sweep = place.memory.create("s")
        job = sweep.handle("s-0000", 1, JobTypes.LAUNCH_TRAINING)
        assert sweep.claim(job, {"nonce": "a"})
        assert not sweep.claim(job, {"nonce": "b"})
        assert sweep.end(job, {"ending": "ok"})
        assert not sweep.end(job, {"ending": "failed"})
        assert sweep.attempts([job])[job.name].exit == {"ending": "ok"}

    def test_a_job_sees_that_it_is_to_end(self, place: Place) -> None:
        assert isinstance(place, MemoryPlace)
        sweep = place.memory.create("s")
        job = sweep.handle("s-0000", 1, JobTypes.LAUNCH_TRAINING)
        assert sweep.stop_reason(job) is None
        sweep.request_stop(job, "first")
        sweep.request_stop(job, "second")
        assert sweep.stop_reason(job) == "first"


_conforms: Callable[[Callable[[], datetime]], SweepCatalog] = MemoryCatalog
_opens: Callable[[MemoryCatalog], SweepStore] = lambda memory: memory.open("s")  # noqa: E731 - for the type checker
