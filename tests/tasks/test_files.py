from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from janitor.errors import HeldError, StateFileError
from janitor.tasks import TaskManager, TaskStatus
from janitor.tasks.files import ManagerFiles
from janitor.tasks.results import Row, write_row
from tests.tasks.workplace import Bench, statuses


def test_each_change_is_on_disk_before_the_next_save(bench: Bench) -> None:
    manager = bench.manager()
    manager.add_all((name, "", {}) for name in "abcd")
    for _ in range(3):
        manager.assign("gpu0")
    manager.complete("a")
    manager.fail("b", "oops")
    assert bench.document()["tasks"] == {}, "nothing was saved since the start"
    bench.dies(manager)
    again = bench.manager()
    assert statuses(again) == {
        "a": "completed",
        "b": "pending",
        "c": "assigned",
        "d": "pending",
    }
    assert again.task("b").last_error == "oops"


def test_the_state_is_saved_at_the_start_every_50_seconds_and_at_the_end(bench: Bench) -> None:
    def saved() -> int:
        generation: int = bench.document()["_janitor"]["generation"]
        return generation

    manager = bench.manager()
    assert saved() == 1
    for bench.seconds in (1, 49.9, 50, 99.9, 100):
        manager.tick()
    assert saved() == 3
    manager.close()
    manager.close()
    assert saved() == 4
    assert bench.lines == ["Saved state: 0 tasks"]


def test_the_cycle_reassigns_what_is_stale_and_takes_in_results(bench: Bench) -> None:
    manager = bench.manager()
    manager.add_all((name, "", {}) for name in "abc")
    manager.assign("gpu0")
    manager.assign("gpu1")
    write_row(bench.folder / "results_gpu1" / "r.csv", Row("b", "completed", "gpu1"))
    bench.now += timedelta(hours=2, seconds=1)
    bench.seconds = 50
    manager.tick()
    assert statuses(manager) == {"a": "pending", "b": "completed", "c": "pending"}
    assert bench.lines == [
        f"Reassigning stale task {name} (assigned 2.0 hours ago)" for name in "ab"
    ]


def test_two_hours_are_not_stale_yet(bench: Bench, manager: TaskManager) -> None:
    manager.assign("gpu0")
    bench.now += timedelta(hours=2)
    assert manager.reassign_stale() == []


def test_earlier_states_are_kept(bench: Bench) -> None:
    manager = bench.manager(backups=2)
    for name in "abcd":
        manager.add(name)
        manager.save()
    kept = [json.loads((bench.folder / f"{bench.name}.{n}").read_text()) for n in (1, 2)]
    assert [sorted(state["tasks"]) for state in kept] == [["a", "b", "c"], ["a", "b"]]
    assert not (bench.folder / f"{bench.name}.3").exists()
    logs = sorted(path.name for path in bench.folder.glob("*.log-*"))
    assert logs == [f"{bench.name}.log-{number}" for number in (3, 4)]


@pytest.mark.parametrize("how", ["cut", "zeros", "bit"])
def test_a_damaged_state_loses_nothing(bench: Bench, how: str) -> None:
    manager = bench.manager()
    manager.add_all((name, "", {}) for name in "ab")
    manager.save()
    manager.assign("gpu0")
    manager.save()
    manager.complete("a")
    bench.dies(manager)
    whole = bench.state_file.read_bytes()
    harm: dict[str, Callable[[], bytes]] = {
        "cut": lambda: whole[:50],
        "zeros": lambda: bytes(len(whole)),
        "bit": lambda: whole.replace(b'"pending"', b'"failed"'),
    }
    bench.state_file.write_bytes(harm[how]())
    again = bench.manager()
    assert statuses(again) == {"a": "completed", "b": "pending"}
    assert "is damaged" in bench.problems[0]
    (kept,) = bench.folder.glob(f"{bench.name}.corrupt-*")
    assert kept.read_bytes() == harm[how]()
    bench.dies(again)
    assert statuses(bench.manager()) == {"a": "completed", "b": "pending"}
    assert len(bench.problems) == 2


def test_a_damaged_log_is_reported_with_the_way_out(bench: Bench, manager: TaskManager) -> None:
    manager.complete("a")
    manager.complete("b")
    bench.dies(manager)
    (log,) = bench.folder.glob("*.log-1")
    first, _, *rest = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([first, b"damaged\n", *rest]))
    with pytest.raises(StateFileError, match=r"line 2 is not a record.* move it away"):
        bench.manager()
    log.rename(bench.folder / "away")
    assert statuses(bench.manager()) == {}


def test_without_any_good_state_nothing_starts_from_the_beginning(bench: Bench) -> None:
    bench.manager().close()
    for path in bench.folder.glob(f"{bench.name}*"):
        path.write_bytes(b"{")
    with pytest.raises(StateFileError, match="no backup is usable"):
        bench.manager()
    assert bench.state_file.read_bytes() == b"{"


def test_a_state_that_was_removed_starts_from_the_beginning(
    bench: Bench, manager: TaskManager
) -> None:
    manager.save()
    manager.complete("a")
    bench.dies(manager)
    bench.state_file.unlink()
    fresh = bench.manager()
    assert fresh.tasks == ()
    fresh.add("z")
    bench.dies(fresh)
    bench.state_file.write_bytes(b"damaged")
    with pytest.raises(StateFileError, match="no backup is usable"):
        bench.manager()
    assert list(bench.folder.glob(f"{bench.name}.1.before-*")), "what was is kept"


def test_who_only_reads_sees_each_change(bench: Bench, manager: TaskManager) -> None:
    reader = ManagerFiles(bench.state_file)
    before = reader.signature()
    manager.complete("a")
    assert reader.load().tasks["a"].status is TaskStatus.COMPLETED
    assert reader.signature() != before


def test_what_cannot_be_written_did_not_happen(bench: Bench, manager: TaskManager) -> None:
    with pytest.raises(StateFileError):
        manager.add("x", "", {"a": object()})
    assert "x" not in statuses(manager)
    manager.save()
    assert bench.document()["_janitor"]["generation"] == 2


def test_a_second_manager_is_refused_with_the_name_of_the_first(bench: Bench) -> None:
    code = """
        import sys
        from janitor.tasks import TaskManager
        with TaskManager(sys.argv[1]):
            print("ready", flush=True)
            sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(bench.state_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with pytest.raises(HeldError, match=rf"is held by process {first.pid} on .+: stop it"):
            bench.manager()
        first.send_signal(signal.SIGKILL)
        first.wait()
    bench.manager()


def test_a_manager_may_be_closed_by_another_thread(bench: Bench, manager: TaskManager) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(manager.close).result()
    assert bench.lines == ["Saved state: 3 tasks"]
    assert statuses(bench.manager()) == {"a": "pending", "b": "pending", "c": "pending"}


def test_a_manager_that_was_closed_writes_nothing_more(bench: Bench, manager: TaskManager) -> None:
    manager.close()
    second = bench.manager()
    with pytest.raises(HeldError, match="was released"):
        manager.complete("a")
    with pytest.raises(HeldError, match="was released"):
        manager.save()
    assert set(statuses(manager).values()) == {"pending"}
    second.add("z")
    bench.dies(second)
    assert list(statuses(bench.manager())) == ["a", "b", "c", "z"]
