"""The document's three scenarios, with real processes."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from janitor.errors import HeldError
from janitor.tasks import TaskStatus, Worker
from janitor.tasks.files import ManagerFiles
from janitor.tasks.results import Row, write_row
from tests.support.waiting import wait_until

NAMES = [f"exp1_vary_width_{number}_42" for number in range(240)]
DONE = NAMES[-45:]
UNDER_WAY = NAMES[:3]

MANAGER = """
    import sys
    from datetime import UTC, datetime, timedelta
    from janitor.tasks import TaskManager, TaskServer
    state_file, hours, count = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    clock = lambda: datetime.now(UTC) + timedelta(hours=hours)
    with TaskManager(state_file, clock=clock, say=lambda line: print(line, flush=True)) as manager:
        names = [f"exp1_vary_width_{number}_42" for number in range(count)]
        manager.add_all((name, "exp1_vary_width", {"seed": 42}) for name in names)
        print("serving", flush=True)
        TaskServer(manager).serve()
"""
WORKER = """
    import os, sys
    from pathlib import Path
    from janitor.tasks import Worker
    name, state_file, gate = sys.argv[1:]
    def work(task):
        with Path(state_file).with_name("begun.txt").open("a") as file:
            file.write(task.task_id + "\\n")
        if gate:
            os.read(os.open(gate, os.O_RDONLY), 1)
        return {"accuracy": 0.5}
    Worker(name=name, state_file=Path(state_file), work=work).run()
