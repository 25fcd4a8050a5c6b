"""Undo: the previous values, put back key by key, while the value is still the one we wrote."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from janitor import report as reports
from janitor.errors import JournalError, ReportError, UsageError
from janitor.model import Outcome
from janitor.pipeline.undo import restorations
from janitor.runtime.redaction import Redactor, masked_report
from tests.pipeline.undoing import Undoing
from tests.support.passes import PATH, first_write_lost
from tests.support.run_samples import HOUR, MINUTE, ago, flat, make_run, nested

ODD: dict[str, Any] = {"loss": math.inf, "_wandb": {"runtime": 1}, "\ud800": 10**30, "a.b": {}}
SUMMARIES: dict[str, dict[str, Any]] = {
    "flat": flat(),
    "nested": nested(own=1),
    "both": flat() | nested(own=1),
    "success": flat(objective=1),
    "nested success": nested(objective=1, error=None),
    "with our values": flat(last_update=ago(HOUR), failure_time=0, error=None),
    "with odd values under our keys": flat(
        failure_time=math.inf, last_update=[None, {"a": math.nan}]
    ),
    "with an empty object": nested(janitor={}),
    "with an empty object and an objective": nested(janitor={}, objective=1),
    "repaired before": flat(janitor__rule="old", janitor__at=None, janitor__more=1),
}


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return repr(sorted(left.items())) == repr(sorted(right.items()))


# ---- back as it was -------------------------------------------------------------------------


@pytest.mark.parametrize("summary", SUMMARIES.values(), ids=SUMMARIES)
def test_a_journal_takes_a_run_back_as_it_was(undoing: Undoing, summary: dict[str, Any]) -> None:
    _, journal = undoing.fix(ODD | summary)
    assert not same(undoing.summary(), ODD | summary)
    report = undoing.undo(journal)
    assert report.totals.written == 1
    assert same(undoing.summary(), ODD | summary)


@pytest.mark.parametrize("summary", SUMMARIES.values(), ids=SUMMARIES)
def test_a_report_takes_a_run_back_as_it_was(
    undoing: Undoing, tmp_path: Path, summary: dict[str, Any]
) -> None:
    report, _ = undoing.fix(ODD | summary)
    reports.write(report, tmp_path / "report.json")
    assert undoing.undo(tmp_path / "report.json").totals.written == 1
    assert same(undoing.summary(), ODD | summary)


@pytest.mark.parametrize("summary", SUMMARIES.values(), ids=SUMMARIES)
def test_an_undo_can_be_undone_and_that_too(undoing: Undoing, summary: dict[str, Any]) -> None:
    _, journal = undoing.fix(ODD | summary)
    repaired = undoing.summary()
    undoing.undo(journal)
    undoing.undo(undoing.scene.journaled().path)
    assert same(undoing.summary(), repaired)
    undoing.undo(undoing.scene.journaled().path)
    assert same(undoing.summary(), ODD | summary)


def test_an_undo_that_is_done_again_finds_nothing_to_do(undoing: Undoing) -> None:
    _, journal = undoing.fix(flat())
    undoing.undo(journal)
    (change,) = undoing.undo(journal).changes
    assert (change.outcome, change.error) == (
        Outcome.SUPERSEDED,
        "it has its earlier values already",
    )


def test_what_was_logged_since_is_kept(undoing: Undoing) -> None:
    _, journal = undoing.fix(flat())
    undoing.scene.store.change(PATH, undoing.summary() | {"late": 1})
    undoing.undo(journal)
    assert undoing.summary() == flat() | {"late": 1}


def test_a_resurrection_can_be_undone(undoing: Undoing) -> None:
    undoing.fix(nested())
    repaired = undoing.summary()
    undoing.scene.store.change(PATH, heartbeat_at=ago(-2 * MINUTE))
    undoing.scene.clock.move(3 * MINUTE)
    assert undoing.scene.fix().totals.written == 1
    assert undoing.summary()["protein"]["state"] == "running"
    undoing.undo(undoing.scene.journaled().path)
    assert undoing.summary() == repaired


# ---- which runs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runs", "back"),
    [
        ((), {1, 2, 3}),
        (("r2",), {2}),
        (("acme/rl/r2",), {2}),
        (("r3", "acme/rl/r1", "r3"), {1, 3}),
    ],
)
def test_single_runs_are_chosen_by_path_or_id(
    undoing: Undoing, runs: Sequence[str], back: set[int]
) -> None:
    _, journal = undoing.fix(flat(), flat(), flat())
    assert undoing.undo(journal, *runs).totals.runs == len(back)
    assert {number for number in (1, 2, 3) if undoing.summary(number) == flat()} == back


@pytest.mark.parametrize("run", ["r9", "acme/rl", "rl/r1", "", "R1"])
def test_a_run_that_the_file_does_not_name_is_a_mistake(undoing: Undoing, run: str) -> None:
    _, journal = undoing.fix(flat())
    with pytest.raises(UsageError, match="records no write to a run"):
        restorations(journal, [run])


def test_a_report_takes_back_what_was_written_or_may_have_been_and_no_more(
    undoing: Undoing, tmp_path: Path
) -> None:
    report, _ = undoing.fix(flat(), flat(), flat(), flat())
    told = dict(zip(("r1", "r2", "r3", "r4"), Outcome, strict=True))
    changed = [
        change.model_copy(update={"outcome": told[change.run[-2:]]}) for change in report.changes
    ]
    reports.write(report.model_copy(update={"changes": tuple(changed)}), tmp_path / "r.json")
    wanted, namespace = restorations(tmp_path / "r.json")
    assert namespace == "protein"
    assert {one.path for one in wanted} == {
        f"acme/rl/{run}" for run, outcome in told.items() if outcome in {"written", "failed"}
    }


def test_a_write_that_was_never_applied_has_nothing_to_be_taken_back(undoing: Undoing) -> None:
    _, journal = undoing.fix(flat())
    undoing.scene.store.change(PATH, flat())
    (change,) = undoing.undo(journal).changes
    assert change.error == "it has its earlier values already"


# ---- told beforehand ------------------------------------------------------------------------


def test_a_dry_run_shows_what_would_be_put_back_and_writes_nothing(undoing: Undoing) -> None:
    _, journal = undoing.fix(flat(), flat())
    undoing.scene.store.change(PATH, undoing.summary() | {"protein.error": "mine"})
    writes = len(undoing.scene.store.writes)
    report = undoing.undo(journal, dry_run=True)
    assert len(undoing.scene.store.writes) == writes
    assert (report.dry_run, report.totals.planned) == (True, 2)
    first, second = report.changes
    assert first.after == second.after == {"protein.state": "running"}
    assert "protein.error is 'mine'" in str(first.error)
    assert second.error is None
    assert (second.from_, second.to, second.rule) == ("timeout", "running", "undo")


def test_a_dry_run_reports_runs_that_are_gone(undoing: Undoing) -> None:
    _, journal = undoing.fix(flat())
    undoing.scene.store.remove(PATH)
    (change,) = undoing.undo(journal, dry_run=True).changes
    assert change.error == f"run {PATH} does not exist"


def test_a_file_that_is_not_a_journal_or_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(JournalError):
        restorations(tmp_path / "notes.txt")
    with pytest.raises(ReportError):
        restorations(tmp_path / "notes.json")


def test_undo_takes_back_a_write_whose_answer_was_lost_and_that_arrived_last(
    undoing: Undoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, summary = undoing.scene, flat(objective=1) | {"loss": 0.5}
    scene.store.add(make_run(summary, id="r1"))
    with first_write_lost(monkeypatch, lambda: scene.clock.move(MINUTE)) as late:
        assert scene.fix().totals.written == 1
    scene.store.update_run_summary(*late[0])
    assert undoing.undo(scene.journaled().path).totals.written == 1
    assert undoing.summary() == summary


def test_a_report_that_hides_a_secret_is_not_undone_but_its_journal_is(
    undoing: Undoing, tmp_path: Path
) -> None:
    secret = "correct-horse-battery-staple"
    report, journal = undoing.fix(flat(error=f"login with {secret} failed", last_update=secret))
    before = dict(report.changes[0].before)
    masked = masked_report(report, Redactor({"WANDB_API_KEY": secret}))
    place = tmp_path / "report.json"
    reports.write(masked, place)
    assert secret not in place.read_text()
    with pytest.raises(UsageError, match="hold a secret: undo the journal instead"):
        undoing.undo(place)
    undoing.undo(journal)
    assert before.items() <= undoing.summary().items()
