"""``janitor report``: reports of past passes, read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from janitor.cli.root import cli
from janitor.records.json_text import load_report
from janitor.report import render_terminal, write
from tests.report.report_samples import everything
from tests.report.test_merge import part
from tests.report.test_trend import WEEK


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def report(tmp_path: Path) -> str:
    write(everything(), tmp_path / "r.json")
    return "r.json"


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["report", *args])


def complaint(*args: str, code: int = 2) -> str:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("janitor: ")


def test_show_prints_what_the_pass_printed(report: str) -> None:
    result = run("show", report)
    assert (result.exit_code, result.stdout) == (0, render_terminal.render(everything()))


@pytest.mark.parametrize("ending", ["json", "csv", "md", "html", "xml"])
def test_render_writes_any_format(report: str, ending: str) -> None:
    assert run("render", report, "--to", f"out.{ending}", "--to", "again.md").exit_code == 0
    assert "acme/rl/r1" in Path(f"out.{ending}").read_text()
    assert "acme/rl/r1" in Path("again.md").read_text()


def test_render_prints_a_format_that_is_named_alone(report: str) -> None:
    assert run("render", report, "--to", "md").stdout.startswith("# Janitor report")
    assert run("render", report, "--to", "json").stdout == Path(report).read_text()


def test_render_counts_repairs_as_the_junit_option_says(report: str) -> None:
    assert 'failures="3"' in run("render", report, "--to", "xml").stdout
    assert 'failures="1"' in run("render", report, "--to", "xml", "--junit-fixed", "pass").stdout


def test_merge_makes_one_of_several() -> None:
    for number in (1, 2):
        write(part(f"s{number}"), f"{number}.json")
    assert run("merge", "1.json", "2.json", "--to", "all.json").exit_code == 0
    assert load_report("all.json").totals.runs == 8


def test_trend_reads_a_folder_and_those_in_it(tmp_path: Path) -> None:
    folders = [tmp_path / "days" / name for name in ("a", "b", "c")]
    for folder, each in zip(folders, WEEK, strict=True):
        folder.mkdir(parents=True)
        write(each, folder / "report.json")
    (tmp_path / "days" / "other.json").write_text("{}")
    result = run("trend", "days")
    assert result.exit_code == 0
    assert result.stdout.count(" UTC: fix, ") == 3
    assert "other.json: it has no schema" in result.stderr
    assert run("trend", "days", "--to", "t.html", "--to", "t.json", "--to", "t.csv").stdout == ""
    assert len(json.loads(Path("t.json").read_text())["passes"]) == 3
    assert "<svg" in Path("t.html").read_text()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["render", "r.json"], "name the output: --to report.html for a file, or --to md"),
        (["render", "r.json", "--to", "x.pdf"], "x.pdf: unknown report format"),
        (
            ["render", "r.json", "--to", "no/x.md"],
            "cannot write no/x.md: the folder … does not exist",
        ),
        (["render", "r.json", "--to", "md", "--junit-fixed", "skip"], "must be failure or pass"),
        (["merge", "r.json", "r.json", "--to", "md"], "several of these reports are of acme/rl/s1"),
        (["merge", "--to", "md"], "Missing argument 'FILE...'"),
        (["trend", "."], ". contains no .json report of a pass"),
        (["trend", "none"], "does not exist"),
        (["trend", ".", "--to", "x.md"], "x.md: a trend is written as .html, .csv or .json"),
    ],
)
def test_bad_usage_is_one_sentence(report: str, args: list[str], said: str) -> None:
    if args[0] == "trend":
        Path(report).unlink()
    found = complaint(*args)
    assert all(part in found for part in said.split("…"))


@pytest.mark.parametrize("command", ["show", "render", "merge"])
def test_a_file_that_is_not_a_report_is_one_sentence(command: str) -> None:
    Path("x.json").write_text("{}")
    to = [] if command == "show" else ["--to", "md"]
    assert "cannot read the report x.json: it has no schema" in complaint(
        command, "x.json", *to, code=1
    )
