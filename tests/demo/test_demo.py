"""``janitor demo``, as people start it."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.janitor_process import Ended, Janitor, checked
from tests.support.waiting import wait_until

EVERY_RULE = {
    "objective-recorded",
    "objective-invalid",
    "wandb-crashed",
    "wandb-failed",
    "wandb-killed",
    "heartbeat-expired",
    "resurrected",
}


def start(janitor: Janitor, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "janitor", "demo", *words],
        env=janitor.environment,
        cwd=janitor.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_shows_every_rule_and_the_reports_and_leaves_nothing_else(janitor: Janitor) -> None:
    ended = checked(_to_the_end(start(janitor)))
    assert ended.code == 0, ended

    (folder,) = (janitor.folder / "janitor-demo").iterdir()
    report = json.loads((folder / "report.json").read_text())
    _check_report(report)
    assert {path.name for path in folder.iterdir()} == {
        "janitor.yaml", "journals", "report.json", "report.md", "report.csv", "report.html",
    }  # fmt: skip
    assert ended.out.rstrip().endswith("report.html")
    for word in ("Before", "$ janitor fix --sweep", "--dry-run", "After", str(folder.name)):
        assert word in ended.out
    shown = janitor.ends(0, "journal", "show", str(next((folder / "journals").glob("*.jsonl"))))
    assert "demo/digits/real-killed" in shown.out

    assert [path.name for path in janitor.folder.iterdir()] == ["janitor-demo"]
    _check_that_nothing_is_left(janitor)


def _check_report(report: dict[str, Any]) -> None:
    totals = report["totals"]
    assert totals["runs"] >= 60
    assert (totals["failed"], totals["planned"], totals["superseded"]) == (0, 0, 0)
    assert {change["rule"] for change in report["changes"]} == EVERY_RULE
    became = {change["run"].rpartition("/")[2]: change["to"] for change in report["changes"]}
    assert became["real-killed"] == "crashed"
    assert became["real-exit-1"] == became["real-raises"] == "failure"
    assert became["real-finished-1"] == became["real-finished-2"] == "success"
    assert len([run for run in became if run.startswith("real-")]) == 8
    swept = [change for change in report["changes"] if change["sweep"] == "tuning"]
    assert [(change["to"], change["rule"]) for change in swept] == [("crashed", "wandb-crashed")]
    held = {held["run"].rpartition("/")[2] for held in report["held"]}
    assert {"real-training", "real-hanging", "real-without-objective", "hands-off"} <= held
    assert not report["brake"]["tripped"]
    assert not report["stand_down"]["active"]


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)], ids=["SIGINT", "SIGKILL"]
)
def test_nothing_goes_on_when_it_is_ended_while_trainings_run(
    sent: signal.Signals, code: int, janitor: Janitor
) -> None:
    process = start(janitor)
    try:
        wait_until(lambda: len(_processes_of(janitor)) > 10)
        process.send_signal(sent)
        ended = checked(_to_the_end(process))
    finally:
        process.kill()
    assert ended.code == code
    wait_until(lambda: not _processes_of(janitor))
    if sent == signal.SIGINT:
        _check_that_nothing_is_left(janitor)


def test_with_keep_the_server_stays_and_the_commands_that_it_prints_work(janitor: Janitor) -> None:
    process = start(janitor, "--keep", "--folder", "mine")
    try:
        folder, commands = _read_what_it_tells(process)
        variables = dict(
            command.removeprefix("export ").split("=", 1)
            for command in commands
            if command.startswith("export ")
        )
        there = Janitor(folder, janitor.environment | variables)
        words = [shlex.split(command, comments=True) for command in commands]
        ran = [there.ends(0, *_words_of_janitor(each)) for each in words if "-m" in each]
        process.send_signal(signal.SIGINT)
        assert _to_the_end(process).code == 130
    finally:
        process.kill()
    explained, again, undone = ran
    assert "verdict: held: alive " in explained.out
    assert "0 failed" in again.out
    assert "planned: demo/digits/real-killed" in undone.out


def _read_what_it_tells(process: subprocess.Popen[str]) -> tuple[Path, list[str]]:
    """The folder, and the commands after "In another terminal:"."""
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    assert any("In another terminal:" in line for line in lines)
    cd, *commands = (next(lines).strip() for _ in range(6))
    return Path(cd.removeprefix("cd ")), commands


def _words_of_janitor(words: list[str]) -> list[str]:
    return words[words.index("-m") + 2 :]


def _to_the_end(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out, err, 0)


def _processes_of(janitor: Janitor) -> set[int]:
    """Processes whose folder for temporary files lies in the janitor's: those of the demo."""
    mark = f"TMPDIR={janitor.environment['TMPDIR']}/".encode()
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:  # it has ended, or is another user's
            continue
        if mark in environment:
            found.add(int(process.name))
    return found


def _check_that_nothing_is_left(janitor: Janitor) -> None:
    assert list(Path(janitor.environment["TMPDIR"]).iterdir()) == []
    home = Path(janitor.environment["HOME"])
    assert [path for path in home.rglob("*") if path.is_file()] == []
    for name in ("WANDB_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        assert list(Path(janitor.environment[name]).iterdir()) == []
