"""Workers' CSV files as they really are: torn, rewritten, quoted, in odd encodings, huge."""

from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path

import pytest

from janitor.errors import StateFileError
from janitor.tasks import TaskManager
from janitor.tasks.result_files import ResultReader
from janitor.tasks.results import COMPLETED, Row, as_json, write_row
from tests.tasks.workplace import Bench, statuses


@pytest.fixture
def file(bench: Bench) -> Path:
    path = bench.folder / "results_x" / "r.csv"
    path.parent.mkdir()
    return path


def whole_file(folder: Path, rows: int) -> bytes:
    """What a worker writes for t0, t1 and so on, with results that hold commas and quotes."""
    path = folder / "whole" / "w.csv"
    for number in range(rows):
        result = as_json({"loss": number / 3, "said": 'so "it" is,\nor not'})
        write_row(path, Row(f"t{number}", "completed", "gpu0", 0), phase="a\nb", result=result)
    return path.read_bytes()


def test_wherever_a_row_was_torn_it_completes_nothing_and_hides_no_other(
    bench: Bench, file: Path
) -> None:
    whole = whole_file(bench.folder, 1)
    header, row = whole.splitlines(keepends=True)
    for cut in range(1, len(row)):
        file.write_bytes(header + row[:cut])
        write_row(file, Row("u", "completed", "gpu0"), result=as_json({"loss": 1}))
        write_row(file, Row("v", "completed", "gpu0"), result=as_json({"loss": 1}))
        reader = ResultReader(file.parent, bench.state_file, bench.problems.append)
        found = [row.task_id for row in reader.new_rows() if row.status == COMPLETED]
        assert found == (["t0"] if cut == len(row) - 1 else []) + ["u", "v"], row[:cut]


def test_a_file_that_grows_byte_by_byte_is_read_as_one_that_is_whole(
    bench: Bench, file: Path
) -> None:
    manager = bench.manager()
    manager.add_all((f"t{number}", "", {}) for number in range(9))
    whole, chance, found = whole_file(bench.folder, 9), random.Random(1), list[str]()
    while whole:
        size = chance.randrange(1, 60)
        with file.open("ab") as opened:
            opened.write(whole[:size])
        whole = whole[size:]
        found += manager.refresh_completed()
    assert found == [f"t{number}" for number in range(9)]
    assert bench.problems == []


def test_rows_of_several_lines_are_rows(manager: TaskManager, file: Path) -> None:
    file.write_text('task_id,note\na,"one, two\n\nthree"\nb,"x\n')
    assert manager.refresh_completed() == ["a"]
    with file.open("a") as opened:
        opened.write('y"\nc,\n')
    assert manager.refresh_completed() == ["b", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "task_id,loss\na,0.5,\nb,0.1,\n",
        "task_id,loss\na\nb,0.1,more,and more\n",
        "loss,task_id\r\n0.5,a\r\n0.1,b\r\n",
        "task_id,loss\na,1\na,1\nb,1\ntask_id,loss\na,2\n",
        "loss;task_id;note\n0,5;a;x\n0,1;b;y, z\n",
        "task_id\tloss\r\na\t1\r\nb\t2\r\n",
        "loss|task_id\n1|a\n2|b\n",
        "task_id,loss\ra,1\rb,2\r",
        '"loss" ;"task_id"\n1;a\n2;"b"\n',
        f"task_id,attempt\na,{'9' * 5000}\nb,1\n",
        "task_id,started_at,finished_at\na,0001-01-01T00:00:00,\nb,x,9999-12-31T23:59:59-14:00\n",
        "\ufefftask_id\na\nb\n",
        'task_id,status\na,completed\nc,running\nb,completed\nc,\nc\nc,"',
    ],
)
def test_what_other_workers_write_counts(
    bench: Bench, manager: TaskManager, file: Path, text: str
) -> None:
    file.write_text(text, "utf-8")
    assert manager.refresh_completed() == ["a", "b"]
    assert (statuses(manager)["c"], bench.problems) == ("pending", [])


