from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from janitor.errors import NotFoundError, UsageError
from janitor.tasks import TaskManager, TaskStatus
from tests.tasks.workplace import NOON, Bench, statuses


def test_tasks_are_assigned_in_the_order_in_which_they_were_added(manager: TaskManager) -> None:
    first, second = manager.assign("gpu0"), manager.assign("gpu1")
    assert first is not None
    assert second is not None
    assert (first.task_id, first.assigned_to, first.assigned_at) == ("a", "gpu0", NOON)
    assert second.task_id == "b"
    manager.complete("a")
    assert statuses(manager) == {"a": "completed", "b": "assigned", "c": "pending"}
    manager.assign("gpu0")
    assert manager.assign("gpu0") is None
    assert [task.task_id for task in manager.assigned_tasks("gpu0")] == ["c"]


def test_a_task_is_tried_again_until_its_retries_are_used_up(bench: Bench) -> None:
    manager = bench.manager(max_retries=2)
    manager.add("a")
    for attempt in (1, 2, 3):
        manager.assign("gpu0")
        task = manager.fail("a", f"error {attempt}")
        assert (task.retry_count, task.last_error) == (attempt, f"error {attempt}")
    assert task.status is TaskStatus.FAILED
    assert manager.is_over
    (again,) = manager.reset(["a"])
    assert (again.status, again.retry_count) == (TaskStatus.PENDING, 0)


def test_a_completed_task_is_neither_failed_nor_reset(manager: TaskManager) -> None:
    manager.complete("a", "gpu0")
    assert manager.fail("a", "late").status is TaskStatus.COMPLETED
    with pytest.raises(UsageError, match="task a is completed"):
        manager.reset(["a"])


def test_a_task_that_is_added_again_stays_as_it_is(manager: TaskManager) -> None:
    manager.assign("gpu0")
    assert manager.add("a", "exp1", {"width": 4}).status is TaskStatus.ASSIGNED
    with pytest.raises(UsageError, match="task a exists already, with another phase"):
        manager.add("a", "exp1", {"width": 5})
    assert len(manager.tasks) == 3


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b"])
def test_an_id_that_cannot_be_printed_is_refused(manager: TaskManager, name: str) -> None:
    with pytest.raises(UsageError, match="is not a task id"):
        manager.add(name)


def test_unknown_tasks_are_reported(manager: TaskManager) -> None:
    for use in (manager.complete, lambda name: manager.fail(name, "e"), manager.task):
        with pytest.raises(NotFoundError, match="task z does not exist"):
            use("z")


def test_the_figures_of_a_worker(bench: Bench, manager: TaskManager) -> None:
    for minutes in (10, 20):
        task = manager.assign("gpu0")
        assert task is not None
        bench.now += timedelta(minutes=minutes)
        manager.complete(task.task_id)
    manager.assign("gpu1")
    figures = manager.figures()
    assert (figures["gpu0"].done, figures["gpu0"].mean_time) == (2, timedelta(minutes=15))
    assert (figures["gpu1"].done, figures["gpu1"].assigned) == (0, 1)
    assert figures["gpu1"].mean_time is None


def test_many_threads_share_a_manager(bench: Bench) -> None:
    manager = bench.manager()
    manager.add_all((f"t{number}", "", {}) for number in range(200))

    def work(worker: str) -> list[str]:
        done = []
        while (task := manager.assign(worker)) is not None:
            manager.complete(task.task_id)
            done.append(task.task_id)
        return done

    with ThreadPoolExecutor(4) as pool:
        done = [name for names in pool.map(work, "abcd") for name in names]
    assert sorted(done) == sorted(f"t{number}" for number in range(200))
