"""SIGTERM in a process that has a handler of its own, and goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from janitor.lifecycle import exit_hooks
from janitor.lifecycle.sigterm import SIGTERM_GRACE
from tests.lifecycle.lifecycle_runs import INIT, FakeRun, FakeTime, manage, train

SIGTERM_ERROR = "SIGTERM: the process was terminated"


@pytest.fixture(autouse=True)
def own_handler() -> Iterator[None]:
    """The program's handler notes the signal and goes on."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    for listener in tuple(exit_hooks.GUARD._listeners):  # noqa: SLF001 - its handler goes first
        exit_hooks.GUARD.remove(listener)
    signal.signal(signal.SIGTERM, before)
    exit_hooks.GUARD.has_survived_sigterm = False


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_sigterm_is_a_crash_while_nothing_else_is_known(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("running")
    terminate()
    manager.heartbeat()
    protein = run.protein()
    assert (protein["state"], protein["error"]) == ("crashed", SIGTERM_ERROR)


def test_a_success_after_sigterm_counts(run: FakeRun, time: FakeTime) -> None:
    with manage(run, time) as manager:
        terminate()
        manager.heartbeat()
        manager.set_success(0.9)
    protein = run.protein()
    assert (protein["state"], protein["objective"], protein["attempts"]) == ("success", 0.9, 1)
    assert not protein.keys() & {"error", "failure_time"}


def train_until_sigterm(run: FakeRun, time: FakeTime) -> None:
    with manage(run, time) as manager:
        manager.heartbeat()
        terminate()
        manager.heartbeat()


def test_a_handler_that_exits_with_0_is_not_a_success(run: FakeRun, time: FakeTime) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with pytest.raises(SystemExit):
        train_until_sigterm(run, time)
    assert run.protein()["state"] == "crashed"


def test_a_handler_that_exits_with_0_after_the_objective_is_a_success(
    run: FakeRun, time: FakeTime
) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    run.summary["protein.objective"] = 0.5
    with pytest.raises(SystemExit):
        train_until_sigterm(run, time)
    assert run.protein()["state"] == "success"


def test_a_success_counts_through_another_manager_too(run: FakeRun, time: FakeTime) -> None:
    manage(run, time).set_state("running")
    terminate()
    manage(run, time).set_success(0.9)
    assert run.protein()["state"] == "success"


def test_the_normal_end_of_the_block_is_a_success(run: FakeRun, time: FakeTime) -> None:
    with manage(run, time):
        terminate()
    assert run.protein()["state"] == "success"


def test_the_program_may_go_on_with_another_state(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("running")
    terminate()
    manager.set_state("evaluating")
    protein = run.protein()
    assert (protein["state"], protein["attempts"]) == ("evaluating", 1)
    assert "error" not in protein


def test_what_sigterm_leads_to_is_not_a_failure(run: FakeRun, time: FakeTime) -> None:
    def train() -> None:
        with manage(run, time):
            terminate()
            raise RuntimeError("a data loader was terminated")

    with pytest.raises(RuntimeError):
        train()
    protein = run.protein()
    assert (protein["state"], protein["error"]) == ("crashed", SIGTERM_ERROR)


def test_a_process_that_lives_on_is_running_again(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("evaluating")
    terminate()
    time.pass_by(SIGTERM_GRACE)
    manager.heartbeat()
    assert run.protein()["state"] == "crashed"
    time.pass_by(60)
    manager.heartbeat()
    protein = run.protein()
    assert (protein["state"], protein["attempts"]) == ("evaluating", 1)
    assert "error" not in protein


def test_a_crash_that_the_program_set_itself_is_final(run: FakeRun, time: FakeTime) -> None:
    manager = manage(run, time)
    manager.set_state("crashed", error="the node is going down")
    terminate()
    manager.set_success(0.9)
    assert run.protein()["state"] == "crashed"


@pytest.mark.parametrize(
    ("code", "state", "error"),
    [
        (143, "crashed", "SystemExit: 143"),
        (130, "cancelled", "SystemExit: 130"),
        (124, "timeout", "SystemExit: 124"),
        (1, "failure", "SystemExit: 1"),
    ],
)
def test_an_exit_code_means_the_same_with_and_without_a_block(
    code: int, state: str, error: str, run: FakeRun, time: FakeTime
) -> None:
    with pytest.raises(SystemExit), manage(run, time):
        sys.exit(code)
    assert (run.protein()["state"], run.protein()["error"]) == (state, error)
    bare = FakeRun()
    manager = manage(bare, time)
    manager.set_state("running")
    manager._tracker.end_by_exit(code)  # noqa: SLF001 - called at the end of the process
    assert (bare.protein()["state"], bare.protein()["error"]) == (state, error)


def test_the_exit_code_of_sigterm_means_what_was_set_for_it(run: FakeRun, time: FakeTime) -> None:
    with pytest.raises(SystemExit), manage(run, time, on_sigterm="cancelled"):
        sys.exit(143)
    assert run.protein()["state"] == "cancelled"


@pytest.mark.parametrize("order", ["before", "after"])
def test_the_handler_of_wandbs_documentation_is_not_a_failure(
    order: str, emulator: Emulator, tmp_path: Path
) -> None:
    hook = "signal.signal(signal.SIGTERM, handler)\n"
    train(
        tmp_path,
        "def handler(number, frame): wandb.run.mark_preempting(); sys.exit(128 + number)\n"
        + (hook if order == "before" else "")
        + INIT
        + "manager = RobustSweepStateManager(wandb_run)\nmanager.start()\n"
        + (hook if order == "after" else "")
        + "os.kill(os.getpid(), signal.SIGTERM)\nwhile True: time.sleep(0.05)\n",
        emulator,
        returncode=143,
    )
    assert emulator.run("acme/rl/r1").summary["protein.state"] == "crashed"


FIRST_PROCESS = """
import os, signal
from janitor.lifecycle import RobustSweepStateManager
class Run:
    id, resumed, summary = "r1", False, {}
    def finish(self, exit_code=None): print("finished")
with RobustSweepStateManager(Run()) as manager:
    os.kill(os.getpid(), signal.SIGTERM)
    print(os.getpid(), Run.summary["protein.state"])
    manager.set_success(0.9)
print(Run.summary["protein.state"])
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare"
)
def test_the_first_process_of_a_container_goes_on() -> None:
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", FIRST_PROCESS],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "1 crashed\nsuccess\n"