def test_ids_are_text(bench: Bench, file: Path) -> None:
    manager = bench.manager()
    names = ["001", "1", "1.0", "NA", "nan", "true", "größe", "a,b", 'say "a"']
    manager.add_all((name, "", {}) for name in names)
    for name in names:
        write_row(file, Row(name, "completed", "gpu0"))
    assert manager.refresh_completed() == names


def test_another_encoding_is_reported_once_and_spoils_no_ids(
    bench: Bench, manager: TaskManager, file: Path
) -> None:
    file.write_bytes("task_id,error\na,größe\nb,\n".encode("latin-1"))
    file.with_name("wide.csv").write_bytes("task_id\nc\n".encode("utf-16"))
    assert manager.refresh_completed() == ["a", "b"]
    manager.refresh_completed()
    assert [problem.partition(" is ")[2] for problem in bench.problems] == [
        "not in UTF-8: characters that cannot be read are replaced",
        "in UTF-16: results are read in UTF-8",
    ]


@pytest.mark.parametrize(
    "text", ["task_id,loss\na,1\nb,2\n", "task_id\na\n", "task_id,loss\na,2\n"]
)
def test_a_file_that_is_rewritten_is_read_again(
    manager: TaskManager, file: Path, text: str
) -> None:
    file.write_text("task_id,loss\nb,2\n")
    os.utime(file, (1, 1))
    assert manager.refresh_completed() == ["b"]
    file.write_text(text)
    assert manager.refresh_completed() == ["a"]


def test_a_file_with_cr_alone_that_grows_is_read_on(manager: TaskManager, file: Path) -> None:
    file.write_bytes(b"task_id,loss\ra,1\rb,")
    assert manager.refresh_completed() == ["a"]
    with file.open("ab") as opened:
        opened.write(b"2\rc,3\r")
    assert manager.refresh_completed() == ["b", "c"]


@pytest.mark.parametrize("text", ["a,1\nb,2\n", "id;loss\na;1\n", "a\rb\r"])
def test_a_file_without_the_column_task_id_is_named_once(
    bench: Bench, manager: TaskManager, file: Path, text: str
) -> None:
    file.write_text(text)
    assert manager.refresh_completed() == []
    with file.open("a") as opened:
        opened.write("c,3\n")
    assert manager.refresh_completed() == []
    assert bench.problems == [
        f"{file} has no column task_id in its first line: no row of it counts"
    ]


@pytest.mark.timeout(20)
def test_only_files_are_read(bench: Bench, manager: TaskManager, file: Path) -> None:
    file.mkdir()
    os.mkfifo(file.with_name("pipe.csv"))
    file.with_name("gone.csv").symlink_to("nowhere")
    assert manager.refresh_completed() == []
    assert bench.problems == []


def test_rows_that_came_before_their_task_are_not_forgotten(bench: Bench, file: Path) -> None:
    bench.dies(bench.manager())
    write_row(file, Row("late", "completed", "gpu0"))
    manager = bench.manager()
    manager.add("late")
    assert manager.refresh_completed() == ["late"]


def test_rows_that_could_not_be_noted_are_read_again(
    manager: TaskManager, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StateFileError("the disk is full")

    write_row(file, Row("a", "completed", "gpu0"))
    with monkeypatch.context() as patched:
        patched.setattr("janitor.storage.log.AppendOnlyLog.append", fail)
        with pytest.raises(StateFileError, match="disk is full"):
            manager.refresh_completed()
    assert manager.refresh_completed() == ["a"]


def test_a_huge_file_is_read_in_parts(manager: TaskManager, file: Path) -> None:
    line = f"zz,{'x' * 1000}\n".encode()
    with file.open("wb") as opened:
        opened.write(b"task_id,note\n")
        for _ in range(40):
            opened.write(line * 1000)
        opened.write(b"a,\n")
    tracemalloc.start()
    assert manager.refresh_completed() == ["a"]
    assert tracemalloc.get_traced_memory()[1] < 25e6, "the file has 40 MB"
    tracemalloc.stop()
