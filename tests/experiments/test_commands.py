from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner, Result

from janitor.cli.root import cli
from janitor.experiments import ExperimentState, ExperimentStatus, ProcessStatus, StateManager
from janitor.runtime.processes import ProcessIdentity
from tests.experiments.samples import contents, damage, dead_process, of_another_host


@pytest.fixture
def folder(manager: StateManager) -> StateManager:
    elsewhere = of_another_host()
    for name, owner in (("alive", ProcessIdentity.of(os.getppid())), ("far", elsewhere)):
        running(manager, name, owner)
    running(manager, "gone", dead_process())
    manager.create("new", total_runs=1)
    return manager


def running(manager: StateManager, name: str, owner: ProcessIdentity) -> None:
    state = manager.create(name, total_runs=2)
    state.status, state.owner = ExperimentStatus.RUNNING, owner
    state.process_progress[0].status = ProcessStatus.COMPLETED
    manager.save(state)


def run(manager: StateManager, *arguments: str) -> Result:
    command = ["experiments", *arguments, "--state-dir", str(manager.state_dir)]
    return CliRunner().invoke(cli, command)


def test_experiments_are_listed(folder: StateManager) -> None:
    assert run(folder, "list").stdout.splitlines() == [
        "alive  running  1/2 done, process alive",
        "far  running  1/2 done, process unknown",
        "gone  running  1/2 done, process dead",
        "new  initialised  0/1 done",
    ]
    rows = json.loads(run(folder, "list", "--json", "--incomplete").stdout)
    assert {row["experiment_id"]: row["process"] for row in rows} == {
        "alive": "alive",
        "far": "unknown",
        "gone": "dead",
        "new": None,
    }


def test_an_experiment_is_shown_whole(folder: StateManager) -> None:
    shown = json.loads(run(folder, "show", "gone").stdout)
    assert (shown["status"], shown["process_progress"]["0"]["status"]) == ("running", "completed")
    missing = run(folder, "show", "nobody")
    assert missing.exit_code == 1
    assert "experiment nobody does not exist" in missing.stderr
    assert run(folder, "show", "../x").exit_code == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone", "1 of 2 processes left"),
        ("alive", "cannot be resumed: experiment alive is being run by process"),
        ("far", "clean --gone far"),
        ("new", "1 of 1 processes left"),
    ],
)
def test_what_a_resumption_would_do_is_reported(folder: StateManager, name: str, said: str) -> None:
    output = run(folder, "resume-info", name).stdout
    assert said in output
    assert ("process 0: completed: skipped" in output) is (name != "new")


def test_a_process_that_may_run_elsewhere_keeps_an_experiment_from_being_resumed(
    folder: StateManager,
) -> None:
    def leave(state: ExperimentState) -> None:
        state.status = ExperimentStatus.FAILED
        state.process_progress[1].status = ProcessStatus.RUNNING
        state.process_progress[1].identity = of_another_host()

    folder.update("gone", leave)
    output = run(folder, "resume-info", "gone").stdout
    assert "gone: cannot be resumed: process 1 of experiment gone is process" in output
    assert "process 1: may be running" in output
    assert "gone  failed  1/2 done, process unknown" in run(folder, "list").stdout
    assert run(folder, "clean", "--gone", "gone").exit_code == 0
    assert "1 of 2 processes left" in run(folder, "resume-info", "gone").stdout


def test_what_a_process_left_behind_does_not_reach_the_terminal_raw(folder: StateManager) -> None:
    def fail(state: ExperimentState) -> None:
        state.process_progress[1].status = ProcessStatus.FAILED
        state.process_progress[1].error = "no\nsuch \x1b[31mfile"

    folder.update("gone", fail)
    assert "  process 1: failed (no such \\x1b[31mfile): run again\n" in (
        run(folder, "resume-info", "gone").stdout
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("alive", "experiment alive is running on this machine: stop it first"),
        ("done", "experiment done is aggregated, not running"),
        ("new", "experiment new is initialised, not running"),
        ("nobody", "experiment nobody does not exist"),
        ("../x", "is not an experiment id"),
    ],
)
@pytest.mark.parametrize("dry", [("--dry-run",), ()])
def test_what_is_not_gone_is_not_cleaned_by_anybodys_word(
    folder: StateManager, name: str, said: str, dry: tuple[str, ...]
) -> None:
    folder.create("done")
    folder.update("done", lambda state: setattr(state, "status", ExperimentStatus.AGGREGATED))
    before = contents(folder.state_dir)
    refused = run(folder, "clean", "--gone", "far", "--gone", name, *dry)
    assert refused.exit_code == (1 if name == "nobody" else 2)
    assert said in refused.stderr
    assert refused.stdout == ""
    assert contents(folder.state_dir) == before


def test_only_what_is_gone_is_cleaned(folder: StateManager) -> None:
    dry = run(folder, "clean", "--dry-run").stdout
    assert dry == "gone  would be interrupted: its process is gone\n"
    assert folder.load("gone").status is ExperimentStatus.RUNNING
    assert run(folder, "clean").stdout == "gone  interrupted: its process is gone\n"
    assert folder.load("gone").status is ExperimentStatus.INTERRUPTED
    assert run(folder, "clean").stdout == "nothing to clean\n"
    assert "as requested (--gone)" in run(folder, "clean", "--gone", "far").stdout
    assert folder.load("far").status is ExperimentStatus.INTERRUPTED
    assert folder.load("alive").status is ExperimentStatus.RUNNING


@pytest.mark.parametrize(
    "command",
    [
        ("experiments", "list", "--state-dir"),
        ("experiments", "show", "torn", "--state-dir"),
        ("experiments", "resume-info", "torn", "--state-dir"),
        ("experiments", "clean", "--dry-run", "--state-dir"),
    ],
)
def test_a_look_writes_nothing_whatever_it_finds(
    folder: StateManager, command: tuple[str, ...]
) -> None:
    for name in ("torn", "lost"):
        folder.create(name)
    folder.update("torn", lambda _: None)
    for name in ("torn", "lost"):
        damage(folder.path(name))
    (folder.state_dir / "package.json").write_text('{"name": "a web page"}')
    before = contents(folder.state_dir)
    assert CliRunner().invoke(cli, [*command, str(folder.state_dir)]).exit_code == 0
    assert contents(folder.state_dir) == before
