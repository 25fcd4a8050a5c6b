"""An export of a sweep is the same from every store, W&B's emulator among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from janitor.emulator import Emulator
from janitor.model import Policy
from janitor.runtime.clock import utc_now
from janitor.stores.memory_sweeps import MemoryCatalog
from janitor.stores.sweep_files import SweepFolder
from janitor.stores.wandb import GraphQLApi
from janitor.stores.wandb_sweeps.catalog import WandbSweeps
from janitor.sweep.ports import SweepCatalog
from janitor.sweep.transfer import export_sweep, import_sweep
from tests.sweep.transferring import NOW, make


def test_an_export_comes_back_the_same_from_every_store(
    door: GraphQLApi,
    emulator: Emulator,  # noqa: ARG001 - empty before it is used
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = tmp_path / "first.jsonl.gz"
    export_sweep(make(SweepFolder(tmp_path / "root", utc_now), tmp_path), first)

    catalogs: list[SweepCatalog] = [
        MemoryCatalog(utc_now),
        WandbSweeps(door, "acme", "p", Policy(), utc_now),
        SweepFolder(tmp_path / "other", utc_now),
    ]
    last = first
    for number, catalog in enumerate(catalogs):
        imported = import_sweep(catalog, last, NOW)
        assert (imported.entries, imported.runs) == (4, 1)
        last = tmp_path / f"{number}.jsonl.gz"
        export_sweep(catalog.open("s"), last)
        assert last.read_bytes() == first.read_bytes()
