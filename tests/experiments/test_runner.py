from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from janitor.errors import HeldError, NotFoundError, UsageError
from janitor.experiments import (
    ExperimentRunner,
    ExperimentState,
    ExperimentStatus,
    ProcessStatus,
    StateManager,
    mark_progress,
)
from janitor.runtime.processes import this_process
from tests.support.waiting import wait_until

CONFIG = {"lr": 0.1}
SHELL = ("/bin/sh", "-c")


@pytest.fixture
def manager(tmp_path: Path) -> StateManager:
    return StateManager(tmp_path / "states")


def says(work: Path, line: str, then: str = "") -> list[str]:
    """A process that writes down one line of work."""
    return [*SHELL, f"echo {line} >> '{work}'; {then}"]


def lines(work: Path) -> list[str]:
    return sorted(work.read_text().split()) if work.exists() else []


def statuses(state: ExperimentState) -> list[str]:
    return [progress.status.value for progress in state.process_progress.values()]


# ---- the flow ------------------------------------------------------------------------------


def test_an_experiment_runs_to_its_aggregated_end(manager: StateManager, work: Path) -> None:
    runner = ExperimentRunner(manager, aggregate=lambda _: lines(work))
    state = runner.run(CONFIG, [says(work, "zero"), says(work, "one"), says(work, "two")])
    assert state.status is ExperimentStatus.AGGREGATED
    assert state.result == ["one", "two", "zero"]
    assert statuses(state) == ["completed"] * 3
    assert state == manager.load(state.experiment_id)
    assert [progress.exit_code for progress in state.process_progress.values()] == [0, 0, 0]


def test_only_what_failed_is_run_again(manager: StateManager, work: Path, tmp_path: Path) -> None:
    flag = tmp_path / "repaired"
    processes = [says(work, "zero"), says(work, "one", f"test -e '{flag}' || exit 3")]
    runner = ExperimentRunner(manager)
    failed = runner.run(CONFIG, processes)
    assert failed.status is ExperimentStatus.FAILED
    assert statuses(failed) == ["completed", "failed"]
    assert failed.error == "process 1: exit code 3"
    flag.touch()
    state = runner.run(CONFIG, processes)
    assert (state.experiment_id, state.status) == (failed.experiment_id, "aggregated")
    assert lines(work) == ["one", "one", "zero"]
    assert state.process_progress[1].attempts == 2
    assert state.error is None


def test_an_aggregation_that_failed_is_done_again_alone(manager: StateManager, work: Path) -> None:
    def fail(_: ExperimentState) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ExperimentRunner(manager, aggregate=fail).run(CONFIG, [says(work, "zero")])
    (state,) = manager.find_incomplete()
    assert state.status is ExperimentStatus.COMPLETED
    state = ExperimentRunner(manager, aggregate=lambda _: 7).run(CONFIG, [says(work, "zero")])
    assert (state.status, state.result, lines(work)) == ("aggregated", 7, ["zero"])


def test_other_configurations_and_finished_experiments_are_not_resumed(
    manager: StateManager, work: Path
) -> None:
    runner = ExperimentRunner(manager)
    first = runner.run(CONFIG, [says(work, "zero")])
    again = runner.run(CONFIG, [says(work, "zero")])
    other = runner.run({"lr": 0.2}, [says(work, "zero")])
    fresh = runner.run({"lr": 0.2}, [says(work, "zero")], resume=False)
    named = runner.run({"lr": 0.2}, [says(work, "zero")], resume=other.experiment_id)
    assert named == other
    ids = {state.experiment_id for state in (first, again, other, fresh)}
    assert len(ids) == 4
    assert lines(work) == ["zero"] * 4


def test_what_cannot_be_resumed_is_refused(manager: StateManager, work: Path) -> None:
    manager.create("exp_1", num_processes=2, config=CONFIG)
    runner = ExperimentRunner(manager)
    with pytest.raises(UsageError, match="has another configuration"):
        runner.run({"lr": 3}, [says(work, "0"), says(work, "1")], resume="exp_1")
    with pytest.raises(UsageError, match="has 2 processes: it cannot be resumed with 1"):
        runner.run(CONFIG, [says(work, "0")], resume="exp_1")
    with pytest.raises(NotFoundError):
        runner.run(CONFIG, [says(work, "0")], resume="exp_2")
    with pytest.raises(UsageError, match="at least one process"):
        runner.run(CONFIG, [])
    assert lines(work) == []


def test_an_experiment_that_another_runs_is_refused(manager: StateManager, work: Path) -> None:
    state = manager.create("exp_1", config=CONFIG)
    state.status = ExperimentStatus.RUNNING
    state.owner = this_process().model_copy(update={"host": "elsewhere"})
    manager.save(state)
    with pytest.raises(HeldError, match=r"may still be run by process \d+ on elsewhere"):
        ExperimentRunner(manager).run(CONFIG, [says(work, "0")])
    assert lines(work) == []


def test_a_process_that_is_killed_is_reported(manager: StateManager) -> None:
    state = ExperimentRunner(manager).run(CONFIG, [[*SHELL, "kill -9 $$"]])
    assert state.error == "process 0: ended by signal 9"


def test_a_process_killed_with_its_watcher_is_reported(manager: StateManager) -> None:
    state = ExperimentRunner(manager).run(CONFIG, [[*SHELL, "kill -9 $PPID; kill -9 $$"]])
    assert state.error == "process 0: its process was killed"


