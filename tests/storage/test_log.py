from __future__ import annotations

import json
import math
import stat
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from janitor.errors import JournalError
from janitor.storage.log import AppendOnlyLog, read_log
from tests.support.full_disk import run_with_file_size_limit


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_records_come_back_as_they_were_appended(tmp_path: Path) -> None:
    path = tmp_path / "state" / "pass.jsonl"
    records: list[dict[str, Any]] = [
        {"n": 1},
        {"value": -math.inf},
        {"big": 10**40},
        {"text": "\ud800 \n ü"},
    ]
    with AppendOnlyLog(path) as log:
        for record in records:
            log.append(record)
    assert read_log(path).records == tuple(records)
    assert not read_log(path).torn
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700


def test_a_record_can_be_read_as_soon_as_append_returns(tmp_path: Path) -> None:
    with AppendOnlyLog(tmp_path / "log") as log:
        for number in range(3):
            log.append({"n": number})
            found = read_log(tmp_path / "log")
            assert [record["n"] for record in found.records] == list(range(number + 1))
            assert not found.torn


def test_a_closed_log_holds_lines_only(tmp_path: Path) -> None:
    with AppendOnlyLog(tmp_path / "log") as log:
        log.append({"n": 1})
        log.append({"n": 2})
    assert (tmp_path / "log").read_bytes() == b'{"n": 1}\n{"n": 2}\n'


def test_a_log_is_never_written_over(tmp_path: Path) -> None:
    AppendOnlyLog(tmp_path / "log").close()
    with pytest.raises(JournalError, match=r"cannot create .*log: File exists"):
        AppendOnlyLog(tmp_path / "log", error=JournalError)


def test_many_threads_append_whole_records(tmp_path: Path) -> None:
    records = [{"n": number, "text": "x" * number} for number in range(200)]
    with AppendOnlyLog(tmp_path / "log") as log, ThreadPoolExecutor(8) as pool:
        list(pool.map(log.append, records))
    found = read_log(tmp_path / "log").records
    assert sorted(found, key=lambda record: record["n"]) == records


def test_a_record_that_json_cannot_say_is_reported_and_the_log_goes_on(tmp_path: Path) -> None:
    with AppendOnlyLog(tmp_path / "log", error=JournalError) as log:
        with pytest.raises(JournalError, match="JSON cannot hold a set"):
            log.append({"bad": set()})
        log.append({"n": 1})
    assert read_log(tmp_path / "log").records == ({"n": 1},)


def test_a_closed_log_takes_no_more(tmp_path: Path) -> None:
    log = AppendOnlyLog(tmp_path / "log", error=JournalError)
    log.close()
    log.close()
    with pytest.raises(JournalError, match="it is closed"):
        log.append({"n": 1})


@pytest.mark.parametrize("headroom", [0, 4096])
def test_a_full_disk_is_reported_before_the_caller_acts(tmp_path: Path, headroom: int) -> None:
    path = tmp_path / "log"
    said = run_with_file_size_limit(
        20_000,
        f"""
        log = AppendOnlyLog(path, headroom={headroom})
        acted = 0
        try:
            while True:
                log.append({{"n": acted, "text": "x" * 1000}})
                acted += 1
        except JanitorError as error:
            print(acted, error)
        """,
        path,
    )
    acted = int(said.split()[0])
    assert f"cannot write {path}: File too large" in said
    assert 5 < acted < 20
    found = read_log(path)
    assert [record["n"] for record in found.records] == list(range(acted))
    assert not found.torn


def test_outcomes_can_still_be_recorded_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "log"
    run_with_file_size_limit(
        20_000,
        """
        log = AppendOnlyLog(path, headroom=4096)
        try:
            while True:
                log.append({"text": "x" * 1000})
        except JanitorError:
            for number in range(8):
                log.append({"outcome": number, "text": "x" * 400}, use_headroom=True)
        """,
        path,
    )
    outcomes = [record for record in read_log(path).records if "outcome" in record]
    assert [record["outcome"] for record in outcomes] == list(range(8))


def test_a_log_goes_on_where_it_was_once_the_disk_has_room_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    run_with_file_size_limit(
        1500,
        """
        log = AppendOnlyLog(path, headroom=0)
        log.append({"n": 1})
        try:
            log.append({"n": 2, "text": "x" * 5000})
        except JanitorError:
            limit(resource.RLIM_INFINITY)
        log.append({"n": 3})
        """,
        path,
    )
    assert path.read_bytes() == b'{"n": 1}\n{"n": 3}\n'


def test_a_killed_writer_leaves_a_log_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    script = """
        import itertools, os, sys
        from janitor.storage.log import AppendOnlyLog
        log = AppendOnlyLog(sys.argv[1])
        for number in itertools.count():
            log.append({"n": number})
            os.write(1, b"%d\\n" % number)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(20):
            writer.stdout.readline()
        writer.kill()
        promised = 20 + len(writer.stdout.read().splitlines())
    found = [record["n"] for record in read_log(path).records]
    assert found[:promised] == list(range(promised))
    assert len(found) <= promised + 1


@pytest.mark.parametrize(
    "tail",
    [b'{"n"', b'{"n": 3}', b'{"n"\0\0\0', b"\0\0\0\0: 3}\n", b'{"n": 3\n', b"7\n", b"\xff\n"],
)
def test_a_torn_last_record_is_left_out_and_reported(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"n": 1}\n{"n": 2}\n' + tail)
    found = read_log(path)
    assert found.records == ({"n": 1}, {"n": 2})
    assert found.torn


def test_an_empty_log_holds_nothing(tmp_path: Path) -> None:
    for content in (b"", b"\0" * 4096):
        (tmp_path / "log").write_bytes(content)
        assert read_log(tmp_path / "log").records == ()
        assert not read_log(tmp_path / "log").torn


def test_damage_before_the_last_record_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for broken in (b"{oops\n", b"\n", json.dumps([1]).encode() + b"\n"):
        path.write_bytes(b'{"n": 1}\n' + broken + b'{"n": 2}\n{"n"')
        with pytest.raises(JournalError, match="line 2 is not a record"):
            read_log(path, error=JournalError)


def test_a_log_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"cannot read .*: No such file or directory"):
        read_log(tmp_path / "log", error=JournalError)
