"""Plain English: no page and no text of the program uses the phrases that the project avoids."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.wording import CHECKED, files, offences


@pytest.mark.parametrize("file", [*files(CHECKED)], ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_is_written_in_plain_english(file: Path) -> None:
    assert [str(offence) for offence in offences(file)] == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('x = 1\nraise ValueError(f"{x} is no plan")\n', 2),
        ('def read():\n    """Read it.\n\n    It is read\n    afresh each time.\n    """\n', 5),
        ("x = 1  # Whoever calls\n", 1),
        ("# what is gone for\n# ever is not counted\n", 1),
        ('TEXT = (\n    "this is"\n    " no plan"\n)\n', 2),
        ("TEXT = '''\nBut for this.'''\n", 2),
    ],
)
def test_a_phrase_is_found_in_each_kind_of_text(source: str, line: int, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    assert [offence.line for offence in offences(file)] == [line]


def test_a_phrase_is_found_across_the_lines_of_a_comment_in_yaml(tmp_path: Path) -> None:
    file = tmp_path / "cronjob.yaml"
    file.write_text("a: 1\n  # what is gone for\n  # ever\nb: 2\n")
    assert [offence.line for offence in offences(file)] == [2]


@pytest.mark.parametrize(
    "source",
    [
        "whom = reckon + anew\n",
        'pair = ("this is", "no plan")\n',
        '"""There is no run, it is no longer kept, and wholesome."""\n',
        "x = is_(1)  # is\nno = 2\n",
    ],
)
def test_plain_text_and_names_in_code_are_left_alone(source: str, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    assert offences(file) == []


def test_generated_parts_and_inline_code_of_a_page_are_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Never write `whom`.\n<!-- generated: commands -->\nanew\n<!-- end -->\nIt is no\nplan.\n"
    )
    assert [(offence.line, offence.phrase) for offence in offences(page)] == [(5, "is no")]


def test_the_command_lists_each_offence_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("# anew\n")
    command = [sys.executable, "-m", "tests.docs.wording", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == f"{tmp_path / 'module.py'}:1: 'anew' -> again\n"
