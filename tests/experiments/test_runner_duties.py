"""What a runner must not do: begin twice, forget what still runs, take what is not its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from janitor.errors import HeldError, StateFileError, UsageError
from janitor.experiments import (
    ExperimentRunner,
    ExperimentState,
    ExperimentStatus,
    ProcessProgress,
    ProcessStatus,
    StateManager,
    config_hash,
)
from janitor.model import Liveness
from janitor.runtime.processes import ProcessIdentity
from tests.experiments.samples import dead_process, of_another_host
from tests.support.waiting import wait_until

CONFIG = {"lr": 0.1}
DONE = ["/bin/sh", "-c", "true"]

RUNNER = """
    import json, sys
    from janitor.experiments import ExperimentRunner, StateManager
    folder, config, *commands = sys.argv[1:]
    processes = [json.loads(command) for command in commands]
    ExperimentRunner(StateManager(folder)).run(json.loads(config), processes)
"""

STUBBORN = """
    import signal, sys
    work, gate = sys.argv[1:]

    def note(line):
        with open(work, "a") as file:
            file.write(line + chr(10))

    signal.signal(signal.SIGTERM, lambda *_: note("told"))
    note("begins")
    open(gate).read()
    note("ends")
"""


@pytest.fixture
def manager(tmp_path: Path) -> StateManager:
    return StateManager(tmp_path / "states")


def lines(work: Path) -> list[str]:
    return work.read_text().split() if work.exists() else []


def runner_of(
    manager: StateManager, config: object, *commands: Sequence[str]
) -> subprocess.Popen[str]:
    arguments = [str(manager.state_dir), json.dumps(config), *map(json.dumps, commands)]
    command = [sys.executable, "-c", textwrap.dedent(RUNNER), *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


# ---- told to stop --------------------------------------------------------------------------


def test_a_process_that_will_not_stop_is_not_forgotten(
    manager: StateManager, work: Path, gate: Path
) -> None:
    stubborn = [sys.executable, "-c", textwrap.dedent(STUBBORN), str(work), str(gate)]
    with runner_of(manager, CONFIG, stubborn) as runner:
        wait_until(lambda: lines(work) == ["begins"])
        runner.send_signal(signal.SIGINT)
        wait_until(lambda: lines(work) == ["begins", "told"])
        assert runner.poll() is None
        runner.send_signal(signal.SIGINT)
        runner.communicate(timeout=60)
    (state,) = manager.list()
    assert state.status is ExperimentStatus.INTERRUPTED
    assert state.process_progress[0].status is ProcessStatus.RUNNING
    assert state.is_subprocess_running()
    with ThreadPoolExecutor(1) as pool:
        resumed = pool.submit(ExperimentRunner(manager).run, CONFIG, [stubborn])
        wait_until(lambda: manager.list()[0].status is ExperimentStatus.RUNNING)
        gate.write_text("go")
        assert resumed.result(timeout=60).status is ExperimentStatus.AGGREGATED
    assert lines(work) == ["begins", "told", "ends"]


class InterruptedManager(StateManager):
    """The second Ctrl+C comes while the first is handled: at a read in the main thread."""

    def load(self, experiment_id: str) -> ExperimentState:
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        return super().load(experiment_id)


def test_a_second_interruption_is_never_lost(work: Path, gate: Path, tmp_path: Path) -> None:
    manager = InterruptedManager(tmp_path / "states")
    stubborn = [sys.executable, "-c", textwrap.dedent(STUBBORN), str(work), str(gate)]

    def interrupt() -> None:
        wait_until(lambda: lines(work) == ["begins"])
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            ExperimentRunner(manager).run(CONFIG, [stubborn])
    (state,) = manager.list()
    assert state.status is ExperimentStatus.INTERRUPTED
    assert state.is_subprocess_running()
    gate.write_text("go")
    wait_until(lambda: lines(work)[-1] == "ends")


def test_what_a_process_started_is_asked_to_stop_with_it(
    manager: StateManager, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    inner = f"sleep 600 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait"
    with runner_of(manager, CONFIG, ["/bin/sh", "-c", f"sh -c '{inner}'; true"]) as runner:
        wait_until(pids.exists)
        started = [ProcessIdentity.of(int(pid)) for pid in pids.read_text().split()]
        runner.send_signal(signal.SIGINT)
        runner.communicate(timeout=60)
    wait_until(lambda: {identity.liveness() for identity in started} == {Liveness.DEAD})
    (state,) = manager.list()
    assert state.process_progress[0].status is ProcessStatus.PENDING


def test_an_outcome_that_cannot_be_written_yet_is_not_lost(
    manager: StateManager, work: Path
) -> None:
    lock = manager.state_dir / ".lock"
    block = f"echo ends >> '{work}'; rm '{lock}' && mkdir '{lock}'"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ExperimentRunner(manager).run, CONFIG, [["/bin/sh", "-c", block]])
        wait_until(lock.is_dir)
        command = manager.list()[0].process_progress[0].command
        assert command is not None
        wait_until(lambda: command.liveness() is Liveness.DEAD)
        lock.rmdir()
        state = running.result(timeout=60)
    assert state.status is ExperimentStatus.AGGREGATED
    assert lines(work) == ["ends"]


# ---- two runners ---------------------------------------------------------------------------


def test_runners_that_start_at_once_have_an_experiment_each(manager: StateManager) -> None:
    runners = [runner_of(manager, {"lr": number}, DONE) for number in range(4)]
    assert [runner.communicate(timeout=60)[1] for runner in runners] == [""] * 4
    assert [state.status for state in manager.list()] == [ExperimentStatus.AGGREGATED] * 4


def test_runners_of_one_configuration_begin_one_experiment(
    manager: StateManager, work: Path, gate: Path
) -> None:
    command = ["/bin/sh", "-c", f"echo begins >> '{work}'; read go < '{gate}'"]
    runners = [runner_of(manager, CONFIG, command) for _ in range(4)]
    wait_until(lambda: sum(runner.poll() is not None for runner in runners) == 3)
    wait_until(lambda: lines(work))
    gate.write_text("go\n")
    told = [runner.communicate(timeout=60)[1] for runner in runners]
    assert sorted("is being run by" in text for text in told) == [False, True, True, True]
    assert [state.status for state in manager.list()] == [ExperimentStatus.AGGREGATED]
    assert lines(work) == ["begins"]


def test_what_another_aggregates_is_not_aggregated_beside_it(manager: StateManager) -> None:
    tried: list[str] = []

    def aggregate(_: ExperimentState) -> None:
        with runner_of(manager, CONFIG, DONE) as other:
            tried.append(other.communicate(timeout=60)[1])

    state = ExperimentRunner(manager, aggregate=aggregate).run(CONFIG, [DONE])
    assert "is being run by" in tried[0]
    assert state.status is ExperimentStatus.AGGREGATED


def test_an_aggregation_that_failed_is_left_to_the_next_runner(manager: StateManager) -> None:
    def fail(_: ExperimentState) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ExperimentRunner(manager, aggregate=fail).run(CONFIG, [DONE])
    with runner_of(manager, CONFIG, DONE) as other:
        assert other.communicate(timeout=60)[1] == ""
    assert [state.status for state in manager.list()] == [ExperimentStatus.AGGREGATED]


# ---- what is unknown, and what is another's ------------------------------------------------


def test_a_state_that_runs_and_does_not_say_where_is_not_run_beside_it(
    manager: StateManager,
) -> None:
    manager.state_dir.mkdir()
    document = {"experiment_id": "e", "status": "running", "config_hash": config_hash(CONFIG)}
    manager.path("e").write_text(json.dumps(document))
    with pytest.raises(HeldError, match="clean --gone e"):
        ExperimentRunner(manager).run(CONFIG, [DONE])
    assert json.loads(manager.path("e").read_text()) == document


def test_a_process_that_may_run_elsewhere_is_not_forgotten_when_a_resumption_fails(
    manager: StateManager,
) -> None:
    there = ProcessProgress(status=ProcessStatus.RUNNING, identity=of_another_host())
    manager.save(
        ExperimentState(
            experiment_id="e",
            status=ExperimentStatus.FAILED,
            config_hash=config_hash(CONFIG),
            owner=dead_process(),
            process_progress={0: there},
        )
    )
    for _ in range(2):
        with pytest.raises(StateFileError, match="cannot be checked from here whether it is alive"):
            ExperimentRunner(manager).run(CONFIG, [DONE])
    assert manager.load("e").process_progress[0] == there


def test_the_result_of_another_configuration_is_not_returned(manager: StateManager) -> None:
    runner = ExperimentRunner(manager)
    done = runner.run(CONFIG, [DONE])
    with pytest.raises(UsageError, match="has another configuration"):
        runner.run({"lr": 0.2}, [DONE], resume=done.experiment_id)


@pytest.mark.parametrize("command", ["python train.py", [], ["python", "train.py", 0], None])
def test_what_is_not_a_command_is_refused_before_anything_is_begun(
    manager: StateManager, command: list[str]
) -> None:
    with pytest.raises(UsageError, match="process 1: a command is a list of words"):
        ExperimentRunner(manager).run(CONFIG, [DONE, command])
    assert manager.list() == []
