from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from janitor.tasks import TaskManager, TaskStatus
from janitor.tasks.results import Row, write_row
from tests.tasks.workplace import NOON, Bench, statuses


def results(bench: Bench, text: str) -> Path:
    path = bench.folder / "results_x" / "r.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(text)
    return path


def test_rows_are_read_once_and_whole(bench: Bench, manager: TaskManager) -> None:
    results(bench, "task_id,accuracy\na,0.5\nb,0.")
    assert manager.refresh_completed() == ["a"]
    assert manager.refresh_completed() == []
    results(bench, "25\nunknown,1\n")
    assert manager.refresh_completed() == ["b"]
    assert statuses(manager) == {"a": "completed", "b": "completed", "c": "pending"}


def test_a_torn_row_completes_nothing(bench: Bench, manager: TaskManager) -> None:
    path = bench.folder / "results_gpu0" / "results.csv"
    write_row(path, Row("b", "completed", "gpu0"))
    with path.open("a") as file:
        file.write("a,exp1,gp")
    write_row(path, Row("c", "completed", "gpu0"))
    assert manager.refresh_completed() == ["b", "c"]
    assert manager.task("a").status is TaskStatus.PENDING


def test_a_failure_counts_for_its_own_attempt_alone(bench: Bench, manager: TaskManager) -> None:
    path = bench.folder / "results_gpu0" / "results.csv"
    manager.assign("gpu0")
    write_row(path, Row("a", "failed", "gpu0", 0, finished_at=NOON, error="line 1\nline 2"))
    assert manager.refresh_completed() == []
    task = manager.task("a")
    assert (task.status, task.retry_count, task.last_error) == ("pending", 1, "line 1 line 2")
    bench.now += timedelta(minutes=1)
    manager.reset(["a"])
    manager.assign("gpu0")
    manager.assign("gpu0")
    manager.assign("gpu0")
    bench.dies(manager)
    again = bench.manager()
    assert again.task("a").status is TaskStatus.ASSIGNED


def test_files_that_are_not_results_are_left_alone(bench: Bench, manager: TaskManager) -> None:
    results(bench, "epoch,loss\n1,2\n")
    (bench.folder / "results_x" / "empty.csv").touch()
    (bench.folder / "results_x" / "odd.csv").write_bytes(b"task_id\n\xff\xfe\n")
    assert manager.refresh_completed() == []
    assert len(bench.problems) == 2
    told = " ".join(bench.problems)
    assert "odd.csv is not in UTF-8" in told
    assert "r.csv has no column task_id in its first line: no row of it counts" in told


def test_a_results_folder_may_be_named(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    write_row(folder / "deep" / "r.csv", Row("a", "completed", "gpu0", started_at=NOON))
    manager = TaskManager(bench.state_file, folder, say=bench.lines.append)
    manager.add("a")
    assert manager.refresh_completed() == ["a"]
    task = manager.task("a")
    assert (task.assigned_to, task.started_at) == ("gpu0", NOON)
