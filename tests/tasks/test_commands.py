from __future__ import annotations

import json
from datetime import timedelta

from click.testing import CliRunner, Result

from janitor.cli.root import cli
from janitor.runtime.clock import utc_now
from janitor.tasks import TaskManager
from janitor.tasks.files import ManagerFiles
from janitor.tasks.results import Row, write_row
from tests.tasks.workplace import Bench, statuses


def run(bench: Bench, *arguments: str) -> Result:
    command = ["tasks", *arguments, "--state", str(bench.state_file)]
    return CliRunner().invoke(cli, command)


def begin(bench: Bench) -> TaskManager:
    """Four tasks: one completed, one given up, one assigned, one waits."""
    bench.now = utc_now() - timedelta(hours=3)
    manager = bench.manager(max_retries=0)
    manager.add_all((name, "", {}) for name in "abcd")
    for name in "abc":
        manager.assign(f"gpu-{name}")
    bench.now += timedelta(seconds=90)
    manager.complete("a")
    manager.fail("b", "oops")
    return manager


def test_the_status_is_shown_while_a_manager_is_at_work(bench: Bench) -> None:
    manager = begin(bench)
    lines = run(bench, "status").stdout.splitlines()
    assert lines[:6] == [
        "1/4 (25.0%)",
        "  pending: 1",
        "  assigned: 1",
        "  completed: 1",
        "  failed: 1",
        "  gpu-a: 1 done, 90.0 s each, 0 assigned",
    ]
    assert lines[-1].startswith("manager: running (process")
    manager.close()
    told = json.loads(run(bench, "status", "--json").stdout)
    assert (told["completed"], told["manager"]) == (1, "not running")
    assert told["workers"]["gpu-a"] == {"done": 1, "assigned": 0, "mean_seconds": 90.0}


def test_assigned_tasks_are_listed(bench: Bench) -> None:
    begin(bench)
    (line,) = run(bench, "assigned").stdout.splitlines()
    assert line.startswith("c  gpu-c  3 hours")
    (task,) = json.loads(run(bench, "assigned", "--json").stdout)
    assert (task["task_id"], task["assigned_to"]) == ("c", "gpu-c")


def test_tasks_are_reset_unless_a_manager_is_at_work(bench: Bench) -> None:
    manager = begin(bench)
    refused = run(bench, "reset", "--failed")
    assert refused.exit_code == 1
    assert "is held by process" in refused.stderr
    manager.close()
    assert run(bench, "reset").exit_code == 2
    assert run(bench, "reset", "a").exit_code == 2
    assert run(bench, "reset", "--failed").stdout == "b  pending\n"
    again = bench.manager()
    assert statuses(again) == {"a": "completed", "b": "pending", "c": "pending", "d": "pending"}


def test_a_task_whose_result_is_there_is_not_reset(bench: Bench) -> None:
    begin(bench).close()
    elsewhere = bench.folder / "elsewhere"
    write_row(elsewhere / "r.csv", Row("b", "completed", "gpu-b"))
    results = ("--results", str(elsewhere))
    refused = run(bench, "reset", "b", "c", *results)
    assert refused.exit_code == 2
    assert "task b is completed" in refused.stderr
    assert run(bench, "reset", "--failed", "--assigned", *results).stdout == "nothing to reset\n"
    found = {
        name: task.status for name, task in ManagerFiles(bench.state_file).load().tasks.items()
    }
    assert found == {"a": "completed", "b": "completed", "c": "pending", "d": "pending"}


def test_a_reset_reports_what_else_it_found(bench: Bench) -> None:
    begin(bench).close()
    done = run(bench, "reset", "--failed")
    assert done.stdout == "b  pending\n"
    assert "Reassigning stale task c (assigned 3.0 hours ago)" in done.stderr


def test_stale_tasks_are_reset_as_the_assigned_ones_that_they_were(bench: Bench) -> None:
    begin(bench).close()
    assert run(bench, "reset", "--assigned").stdout == "c  pending\n"


def test_a_reset_of_what_is_not_there_writes_nothing(bench: Bench) -> None:
    begin(bench).close()
    before = {path.name: path.read_bytes() for path in bench.folder.iterdir()}
    refused = run(bench, "reset", "b", "nobody")
    assert refused.exit_code == 2
    assert "task nobody does not exist" in refused.stderr
    assert {path.name: path.read_bytes() for path in bench.folder.iterdir()} == before


def test_looking_writes_nothing(bench: Bench) -> None:
    begin(bench).close()
    bench.state_file.write_bytes(bench.state_file.read_bytes()[:-9])
    before = {path.name: path.read_bytes() for path in bench.folder.iterdir()}
    for command in ("status", "assigned"):
        for more in ((), ("--json",)):
            done = run(bench, command, *more)
            assert done.exit_code == 0
            assert "is damaged" in done.stderr
    assert {path.name: path.read_bytes() for path in bench.folder.iterdir()} == before


def test_a_state_is_recovered_without_a_manager(bench: Bench) -> None:
    begin(bench).close()
    write_row(bench.folder / "results_gpu" / "r.csv", Row("d", "completed", "gpu-d"))
    assert run(bench, "recover").stdout.splitlines() == [
        "Loaded state: 4 tasks, 1 assigned",
        "Reassigning stale task c (assigned 3.0 hours ago)",
        "Updating state with CSV completions...",
        "Marked 1 tasks as already completed",
        "Initial status: 2/4 (50.0%)",
        "Saved state: 4 tasks",
    ]


def test_a_state_that_is_not_there_is_reported(bench: Bench) -> None:
    missing = run(bench, "status")
    assert missing.exit_code == 2
    assert "does not exist" in missing.stderr
