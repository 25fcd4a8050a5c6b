"""The reference worker: what it makes of a task's end, and when it takes too long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import pytest

from janitor.tasks import ManagerSettings, Task, TaskManager, TaskServer, TaskStatus, Worker
from tests.support.waiting import wait_until
from tests.tasks.workplace import Bench

SECOND = timedelta(seconds=1)
A_LONG_TIME = 600


@contextmanager
def serving(bench: Bench, results: Path | None = None) -> Iterator[TaskManager]:
    """A manager of the tasks a and b that answers workers, in a thread."""
    settings = ManagerSettings(max_retries=1, on_problem=bench.problems.append)
    stop = Event()
    with TaskManager(bench.state_file, results, settings=settings, say=lambda _: None) as manager:
        manager.add_all((name, "", {}) for name in "ab")
        thread = Thread(target=TaskServer(manager).serve, args=(stop,))
        thread.start()
        try:
            yield manager
        finally:
            stop.set()
            thread.join()


def run(bench: Bench, work: Callable[[Task], Any], **more: Any) -> dict[str, Task]:
    """What became of the tasks, and how often each was tried."""
    with serving(bench) as manager:
        Worker(name="gpu0", state_file=bench.state_file, work=work, **more).run()
        return {task.task_id: task for task in manager.tasks}


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("timeout", [None, 60 * SECOND])
@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        (lambda: sys.exit(3), "failed", "SystemExit: 3"),
        (lambda: sys.exit("no data"), "failed", "SystemExit: no data"),
        (sys.exit, "completed", None),
        (lambda: {("a", 1): {2}}, "completed", None),
        (lambda: {"file": "\ud800"}, "completed", None),
        (lambda: open("\ud800"), "failed", "UnicodeEncodeError: "),  # noqa: SIM115, PTH123 - it fails
        (lambda: 1 / 0, "failed", "ZeroDivisionError: division by zero"),
    ],
)
def test_however_a_task_ends_its_worker_goes_on(
    bench: Bench,
    timeout: timedelta | None,
    end: Callable[[], Any],
    status: str,
    error: str | None,
) -> None:
    found = run(bench, lambda _: end(), timeout=timeout)
    assert {task.status for task in found.values()} == {status}
    for task in found.values():
        assert (task.last_error or "").startswith(error or "")
        assert (task.last_error is None) == (error is None)


def test_an_error_that_cannot_be_written_in_utf_8_is_reported(bench: Bench) -> None:
    def work(_: Task) -> None:
        raise OSError("no file \ud800\n in sight")

    found = run(bench, work)
    assert found["a"].last_error == "OSError: no file \\ud800 in sight"


def test_work_may_change_the_working_directory(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(bench.folder)
    with serving(bench) as manager:
        worker = Worker(
            name="gpu0",
            state_file=Path(bench.name),
            work=lambda _: os.chdir(tmp_path / "elsewhere"),
        )
        assert worker.run() == 2
        assert manager.is_over
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_results_that_the_manager_does_not_look_at_are_sent_to_it(
    bench: Bench, tmp_path: Path
) -> None:
    done = []
    (tmp_path / "here").mkdir()
    with serving(bench, tmp_path / "here") as manager:
        worker = Worker(
            name="gpu0",
            state_file=bench.state_file,
            work=lambda task: done.append(task.task_id),
            results=tmp_path / "there" / "r.csv",
        )
        assert worker.run() == 2
        assert manager.figures()["gpu0"].done == 2
    assert done == ["a", "b"]


def test_a_task_that_is_given_again_is_assigned_from_then_on(bench: Bench) -> None:
    manager = bench.manager()
    manager.add("a")
    manager.assign("gpu0")
    bench.now += timedelta(hours=1.9)
    again = manager.assign_again("gpu0")
    assert again is not None
    assert (again.task_id, again.assigned_at, again.retry_count) == ("a", bench.now, 0)
    bench.now += timedelta(hours=1.9)
    assert manager.reassign_stale() == []
    assert manager.assign_again("gpu1") is None


def test_a_task_that_takes_too_long_is_stopped_and_tried_again(bench: Bench) -> None:
    tried = bench.folder / "tried"

    def work(task: Task) -> None:
        with tried.open("a") as file:
            file.write(task.task_id)
        if task.task_id == "a":
            Event().wait(A_LONG_TIME)

    found = run(bench, work, timeout=SECOND / 2)
    assert {name: task.status for name, task in found.items()} == {
        "a": TaskStatus.FAILED,
        "b": TaskStatus.COMPLETED,
    }
    assert found["a"].last_error == "TimeoutError: it took longer than 0.5 s and was stopped"
    assert sorted(tried.read_text()) == ["a", "a", "b"]


STUBBORN = f"""
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: open(sys.argv[1] + ".asked", "w"))
open(sys.argv[1], "w").write(str(os.getpid()))
end = time.monotonic() + {A_LONG_TIME}
while time.monotonic() < end:
    time.sleep(1)
"""


def test_what_the_task_started_is_asked_to_end_and_then_killed(bench: Bench) -> None:
    note = bench.folder / "pid"

    def work(_: Task) -> None:
        subprocess.run([sys.executable, "-c", STUBBORN, str(note)], check=False)

    with serving(bench) as manager:
        worker = Worker(
            name="gpu0", state_file=bench.state_file, work=work, timeout=2 * SECOND, grace=SECOND
        )
        worker.stop.set()  # one task alone
        outcome = worker.attempt(manager.tasks[0])
    assert outcome.error == "TimeoutError: it took longer than 2 s and was stopped"
    assert (bench.folder / "pid.asked").exists()
    wait_until(lambda: is_gone(int(note.read_text())))


def test_a_task_that_is_killed_by_the_system_has_failed(bench: Bench) -> None:
    found = run(bench, lambda _: os.kill(os.getpid(), signal.SIGKILL), timeout=60 * SECOND)
    assert found["a"].last_error == "ChildProcessError: its process was killed by SIGKILL"


def test_results_of_any_size_come_back(bench: Bench) -> None:
    assert run(bench, lambda _: {"log": "x" * 3_000_000}, timeout=60 * SECOND)["a"].status == (
        TaskStatus.COMPLETED
    )
    text = (bench.folder / "results_gpu0" / "results.csv").read_text()
    assert len(text) > 6_000_000


WORKER = f"""
    import os, sys, time
    from datetime import timedelta
    from pathlib import Path
    from janitor.tasks import Worker
    state_file = Path(sys.argv[1])
    def work(task):
        state_file.with_name("pid").write_text(str(os.getpid()))
        time.sleep({A_LONG_TIME})
    Worker(name="gpu0", state_file=state_file, work=work, timeout=timedelta(hours=1)).run()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_task_dies_with_its_worker(bench: Bench, how: signal.Signals) -> None:
    note = bench.folder / "pid"
    command = [sys.executable, "-c", textwrap.dedent(WORKER), str(bench.state_file)]
    with serving(bench), subprocess.Popen(command, stderr=subprocess.DEVNULL) as worker:
        wait_until(lambda: note.exists() and note.read_text())
        assert int(note.read_text()) != worker.pid
        worker.send_signal(how)
        worker.wait()
        wait_until(lambda: is_gone(int(note.read_text())))
