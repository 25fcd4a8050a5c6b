"""The examples for CI: what they run is what the command line takes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from janitor.cli.root import cli
from janitor.config import load
from tests.deploy.tools import ROOT

CI = ROOT / "examples" / "ci"


def steps_of(document: Any) -> Iterator[str]:
    """Every command in a workflow or a job."""
    jobs = document.get("jobs", document).values()
    for job in jobs:
        yield from job.get("script", ())
        yield from (step["run"] for step in job.get("steps", ()) if "run" in step)


def commands(path: Path) -> list[list[str]]:
    document = yaml.safe_load(path.read_text())
    words = [shlex.split(step) for step in steps_of(document)]
    return [each[1:] for each in words if each[0] == "janitor"]


@pytest.mark.parametrize("path", sorted(CI.glob("*.yml")), ids=lambda path: path.name)
def test_the_commands_of_an_example_are_understood(path: Path, tmp_path: Path) -> None:
    found = commands(path)
    assert found
    for name, *words in found:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        flags = command.make_context(name, words).params
        config = load(flags, {}, tmp_path).config
        assert [str(target) for target in config.targets] == ["acme/rl"]
        assert {report.suffix for report in config.report} == {".html", ".json", ".xml"}
        assert {report.parent.name for report in config.report} == {"reports"}


@pytest.mark.parametrize("path", sorted(CI.glob("*.yml")), ids=lambda path: path.name)
def test_an_example_keeps_the_reports_whatever_comes_of_the_pass(path: Path) -> None:
    text = path.read_text()
    assert "if: always()" in text or "when: always" in text
    assert "reports" in text.partition("always")[2]
