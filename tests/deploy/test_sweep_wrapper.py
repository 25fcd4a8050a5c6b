"""cron/janitor-sweep: one step, quiet unless something is wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

WRAPPER = Path(__file__).parents[2] / "cron" / "janitor-sweep"


def run(folder: Path, code: int, *words: str) -> subprocess.CompletedProcess[str]:
    """The wrapper around a program that prints its arguments and ends with this code."""
    program = folder / "janitor"
    program.write_text(f'#!/bin/sh\necho "$@"\nexit {code}\n')
    program.chmod(0o755)
    environment = {"PROGRAM": str(program), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [WRAPPER, *words], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("code", "ends", "said"), [(0, 0, ""), (5, 0, ""), (1, 1, "shown"), (3, 3, "shown")]
)
def test_a_step_is_quiet_unless_it_failed_or_paused(
    tmp_path: Path, code: int, ends: int, said: str
) -> None:
    done = run(tmp_path, code, "night", "--store", "file:/data")

    assert done.returncode == ends
    assert done.stdout == (said and "sweep step night --store file:/data\n")


def test_without_a_sweep_it_says_how_it_is_used(tmp_path: Path) -> None:
    done = run(tmp_path, 0)

    assert (done.returncode, "usage: janitor-sweep" in done.stderr) == (2, True)
