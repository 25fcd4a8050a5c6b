"""The journal: what a pass wrote, told by a file that may end anywhere."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from janitor import __version__
from janitor.errors import JournalError
from janitor.model import Outcome
from janitor.model.summary import ABSENT, Form
from janitor.model.summary import Path as Place
from janitor.pipeline.edits import Edits
from janitor.pipeline.journal_writer import PassJournal
from janitor.records.journal import journals, read_journal
from tests.support.passes import Scene
from tests.support.run_samples import flat, make_run

RUN = make_run(flat() | {"loss": math.inf})
FLAT = Edits(Form.FLAT, {("protein.state",): "timeout", ("protein.error",): ABSENT})
BEFORE: dict[Place, Any] = {("protein.state",): "running", ("protein.error",): "none"}


def intend(journal: PassJournal, number: int = 1) -> None:
    journal.intend(make_run(id=f"r{number}"), FLAT, BEFORE, Scene(Path()).clock.now())


def written(scene: Scene) -> Path:
    """The journal of a pass of three runs: written, failed, and killed in between."""
    journal = scene.journal()
    for number, outcome in ((1, Outcome.WRITTEN), (2, Outcome.FAILED)):
        intend(journal, number)
        journal.settle(f"acme/rl/r{number}", outcome, None if number == 1 else "HTTP 403")
    intend(journal, 3)
    journal.close()
    (path,) = journals(scene.folder)
    return path


# ---- what it tells --------------------------------------------------------------------------


def test_a_journal_records_each_write_and_its_outcome(scene: Scene) -> None:
    record = read_journal(written(scene))
    assert (record.command, record.namespace, record.version) == ("fix", "protein", __version__)
    assert record.started_at == "2026-03-01T12:00:00Z"
    assert record.ended
    assert [(write.run, write.outcome, write.error) for write in record.writes] == [
        ("acme/rl/r1", "written", None),
        ("acme/rl/r2", "failed", "HTTP 403"),
        ("acme/rl/r3", None, None),
    ]


def test_the_values_before_and_after_are_recorded_key_by_key(scene: Scene) -> None:
    write = read_journal(written(scene)).writes[0]
    assert write.form is Form.FLAT
    assert write.before == {"protein.state": "running", "protein.error": "none"}
    assert write.after == {"protein.state": "timeout"}


@pytest.mark.parametrize(
    "value", [math.inf, -math.inf, 10**40, "\ud800", "a\nb", {"$number": "NaN"}, [None, {}], None]
)
def test_every_value_comes_back_as_it_stood(scene: Scene, value: Any) -> None:
    journal = scene.journal()
    edits = Edits(Form.FLAT, {("protein.error",): value})
    journal.intend(RUN, edits, {("protein.error",): [value]}, scene.clock.now())
    journal.close()
    (write,) = scene.journaled().writes
    assert (write.before, write.after) == ({"protein.error": [value]}, {"protein.error": value})


def test_a_write_that_was_repeated_is_recorded_again_with_its_own_outcome(scene: Scene) -> None:
    journal = scene.journal()
    intend(journal)
    journal.settle("acme/rl/r1", Outcome.FAILED, "repeated")
    intend(journal)
    journal.settle("acme/rl/r1", Outcome.WRITTEN, None)
    journal.close()
    assert [write.outcome for write in scene.journaled().writes] == ["failed", "written"]


def test_what_is_put_back_is_recorded_with_what_had_covered_it(scene: Scene) -> None:
    journal = scene.journal()
    put_back: dict[Place, Any] = {("loss",): 0.5, ("acc",): 1, ("gone",): ABSENT}
    journal.intend(RUN, Edits(Form.NESTED, {}), {}, scene.clock.now(), put_back)
    journal.close()
    (write,) = scene.journaled().writes
    assert write.covered == {"loss": math.inf}
    assert write.put_back == {"loss": 0.5, "acc": 1}


# ---- cut short ------------------------------------------------------------------------------


def cuts(text: bytes) -> Iterator[bytes]:
    """The text as a kill can leave it: cut anywhere, with and without the reserve behind it."""
    for end in range(0, len(text), 7):
        yield text[:end]
        yield text[:end] + b"\0" * 64


def test_a_journal_cut_anywhere_shows_what_was_written_and_what_may_have_been(
    scene: Scene,
) -> None:
    path = written(scene)
    whole = path.read_bytes()
    lines = [json.loads(line) for line in whole.splitlines()]
    ends = [len(b"\n".join(whole.splitlines()[: n + 1])) + 1 for n in range(len(lines))]
    for cut in cuts(whole):
        path.write_bytes(cut)
        length = len(cut.rstrip(b"\0"))
        complete = [line for line, end in zip(lines, ends, strict=True) if end <= length]
        if not complete:
            with pytest.raises(JournalError):
                read_journal(path)
            continue
        record = read_journal(path)
        assert len(record.writes) == sum(line["event"] == "intent" for line in complete)
        settled = [write for write in record.writes if write.outcome is not None]
        assert len(settled) == sum(line["event"] == "outcome" for line in complete)
        assert not record.ended


_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.support.passes import Scene
from tests.support.run_samples import make_run
from tests.records.test_journal import intend
from janitor.model import Outcome

journal = Scene(Path(sys.argv[1])).journal()
intend(journal, 1)
journal.settle("acme/rl/r1", Outcome.WRITTEN, None)
intend(journal, 2)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_pass_leaves_a_complete_journal(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    (path,) = journals(tmp_path)
    record = read_journal(path)
    assert not record.ended
    assert [(write.run, write.outcome) for write in record.writes] == [
        ("acme/rl/r1", "written"),
        ("acme/rl/r2", None),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "{}\n",
        "[]\n",
        '{"event": "pass"}\n',
        '{"event": "pass", "schema": "janitor.journal/2"}\n',
        '{"event": "pass", "schema": "janitor.journal/1"}\n',
        '{"schema": "janitor.report/1"}\n',
        "\x00\x01\n\n",
    ],
)
def test_what_is_not_a_journal_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "janitor-x.jsonl"
    path.write_text(text)
    with pytest.raises(JournalError, match=r"janitor-x\.jsonl"):
        read_journal(path)


@pytest.mark.parametrize(
    "record",
    [
        {"event": "intent"},
        {"event": "intent", "run": "a/b/c", "name": "", "wandb_state": "", "form": "round"},
        {"event": "outcome"},
        {"event": "outcome", "run": ["a"]},
    ],
)
def test_a_record_that_lacks_something_is_reported_in_a_sentence(
    scene: Scene, record: dict[str, Any]
) -> None:
    path = written(scene)
    path.write_text(path.read_text() + json.dumps(record) + "\n")
    with pytest.raises(JournalError, match="malformed"):
        read_journal(path)


def test_events_of_later_versions_are_skipped(scene: Scene) -> None:
    path = written(scene)
    path.write_text(path.read_text() + json.dumps({"event": "tea", "run": 1}) + "\n")
    assert len(read_journal(path).writes) == 3


def test_a_missing_journal_is_reported(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="none"):
        read_journal(tmp_path / "none.jsonl")
