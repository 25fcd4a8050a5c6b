"""The files of cron/, each checked by the program that knows its language."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.deploy.tools import CRON, ROOT, run, tool

UNITS = ("janitor.service", "janitor.timer")


@pytest.mark.parametrize(
    "script", ["cron/janitor-pass", ".ci/install-test-tools", ".ci/run"], ids=str
)
def test_shellcheck_finds_nothing(script: str) -> None:
    run([tool("shellcheck"), ROOT / script])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine on which the units and the wrapper are installed as they say."""
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for name in UNITS:
        shutil.copy(CRON / name, units)
    program = tmp_path / "opt/janitor/bin"
    program.mkdir(parents=True)
    shutil.copy(CRON / "janitor-pass", program)
    systems = Path("/usr/lib/systemd/system")
    if systems.is_dir():
        shutil.copytree(systems, tmp_path / "usr/lib/systemd/system", symlinks=True)
    return tmp_path


def test_systemd_finds_nothing_wrong_with_the_units(root: Path) -> None:
    done = run([tool("systemd-analyze"), "verify", f"--root={root}", *UNITS])
    assert done.stdout + done.stderr == ""


def test_the_service_is_exposed_to_little(root: Path) -> None:
    service = root / "etc/systemd/system/janitor.service"
    analyze = tool("systemd-analyze")
    run([analyze, "security", "--offline=yes", "--threshold=20", "--no-pager", service])


def test_a_unit_that_is_wrong_would_be_found(root: Path) -> None:
    service = root / "etc/systemd/system/janitor.service"
    service.write_text(service.read_text().replace("KillMode=mixed", "KillMode=blended"))
    done = run([tool("systemd-analyze"), "verify", f"--root={root}", "janitor.service"])
    assert "blended" in done.stderr


def test_the_janitor_is_asked_to_end_before_wandb_core() -> None:
    assert "\nKillMode=mixed\n" in (CRON / "janitor.service").read_text()


def test_each_limit_lies_beyond_the_one_inside_it() -> None:
    wrapper = (CRON / "janitor-pass").read_text()
    service = (CRON / "janitor.service").read_text()
    deadline = minutes(r"JANITOR_DEADLINE:-(\d+)m", wrapper)
    hard_limit = minutes(r"HARD_LIMIT:-(\d+)m", wrapper)
    start = minutes(r"TimeoutStartSec=(\d+)min", service)
    every = minutes(r"\*:07/(\d+)", (CRON / "janitor.timer").read_text())
    assert deadline < hard_limit < start
    assert deadline < every
    assert minutes(r"7-59/(\d+)", (CRON / "crontab").read_text()) == every


def minutes(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    assert found, pattern
    return int(found[1])
