from __future__ import annotations

import os
import subprocess

import pytest

from janitor.experiments import (
    ExperimentState,
    ExperimentStatus,
    ProcessProgress,
    ProcessStatus,
    StateManager,
)
from janitor.model import Liveness
from janitor.runtime.processes import ProcessIdentity, this_process
from tests.experiments.samples import dead_process, of_another_host


def running(manager: StateManager, name: str, owner: ProcessIdentity) -> None:
    state = manager.create(name, total_runs=2)
    state.status, state.owner = ExperimentStatus.RUNNING, owner
    state.process_progress[0].status = ProcessStatus.COMPLETED
    state.process_progress[1].status = ProcessStatus.RUNNING
    manager.save(state)


def test_only_what_is_known_to_be_gone_is_taken_for_interrupted(manager: StateManager) -> None:
    recycled = this_process().model_copy(update={"since_boot": this_process().since_boot - 5})
    running(manager, "gone", dead_process())
    running(manager, "number-taken-over", recycled)
    running(manager, "alive", this_process())
    running(manager, "elsewhere", of_another_host())
    running(
        manager, "other-container", this_process().model_copy(update={"pid_namespace": "pid:[1]"})
    )
    running(manager, "before-the-reboot", this_process().model_copy(update={"boot_id": "earlier"}))
    assert set(manager.cleanup_stale()) == {"gone", "number-taken-over", "before-the-reboot"}
    gone = manager.load("gone")
    assert gone.status is ExperimentStatus.INTERRUPTED
    assert [progress.status for progress in gone.process_progress.values()] == [
        ProcessStatus.COMPLETED,
        ProcessStatus.PENDING,
    ]
    assert manager.load("elsewhere").status is ExperimentStatus.RUNNING
    assert manager.cleanup_stale() == []


@pytest.mark.parametrize(
    ("identity", "liveness", "may_run"),
    [
        (this_process(), Liveness.ALIVE, True),
        (of_another_host(), Liveness.UNKNOWN, True),
        (dead_process(), Liveness.DEAD, False),
        (None, Liveness.UNKNOWN, True),
    ],
)
def test_a_subprocess_runs_unless_it_is_known_to_be_gone(
    identity: ProcessIdentity | None, liveness: Liveness, *, may_run: bool
) -> None:
    state = ExperimentState(experiment_id="e", status=ExperimentStatus.RUNNING, owner=identity)
    assert state.liveness() is liveness
    assert state.is_subprocess_running() is may_run


def test_an_experiment_that_was_never_started_runs_nowhere() -> None:
    assert not ExperimentState(experiment_id="e").is_subprocess_running()


def test_a_child_that_outlived_its_starter_keeps_the_experiment_alive() -> None:
    progress = ProcessProgress(status=ProcessStatus.RUNNING, identity=this_process())
    state = ExperimentState(
        experiment_id="e",
        status=ExperimentStatus.RUNNING,
        owner=dead_process(),
        process_progress={0: progress},
    )
    assert state.is_subprocess_running()


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen(["sleep", "60"])
    identity = ProcessIdentity.of(child.pid)
    assert identity.liveness() is Liveness.ALIVE
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert identity.liveness() is Liveness.DEAD
    child.wait()


def test_who_makes_an_experiment_run_owns_it(manager: StateManager) -> None:
    state = manager.create("exp_1")
    assert state.owner is None
    manager.update("exp_1", lambda found: setattr(found, "status", ExperimentStatus.RUNNING))
    assert manager.load("exp_1").owner == this_process()


def test_an_owner_that_was_named_stays_the_owner(manager: StateManager) -> None:
    named = dead_process()

    def start(state: ExperimentState) -> None:
        state.status, state.owner = ExperimentStatus.RUNNING, named

    manager.create("exp_1")
    manager.update("exp_1", start)
    assert manager.load("exp_1").owner == named