"""


class World:
    """A folder with a manager and its workers, all of them processes."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.state_file = folder / "manager_state.json"
        self._stack = stack

    def start(self, code: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process

    def manager(
        self, hours: float = 0, count: int = 240
    ) -> tuple[subprocess.Popen[str], list[str]]:
        """A manager that serves, with its clock ahead, and the lines that it printed so far."""
        process = self.start(MANAGER, self.state_file, hours, count)
        assert process.stdout is not None
        lines = list(iter(lambda: process.stdout.readline().strip(), "serving"))  # type: ignore[union-attr]  # asserted above
        return process, lines

    def worker(self, name: str, gate: Path | str = "") -> subprocess.Popen[str]:
        return self.start(WORKER, name, self.state_file, gate)

    def begun(self) -> list[str]:
        path = self.folder / "begun.txt"
        return path.read_text().split() if path.exists() else []

    def statuses(self) -> dict[str, str]:
        tasks = ManagerFiles(self.state_file).load().tasks
        return {name: task.status.value for name, task in tasks.items()}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(tmp_path, stack)


def completed_by_workers(world: World) -> list[str]:
    """What the first three workers wrote down as completed."""
    rows = [
        row.split(",")
        for path in world.folder.glob("results_gpu[012]/results.csv")
        for row in path.read_text().splitlines()
    ]
    return sorted(row[0] for row in rows if row[-1] == "completed")


@pytest.fixture
def crashed(world: World) -> tuple[World, Path, list[subprocess.Popen[str]]]:
    """45 of 240 tasks are completed, three are under way, and the manager has crashed."""
    for name in DONE:
        write_row(world.folder / "results_gpu3" / "results.csv", Row(name, "completed", "gpu3"))
    gate = world.folder / "gate"
    os.mkfifo(gate)
    manager, lines = world.manager()
    assert lines == []
    workers = [world.worker(f"gpu{number}", gate) for number in range(3)]
    wait_until(lambda: sorted(world.begun()) == UNDER_WAY)
    manager.send_signal(signal.SIGKILL)
    manager.wait()
    return world, gate, workers


def test_scenario_1_a_manager_that_crashed_resumes_where_it_left_off(
    crashed: tuple[World, Path, list[subprocess.Popen[str]]],
) -> None:
    world, _, _ = crashed
    _, lines = world.manager(hours=0.5)
    # The document prints "Reassigning stale task" of a task that is "still valid".
    assert lines == [
        "Loaded state: 240 tasks, 3 assigned",
        *(f"Keeping task {name} (assigned 0.5 hours ago - still valid)" for name in UNDER_WAY),
        "Initial status: 45/240 (18.8%)",
    ]


def test_scenario_2_a_manager_that_was_down_for_hours_finds_what_was_completed(
    crashed: tuple[World, Path, list[subprocess.Popen[str]]],
) -> None:
    world, gate, workers = crashed
    with gate.open("w") as opened:
        opened.write("go!")  # a letter for each
        opened.flush()
        wait_until(lambda: completed_by_workers(world) == UNDER_WAY)
    for worker in workers:
        worker.kill()
        worker.wait()
    _, lines = world.manager(hours=3.2)
    assert lines == [
        "Loaded state: 240 tasks, 3 assigned",
        *(f"Reassigning stale task {name} (assigned 3.2 hours ago)" for name in UNDER_WAY),
        "Updating state with CSV completions...",
        "Marked 3 tasks as already completed",
        "Initial status: 48/240 (20.0%)",
    ]
    assert list(world.statuses().values()).count(TaskStatus.COMPLETED) == 48


def test_scenario_3_a_clean_shutdown_saves_all(world: World) -> None:
    manager, _ = world.manager()
    manager.send_signal(signal.SIGINT)
    said, _ = manager.communicate(timeout=60)
    assert said.splitlines() == ["Shutting down...", "Saved state: 240 tasks"]
    _, lines = world.manager()
    assert lines == ["Loaded state: 240 tasks, 0 assigned", "Initial status: 0/240 (0.0%)"]


def test_workers_finish_all_and_go_home(world: World) -> None:
    workers = [world.worker("gpu0"), world.worker("gpu1")]
    manager, _ = world.manager(count=20)
    assert manager.wait(timeout=60) == 0
    for worker in workers:
        assert worker.wait(timeout=60) == 0
    assert sorted(world.begun()) == sorted(NAMES[:20])
    assert set(world.statuses().values()) == {"completed"}


def test_a_worker_that_died_is_given_its_task_again(world: World) -> None:
    gate = world.folder / "gate"
    os.mkfifo(gate)
    manager, _ = world.manager(count=1)
    lost = world.worker("gpu0", gate)
    wait_until(world.begun)
    lost.kill()
    lost.wait()
    world.worker("gpu0")
    assert manager.wait(timeout=60) == 0
    assert world.begun() == NAMES[:1] * 2


def test_a_task_that_fails_is_tried_again_and_given_up(world: World) -> None:
    manager, _ = world.manager(count=1)

    def fail(_: object) -> None:
        raise RuntimeError("no memory")

    assert Worker(name="gpu0", state_file=world.state_file, work=fail).run() == 4
    assert manager.wait(timeout=60) == 0
    (task,) = ManagerFiles(world.state_file).load().tasks.values()
    assert (task.status, task.retry_count) == (TaskStatus.FAILED, 4)
    assert task.last_error == "RuntimeError: no memory"


def test_two_workers_of_one_name_are_refused(world: World) -> None:
    gate = world.folder / "gate"
    os.mkfifo(gate)
    world.manager(count=2)
    first = world.worker("gpu0", gate)
    wait_until(world.begun)
    with pytest.raises(HeldError, match=f"held by process {first.pid}"):
        Worker(name="gpu0", state_file=world.state_file, work=lambda _: None).run()


def kill_the_manager(world: World, times: int, count: int) -> None:
    chance = random.Random(4)
    workers = [world.worker("gpu0"), world.worker("gpu1")]
    for _ in range(times):
        manager = world.start(MANAGER, world.state_file, 0, count)
        Event().wait(chance.uniform(0.3, 1.5))
        manager.send_signal(signal.SIGKILL)
        manager.wait()
    last, lines = world.manager(count=count)
    assert re.fullmatch(r"Loaded state: \d+ tasks, [0-2] assigned", lines[0])
    assert last.wait(timeout=120) == 0
    for worker in workers:
        assert worker.wait(timeout=60) == 0
    assert sorted(world.begun()) == sorted(NAMES[:count]), "each was done, and once"
    assert set(world.statuses().values()) == {"completed"}


def test_ten_crashes_lose_no_task_and_repeat_none(world: World) -> None:
    kill_the_manager(world, 10, 100)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_hundred_crashes_lose_no_task_and_repeat_none(world: World) -> None:
    kill_the_manager(world, 200, 240)
