"""Sweeps on W&B pass the contract of sweep stores, on the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from janitor.emulator import Emulator
from janitor.model import Policy
from janitor.model.jobs import JobHandle, Report
from janitor.runtime.clock import utc_now
from janitor.stores.wandb import GraphQLApi
from janitor.stores.wandb_sweeps.catalog import WandbSweeps
from janitor.sweep.ports import SweepCatalog
from tests.sweep.job_files import append_report, write_job_file
from tests.sweep.store_contract import Place, SweepStoreContract


@dataclass
class WandbPlace:
    """W&B; the folders of jobs are on this machine."""

    door: GraphQLApi
    emulator: Emulator
    project: str

    @property
    def catalog(self) -> SweepCatalog:
        return WandbSweeps(self.door, "acme", self.project, Policy(), utc_now)

    def claim(self, job: JobHandle, claim: Mapping[str, Any]) -> None:
        write_job_file(job, "claim.json", claim)

    def report(self, job: JobHandle, report: Report) -> None:
        append_report(job, report)

    def end(self, job: JobHandle, marker: Mapping[str, Any]) -> None:
        write_job_file(job, "exit.json", marker)

    def delete(self, run: str) -> None:
        import wandb  # noqa: PLC0415 - it reads its settings when it is first imported

        wandb.Api().run(f"acme/{self.project}/{run}").delete()


class TestWandb(SweepStoreContract):
    @pytest.fixture
    def place(
        self,
        door: GraphQLApi,
        emulator: Emulator,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Place:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        return WandbPlace(door, emulator, "p")
