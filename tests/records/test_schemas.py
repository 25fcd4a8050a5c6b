"""The schemas that are printed hold for the files that are written, of this version and earlier."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types

from janitor import report as reports
from janitor.cli.root import cli
from janitor.model import Outcome
from janitor.model.summary import Form
from janitor.pipeline.undo import restorations
from janitor.records.journal import read_journal
from janitor.records.json_text import load_report
from janitor.records.plan import read_plan, write_plan
from janitor.records.schemas import Kind, json_schema
from tests.support.passes import KINDS, Scene
from tests.support.run_samples import flat, make_run, nested

FILES = Path(__file__).parent / "files"
SAVED = sorted(FILES.iterdir())
KIND_OF: dict[str, Kind] = {"report": "report", "plan": "plan", "journal": "journal"}


def documents(file: Path) -> Iterator[tuple[Kind, Any]]:
    """What a file holds: one document, or one for each line of a journal."""
    kind = KIND_OF[file.name.partition("-")[0]]
    text = file.read_text()
    for part in text.splitlines() if kind == "journal" else [text]:
        yield kind, json.loads(part)


def complaints(kind: Kind, document: Any) -> list[str]:
    validator = Draft202012Validator(json_schema(kind))
    return [error.message for error in validator.iter_errors(document)]


@pytest.fixture
def written(tmp_path: Path) -> list[Path]:
    """A report, a plan and a journal of a pass over runs of every kind."""
    scene = Scene(tmp_path / "journals")
    scene.store.add(*KINDS, make_run(nested(error=math.nan) | flat(), id="both"))
    plan = tmp_path / "plan-now.json"
    write_plan(scene.fix(dry_run=True), scene.policy, plan)
    reports.write(scene.fix(), tmp_path / "report-now.json")
    journal = tmp_path / "journal-now.jsonl"
    journal.write_bytes(scene.journaled().path.read_bytes())
    return [tmp_path / "report-now.json", plan, journal]


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_schema_is_one(kind: Kind) -> None:
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"janitor.{kind}/1"


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.name)
def test_files_of_every_version_match_the_schema(file: Path) -> None:
    for kind, document in documents(file):
        assert complaints(kind, document) == []


def test_files_that_are_written_now_match_the_schema(written: list[Path]) -> None:
    for file in written:
        for kind, document in documents(file):
            assert complaints(kind, document) == []


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.name)
def test_what_a_schema_requires_is_required(file: Path) -> None:
    kind, document = next(documents(file))
    required = "namespace" if kind == "journal" else "version"
    del document[required]
    assert complaints(kind, document)


def test_fields_of_later_versions_match_the_schema_too() -> None:
    for file in SAVED:
        for kind, document in documents(file):
            assert complaints(kind, {**document, "later": 1}) == []


def test_fields_are_described() -> None:
    report = json_schema("report")
    change = report["$defs"]["ReportedChange"]["properties"]
    assert change["run"]["description"] == "ENTITY/PROJECT/RUN."
    assert report["properties"]["version"]["description"] == "The version of the janitor."
    assert "$number" in report["description"]


@pytest.mark.parametrize("words", [[], ["report"], ["plan"], ["journal"]])
def test_the_command_prints_the_schema(words: list[str]) -> None:
    done = CliRunner().invoke(cli, ["report", "schema", *words])
    assert done.exit_code == 0
    kind: Kind = KIND_OF[words[0]] if words else "report"
    assert json.loads(done.output) == json_schema(kind)


def test_another_kind_is_refused() -> None:
    done = CliRunner().invoke(cli, ["report", "schema", "tea"])
    assert done.exit_code == 2
    assert "'tea' is not one of 'report', 'plan', 'journal'" in done.output


# ---- files of earlier versions are read -----------------------------------------------------


@pytest.mark.parametrize("age", ["first", "current"])
def test_a_journal_of_every_version_is_read(age: str) -> None:
    record = read_journal(FILES / f"journal-1-{age}.jsonl")
    assert (record.command, record.namespace, record.ended) == ("fix", "protein", True)
    assert (record.process is None) is (age == "first")
    writes = {write.run.rsplit("/", 1)[-1]: write for write in record.writes}
    assert {run: write.form for run, write in writes.items()} == {
        "done": Form.FLAT,
        "flat": Form.FLAT,
        "nested": Form.NESTED,
        "both": Form.BOTH,
    }
    assert {write.outcome for write in record.writes} == {Outcome.WRITTEN}
    assert math.isnan(writes["nested"].before["protein.failure_time"])
    assert (writes["done"].written is None) is (age == "first")


@pytest.mark.parametrize("age", ["first", "current"])
def test_a_report_and_a_plan_of_every_version_are_read(age: str) -> None:
    report = load_report(FILES / f"report-1-{age}.json")
    assert (report.totals.written, report.totals.held, report.totals.untracked) == (4, 1, 1)
    plan = read_plan(FILES / f"plan-1-{age}.json")
    assert len(plan.changes) == 4
    assert plan.policy.namespace == "protein"


@pytest.mark.parametrize("age", ["first", "current"])
@pytest.mark.parametrize("name", ["journal-1-{}.jsonl", "report-1-{}.json"])
def test_an_undo_takes_files_of_every_version(age: str, name: str) -> None:
    wanted, namespace = restorations(FILES / name.format(age))
    assert namespace == "protein"
    assert len(wanted) == 4
