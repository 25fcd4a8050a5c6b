"""Exports of sweeps, and imports into every store."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types

from janitor.errors import UsageError
from janitor.model.jobs import Cause, Ending, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Launch, LedgerEntry, SpecAdded
from janitor.records.sweep_export import Header, Line, export_schema, write_export
from janitor.runtime.clock import utc_now
from janitor.stores.memory_sweeps import MemoryCatalog
from janitor.stores.sweep_files import SweepFolder
from janitor.sweep.transfer import export_sweep, import_sweep
from tests.sweep.ledgers import AT
from tests.sweep.shell import Shell
from tests.sweep.transferring import DOCUMENT, NOW, make


def test_every_line_matches_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl.gz"
    export_sweep(make(MemoryCatalog(utc_now), tmp_path), path)
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert [line["kind"] for line in lines] == ["header", *["entry"] * 4, "run", "end"]
    # Numbers that are not finite are objects, as the schema's description says.
    plain = [line for line in lines if "$number" not in json.dumps(line)]
    assert len(plain) == 5
    validator = Draft202012Validator(export_schema())
    assert [error.message for line in plain for error in validator.iter_errors(line)] == []
    assert list(validator.iter_errors({**lines[0], "version": 2}))


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    path = tmp_path / "s.jsonl.gz"
    export_sweep(make(MemoryCatalog(utc_now), tmp_path), path)
    return path


def test_an_interrupted_import_is_finished_by_another(tmp_path: Path, exported: Path) -> None:
    again = tmp_path / "again.jsonl.gz"
    for entries in range(5):
        catalog = MemoryCatalog(utc_now)
        store = catalog.create("s")
        for entry in make(MemoryCatalog(utc_now), tmp_path).entries()[:entries]:
            store.append(entry)
        assert import_sweep(catalog, exported, NOW).entries == 4 - entries
        imported = import_sweep(catalog, exported, NOW)
        assert (imported.entries, imported.runs) == (0, 0)
        export_sweep(store, again)
        assert again.read_bytes() == exported.read_bytes()


def test_another_sweep_and_a_changed_run_are_not_overwritten(
    tmp_path: Path, exported: Path
) -> None:
    catalog = MemoryCatalog(utc_now)
    store = catalog.create("s")
    store.append(LedgerEntry(1, "x", AT, "acts", (SpecAdded(1, "other", DOCUMENT),)))
    with pytest.raises(UsageError, match="has another sweep s"):
        import_sweep(catalog, exported, NOW)
    assert store.last_number() == 1

    own = make(catalog_two := MemoryCatalog(utc_now), tmp_path)
    own.update_run_summary(own.runs()["s-0000"], {"mine": 1})
    with pytest.raises(UsageError, match="summary of its own"):
        import_sweep(catalog_two, exported, NOW)
    assert own.runs()["s-0000"].summary == {"mine": 1}

    own.append(LedgerEntry(5, "x", AT, "acts", (SpecAdded(2, "other", DOCUMENT),)))
    with pytest.raises(UsageError, match="has gone on"):
        import_sweep(catalog_two, exported, NOW)


def test_open_jobs_must_be_declared_lost(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl.gz"
    export_sweep(make(MemoryCatalog(utc_now), tmp_path, ended=False), path)
    catalog = MemoryCatalog(utc_now)
    with pytest.raises(UsageError, match="1 jobs of s were open"):
        import_sweep(catalog, path, NOW)
    assert list(catalog.names()) == []

    assert import_sweep(catalog, path, NOW, open_jobs_are_lost=True).lost == 1
    ledger = Ledger.of("s", catalog.open("s").entries())
    ended = ledger.trials["s-0000"].newest.ended
    assert ended is not None
    assert ended.ending is Ending.LOST


@pytest.mark.parametrize("kept", [0, 5, 100, -30, -1])
def test_a_truncated_export_changes_nothing(exported: Path, kept: int) -> None:
    exported.write_bytes(exported.read_bytes()[:kept])
    catalog = MemoryCatalog(utc_now)
    with pytest.raises(UsageError, match="not a whole export"):
        import_sweep(catalog, exported, NOW)
    assert list(catalog.names()) == []


@pytest.mark.parametrize(
    ("old", "new"), [(b"1e-05", b"2e-05"), (b'"success"', b'"failure"'), (b'"end"', b'"odd"')]
)
def test_an_altered_export_changes_nothing(exported: Path, old: bytes, new: bytes) -> None:
    text = gzip.decompress(exported.read_bytes())
    assert old in text
    exported.write_bytes(gzip.compress(text.replace(old, new)))
    catalog = MemoryCatalog(utc_now)
    with pytest.raises(UsageError, match="not a whole export"):
        import_sweep(catalog, exported, NOW)
    assert list(catalog.names()) == []


@pytest.mark.parametrize(("run", "sweep"), [("../../s-0000", "s"), ("s-0000", "../s")])
def test_a_name_that_leaves_its_folder_is_refused(tmp_path: Path, run: str, sweep: str) -> None:
    launch = Launch(run, 0, 1, JobTypes.LAUNCH_TRAINING, Cause.FIRST, "why", 1, 7)
    document = {**DOCUMENT, "name": sweep}
    lines: list[Line] = [
        Header(sweep),
        LedgerEntry(1, "a", AT, "acts", (SpecAdded(1, "digest", document, str(tmp_path)),)),
        LedgerEntry(2, "b", AT, "decisions", (launch,)),
    ]
    path = tmp_path / "hostile.jsonl.gz"
    with path.open("wb") as file:
        write_export(file, lines)
    with pytest.raises(UsageError):
        import_sweep(SweepFolder(tmp_path / "root", utc_now), path, NOW, open_jobs_are_lost=True)
    assert not (tmp_path / "root").exists()


def test_a_failed_export_keeps_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl.gz"
    path.write_text("older")
    store = make(SweepFolder(tmp_path / "root", utc_now), tmp_path)
    (tmp_path / "root" / "sweeps" / "s" / "runs" / "s-0000" / "summary.json").write_text("{")
    with pytest.raises(Exception, match="cannot be read"):
        export_sweep(store, path)
    assert path.read_text() == "older"
    assert not list(tmp_path.glob("*.tmp"))


def test_a_sweep_is_exported_and_imported_as_typed(shell: Shell) -> None:
    shell.janitor("sweep", "start", "examples/sweeps/grid.yaml")
    assert "8 runs" in shell.janitor("sweep", "export", "grid", "grid.jsonl.gz")
    shell.janitor("sweep", "import", "grid.jsonl.gz", "--store", "file:copy")
    there = ("--store", "file:copy")
    assert json.loads(shell.janitor("sweep", "status", "grid", *there, "--json"))["counts"] == {
        "COMPLETED": 8
    }
    shell.janitor("sweep", "step", "grid", *there, code=5)
    assert "0 different" in shell.janitor("sweep", "verify", "grid", *there)
    assert "not a whole export" in shell.janitor(
        "sweep", "import", "examples/sweeps/grid.yaml", *there, code=2
    )
    assert "oneOf" in shell.janitor("sweep", "export", "--schema")
