from __future__ import annotations

import stat
from pathlib import Path

import pytest

from janitor.errors import ReportError, UsageError
from janitor.records.json_text import load_report
from janitor.report import RENDERERS, check, render_json, renderer_for, write
from tests.report.report_samples import everything, nothing


@pytest.mark.parametrize("ending", RENDERERS)
def test_a_report_is_written_in_the_form_that_the_ending_asks_for(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"report{ending}"
    check(path)
    write(everything(), path)
    assert path.read_text(encoding="utf-8") == RENDERERS[ending](everything())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_capitals_in_the_ending_do_not_matter() -> None:
    assert renderer_for("REPORT.JSON") is RENDERERS[".json"]


@pytest.mark.parametrize("name", ["report.xyz", "report", ".json", "report.json.gz", "json"])
def test_an_unknown_ending_is_bad_usage_and_the_known_ones_are_named(name: str) -> None:
    for use in (renderer_for, check, lambda path: write(nothing(), path)):
        with pytest.raises(UsageError) as raised:
            use(name)
        assert str(raised.value).startswith(f"{name}: ")
        assert str(raised.value).endswith("use .json, .csv, .md, .html or .xml")


def test_a_path_that_cannot_be_written_is_reported_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the folder .* does not exist"):
        check(tmp_path / "none" / "report.json")


def test_a_report_that_cannot_be_written_is_a_report_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot write"):
        write(nothing(), tmp_path / "none" / "report.json")


def test_a_written_report_is_loaded_as_it_was(tmp_path: Path) -> None:
    for report in (nothing(), everything()):
        write(report, tmp_path / "report.json")
        loaded = load_report(tmp_path / "report.json")
        assert render_json.render(loaded) == render_json.render(report)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not JSON", "it is not valid JSON"),
        ("{}", "it has no schema"),
        ('{"schema": "janitor.report/9"}', "its schema is 'janitor.report/9'"),
    ],
)
def test_what_is_not_a_report_is_refused_by_name(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(ReportError, match=said) as raised:
        load_report(path)
    assert f"cannot read the report {path}" in str(raised.value)


def test_a_report_that_is_not_there_is_a_report_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(ReportError, match="cannot read the report"):
            load_report(path)
