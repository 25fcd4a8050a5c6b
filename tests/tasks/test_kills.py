from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import pytest

from janitor.tasks import TaskStatus
from janitor.tasks.files import ManagerFiles
from tests.tasks.workplace import Bench

BUSY = """
    import sys
    from janitor.tasks import ManagerSettings, TaskManager
    from datetime import timedelta
    settings = ManagerSettings(save_every=timedelta(seconds=0.01), backups=1)
    with TaskManager(sys.argv[1], settings=settings, say=lambda _: None) as manager:
        manager.add_all((f"t{number}", "", {}) for number in range(5000))
        while (task := manager.assign("gpu0")) is not None:
            print("begun", task.task_id, flush=True)
            manager.complete(task.task_id)
            print("done", task.task_id, flush=True)
            if task.task_id.endswith("7"):
                manager.tick()
"""


def kill_managers(bench: Bench, times: int) -> None:
    chance = random.Random(8)
    begun: list[str] = []
    done: set[str] = set()
    command = [sys.executable, "-c", textwrap.dedent(BUSY), str(bench.state_file)]
    for _ in range(times):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(chance.randrange(1, 60))]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        words = [line.split() for line in lines if line.endswith("\n")]
        begun += [name for word, name in words if word == "begun"]
        done |= {name for word, name in words if word == "done"}
        found = ManagerFiles(bench.state_file).load().tasks
        lost = [name for name in done if found[name].status is not TaskStatus.COMPLETED]
        assert lost == []
        bench.now = datetime.now(UTC)
    assert len(begun) == len(set(begun)), "a task was begun twice"
    assert len(ManagerFiles(bench.state_file).load().tasks) == 5000


def test_a_manager_killed_ten_times_loses_nothing(bench: Bench) -> None:
    kill_managers(bench, 10)


@pytest.mark.long
def test_a_manager_killed_two_hundred_times_loses_nothing(bench: Bench) -> None:
    kill_managers(bench, 200)