def test_a_command_that_does_not_exist_fails_and_its_log_says_why(manager: StateManager) -> None:
    state = ExperimentRunner(manager).run(CONFIG, [["no-such-command-here"]])
    assert state.error == "process 0: exit code 127"
    log = manager.state_dir / "logs" / f"{state.experiment_id}.0.log"
    assert "not found" in log.read_text()


def test_no_more_processes_run_at_once_than_said(manager: StateManager, work: Path) -> None:
    alone = [*SHELL, f"mkdir '{work}.d' || echo clash >> '{work}'; sleep 0.1; rmdir '{work}.d'"]
    state = ExperimentRunner(manager, parallel=1).run(CONFIG, [alone] * 3)
    assert state.status is ExperimentStatus.AGGREGATED
    assert lines(work) == []


def test_a_process_marks_its_own_progress(manager: StateManager) -> None:
    code = "from janitor.experiments import mark_progress; mark_progress(2); mark_progress()"
    state = ExperimentRunner(manager).run(CONFIG, [[sys.executable, "-c", code]])
    assert (state.runs_completed, state.process_progress[0].runs_completed) == (3, 3)


def test_a_process_of_no_experiment_has_no_progress_to_mark() -> None:
    with pytest.raises(UsageError, match="does not belong to an experiment"):
        mark_progress(environ={})


# ---- killed and resumed --------------------------------------------------------------------

RUNNER = """
    import sys
    from pathlib import Path
    from janitor.experiments import ExperimentRunner, StateManager
    folder, *commands = sys.argv[1:]
    runner = ExperimentRunner(StateManager(Path(folder)))
    runner.run({"lr": 0.1}, [["/bin/sh", "-c", command] for command in commands])
"""


@pytest.fixture
def half_way(
    manager: StateManager, work: Path, gate: Path
) -> Iterator[tuple[subprocess.Popen[bytes], list[list[str]]]]:
    """A runner whose first process has completed, and whose second is in the middle."""
    processes = [
        says(work, "zero"),
        says(work, "one-begins", f"read go < '{gate}'; echo one-ends >> '{work}'"),
    ]
    commands = [command[-1] for command in processes]
    code = textwrap.dedent(RUNNER)
    with subprocess.Popen([sys.executable, "-c", code, manager.state_dir, *commands]) as runner:
        wait_until(lambda: "one-begins" in lines(work))
        wait_until(lambda: manager.list()[0].processes_completed == 1)
        yield runner, processes
        runner.kill()


@pytest.fixture
def cut_off(half_way: tuple[subprocess.Popen[bytes], list[list[str]]]) -> list[list[str]]:
    """The processes of a runner that was killed half way."""
    runner, processes = half_way
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    return processes


def kill_all_of(manager: StateManager) -> None:
    """Kill what is at work on an experiment, as a machine that goes down does."""
    (state,) = manager.list()
    for progress in state.process_progress.values():
        for identity in progress.identities():
            process = psutil.Process(identity.pid)
            process.kill()
            psutil.wait_procs([process], timeout=10)


def test_a_runner_killed_half_way_does_no_work_twice_when_it_is_resumed(
    manager: StateManager, work: Path, gate: Path, cut_off: list[list[str]]
) -> None:
    assert manager.cleanup_stale() == [], "its second process is still at work"
    with ThreadPoolExecutor(1) as pool:
        resumed = pool.submit(ExperimentRunner(manager).run, CONFIG, cut_off)
        wait_until(lambda: manager.list()[0].owner == this_process())
        gate.write_text("go\n")
        state = resumed.result(timeout=60)
    assert state.status is ExperimentStatus.AGGREGATED
    assert lines(work) == ["one-begins", "one-ends", "zero"]
    assert [progress.attempts for progress in state.process_progress.values()] == [1, 1]


def test_what_the_machine_took_with_it_is_run_again_and_nothing_else(
    manager: StateManager, work: Path, gate: Path, cut_off: list[list[str]]
) -> None:
    kill_all_of(manager)
    (name,) = manager.cleanup_stale()
    assert statuses(manager.load(name)) == ["completed", "pending"]
    with ThreadPoolExecutor(1) as pool:
        resumed = pool.submit(ExperimentRunner(manager).run, CONFIG, cut_off, resume=name)
        gate.write_text("go\n")
        state = resumed.result(timeout=60)
    assert state.status is ExperimentStatus.AGGREGATED
    assert lines(work) == ["one-begins", "one-begins", "one-ends", "zero"]


def test_an_outcome_is_written_down_without_the_runner(
    manager: StateManager, work: Path, gate: Path, cut_off: list[list[str]]
) -> None:
    gate.write_text("go\n")
    wait_until(lambda: manager.list()[0].processes_completed == 2)
    state = ExperimentRunner(manager, aggregate=lambda _: 1).run(CONFIG, cut_off)
    assert (state.status, state.result) == (ExperimentStatus.AGGREGATED, 1)
    assert lines(work) == ["one-begins", "one-ends", "zero"]


def test_ctrl_c_stops_the_processes_and_leaves_the_rest_for_later(
    manager: StateManager,
    work: Path,
    half_way: tuple[subprocess.Popen[bytes], list[list[str]]],
) -> None:
    runner, _ = half_way
    identities = manager.list()[0].process_progress[1].identities()
    runner.send_signal(signal.SIGINT)
    assert runner.wait(timeout=60) == -signal.SIGINT
    (state,) = manager.list()
    assert state.status is ExperimentStatus.INTERRUPTED
    assert statuses(state) == ["completed", ProcessStatus.PENDING]
    assert {identity.liveness() for identity in identities} == {"dead"}
    assert lines(work) == ["one-begins", "zero"]
