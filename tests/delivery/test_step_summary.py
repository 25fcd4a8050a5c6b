from __future__ import annotations

from pathlib import Path

import pytest

from janitor.delivery.step_summary import MOST, append, fitted
from janitor.report import render_markdown
from tests.report.report_samples import everything, nothing
from tests.report.test_render import many


def test_the_summary_is_the_report_as_markdown(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    assert list(append(everything(), path)) == []
    assert path.read_text(encoding="utf-8") == render_markdown.render(everything())


def test_what_a_step_has_said_already_stays(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("before")
    list(append(nothing(), path))
    list(append(nothing(), path))
    assert path.read_text().startswith("before\n\n# Janitor report")
    assert path.read_text().count("# Janitor report") == 2


@pytest.mark.parametrize("there", [0, 1000, MOST // 2, MOST - 500, MOST - 10, MOST, MOST + 10])
def test_the_file_never_grows_past_what_github_shows(tmp_path: Path, there: int) -> None:
    path = tmp_path / "summary"
    path.write_bytes(b"x" * there)
    assert list(append(many(9_000, held=3_000), path)) == []
    text = path.read_text()
    assert len(text.encode()) <= max(MOST, there)
    if there == MOST // 2:
        assert text.endswith("*The rest is omitted: a step summary is limited to 1 MiB.*\n")


def test_a_text_is_cut_between_lines_and_characters() -> None:
    text = "\N{SNOWMAN}\n" * 100
    kept = fitted(text, 200)
    assert len(kept.encode()) <= 200
    assert kept.startswith("\N{SNOWMAN}\n")
    assert "\ufffd" not in kept
    assert fitted("one long line" * 100, 200) == ""


def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (warning,) = append(nothing(), tmp_path / "none" / "summary")
    assert warning.endswith("could not be written: No such file or directory")
