from __future__ import annotations

from typing import Any

import pytest

from janitor.model import Outcome
from janitor.pipeline.report_builder import ReportDraft
from janitor.records.report import (
    Brake,
    ClockReading,
    FalsePositives,
    ReportedTarget,
)
from janitor.report import headline
from tests.report.report_samples import (
    everything,
    finish,
    make_change,
    make_draft,
    make_hold,
    nothing,
)


def draft_of(*outcomes: Outcome, **given: Any) -> ReportDraft:
    draft = make_draft(**given)
    for number, outcome in enumerate(outcomes):
        draft.add_change(make_change(f"acme/rl/{number}", outcome=outcome))
    draft.count_clean("success", 10 - len(outcomes))
    return draft


TIMEOUT = "to timeout (heartbeat-expired)"


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (draft_of(), "0 of 10 runs needed a change."),
        (draft_of(dry_run=True), "Nothing was written (dry run). 0 of 10 runs need a change."),
        (
            draft_of(*[Outcome.PLANNED] * 2, dry_run=True),
            f"Nothing was written (dry run). 2 of 10 runs need a change: 2 {TIMEOUT}.",
        ),
        (
            draft_of(Outcome.PLANNED, command="plan", dry_run=True),
            f"Nothing was written (dry run). 1 of 10 runs needs a change: 1 {TIMEOUT}.",
        ),
        (draft_of(Outcome.WRITTEN), f"1 of 10 runs was repaired: 1 {TIMEOUT}."),
        (
            draft_of(Outcome.WRITTEN, command="undo"),
            f"1 of 10 runs was restored: 1 {TIMEOUT}.",
        ),
        (
            draft_of(Outcome.FAILED),
            "0 of 10 runs were repaired. 1 run could not be repaired.",
        ),
        (
            draft_of(Outcome.SUPERSEDED, Outcome.SUPERSEDED),
            "0 of 10 runs were repaired. 2 runs changed meanwhile and were skipped.",
        ),
        (
            draft_of(Outcome.WRITTEN, Outcome.PLANNED, interrupted="deadline"),
            (
                f"1 of 10 runs was repaired: 1 {TIMEOUT}."
                f" 1 of 10 runs still needs a change: 1 {TIMEOUT}; the deadline passed first."
            ),
        ),
        (
            draft_of(Outcome.PLANNED, brake=Brake(tripped=True)),
            (
                f"1 of 10 runs needs a change: 1 {TIMEOUT};"
                " the brake stopped the pass before its first write."
            ),
        ),
    ],
)
def test_the_headline_says_what_was_done_and_why(draft: ReportDraft, said: str) -> None:
    assert headline.headline(finish(draft, 10)) == said


def test_the_notices_say_what_else_matters() -> None:
    draft = make_draft(
        interrupted="deadline",
        brake=Brake(tripped=True, message="501 changes are 1 too many"),
        clock=ClockReading(source="local", warning="the server did not tell its time."),
        false_positives=FalsePositives(
            by_rule={"heartbeat-expired": 2},
            runs=("a", "b"),
            suggested_heartbeat_timeout_seconds=3601,
        ),
    )
    draft.add_target(
        ReportedTarget(target="acme/rl/s1", runs_expected=None, runs_seen=1, complete=False)
    )
    assert headline.notices(finish(draft, 0)) == [
        "The deadline passed before everything was done.",
        "Brake: 501 changes are 1 too many.",
        "acme/rl/s1 could not be read completely: 1 run seen.",
        "Clock: the server did not tell its time.",
        (
            "2 runs that an earlier pass marked as ended are alive (2 by heartbeat-expired);"
            " a heartbeat_timeout of 61m is suggested."
        ),
    ]
    assert headline.notices(nothing()) == []


def test_a_brake_that_was_overruled_is_reported_and_blamed_for_nothing() -> None:
    brake = Brake(tripped=True, overruled=True, message="501 changes are 1 too many")
    report = finish(draft_of(Outcome.PLANNED, brake=brake, interrupted="SIGINT"), 10)
    assert headline.notices(report)[1] == "Brake, overruled by --force: 501 changes are 1 too many."
    assert headline.headline(report).endswith("; the pass was interrupted.")


def test_there_is_a_way_back_only_from_what_was_written() -> None:
    assert headline.way_back(everything()) == "janitor undo /state/pass.jsonl"
    assert headline.way_back(nothing()) is None
    draft = draft_of(Outcome.WRITTEN, journal="/my state/pass.jsonl")
    assert headline.way_back(finish(draft, 10)) == "janitor undo '/my state/pass.jsonl'"


def test_changes_are_grouped_the_largest_group_first() -> None:
    draft = make_draft()
    for number in range(5):
        kind = {"to": "success", "rule": "objective-recorded"} if number > 2 else {}
        draft.add_change(make_change(f"acme/rl/{number}", **kind))
    groups = headline.change_groups(finish(draft, 5))
    assert [(group.to, group.runs) for group in groups] == [("timeout", 3), ("success", 2)]


def test_holds_are_grouped_by_reason_but_for_figures() -> None:
    draft = make_draft()
    reasons = (
        "alive 1 second ago, W&B says running",
        "alive 2 days, 3 hours and 4 minutes ago, W&B says running",
        "protein.objective is recorded (0.5), and the run was alive 3 seconds ago",
        "protein.objective is recorded (0.7), and the run was alive 4 minutes ago",
        "unknown state 7",
    )
    for number, reason in enumerate(reasons):
        draft.add_held(make_hold(f"acme/rl/{number}", reason=reason))
    groups = headline.hold_groups(finish(draft, 5))
    assert [(group.reason, len(group.held)) for group in groups] == [
        ("alive a while ago, W&B says running", 2),
        ("protein.objective is recorded, and the run was alive a while ago", 2),
        ("unknown state 7", 1),
    ]
