"""The end of a pass, where a signal comes when all is done but its report."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from janitor.records.json_text import load_report

CODE = """
import os, signal, sys
from pathlib import Path
from janitor import report as reports
from janitor.cli.finish import conclude
from janitor.config import Config
from tests.report.report_samples import nothing

def write(report, path, **options):
    for _ in range(int(sys.argv[3])):
        os.kill(os.getpid(), int(sys.argv[2]))
    genuine(report, path, **options)

genuine, reports.write = reports.write, write
sys.exit(conclude(nothing(), Config(report=(Path(sys.argv[1]),))))
"""


def conclude_under(
    number: signal.Signals, times: int, path: Path
) -> subprocess.CompletedProcess[str]:
    """A pass of which nothing but the report is left, and so many signals in the midst of it."""
    command = [sys.executable, "-c", CODE, str(path), str(int(number)), str(times)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_does_not_cost_the_report_of_a_pass_that_is_over(
    number: signal.Signals, tmp_path: Path
) -> None:
    ended = conclude_under(number, 1, tmp_path / "report.json")
    assert ended.returncode == 0, ended.stderr
    assert load_report(tmp_path / "report.json").interrupted is None
    said = ended.stdout + ended.stderr
    assert f"{number.name}: the pass has ended, its report is still written" in said


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    ended = conclude_under(signal.SIGTERM, 2, tmp_path / "report.json")
    assert ended.returncode == 143
    assert not (tmp_path / "report.json").exists()
