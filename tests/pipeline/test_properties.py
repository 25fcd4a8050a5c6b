"""What holds for every run, whatever stands in its summary (Hypothesis)."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from janitor.model import Change, Clean, Hold, Policy, RunInfo, SweepRunState, Untracked
from janitor.model import summary as summaries
from janitor.model.evidence import take_vitals
from janitor.model.summary import ABSENT, Form
from janitor.pipeline.edits import Edits
from janitor.pipeline.plan import Withdrawn, named
from janitor.pipeline.undo import Restoration
from janitor.rules import judge
from janitor.rules.queue_expired import why_queued
from janitor.storage import strict_json
from tests.support.run_samples import DAY, MINUTE, NOW, make_run
from tests.support.strategies import (
    AT,
    NAMES,
    Repaired,
    all_repairs,
    any_runs,
    any_summaries,
    moments,
    open_runs,
    policies,
    repairs,
    returns,
    summaries_of,
    terminal_runs,
    texts,
    values,
)

WRITTEN = frozenset(NAMES) - {"objective", "heartbeat"}
"""The names that the janitor may write."""
SIGNS = ("protein.heartbeat", "protein.last_update", "_timestamp", "heartbeatAt")

_GUESSES = {"timeout", "crashed", "failure"}

# ---- rules ----------------------------------------------------------------------------------


@given(any_runs, policies)
def test_every_run_can_be_judged_and_is_judged_alike_twice(run: RunInfo, policy: Policy) -> None:
    verdict = judge(run, policy, NOW).verdict
    assert isinstance(verdict, Change | Hold | Clean | Untracked)
    assert repr(judge(run, policy, NOW).verdict) == repr(verdict)


@given(terminal_runs | returns().map(lambda found: found.run), policies)
def test_a_terminal_run_is_changed_by_nothing_but_its_resurrection_or_a_late_objective(
    run: RunInfo, policy: Policy
) -> None:
    verdict = judge(run, policy, NOW).verdict
    if isinstance(verdict, Change) and verdict.rule == "objective-late":
        assert verdict.to is SweepRunState.SUCCESS
        assert summaries.read(run.summary, "protein", "janitor.state") in _GUESSES
    elif isinstance(verdict, Change):
        assert verdict.rule == "resurrected"
        assert verdict.to.is_open
        assert run.wandb_state == "running"
    else:
        assert isinstance(verdict, Clean | Hold)


@given(open_runs, policies)
def test_an_open_run_becomes_terminal_or_is_held(run: RunInfo, policy: Policy) -> None:
    verdict = judge(run, policy, NOW).verdict
    assert isinstance(verdict, Change | Hold)
    assert not (isinstance(verdict, Change) and verdict.to.is_open)


def with_sign(run: RunInfo, sign: str, moment: datetime) -> RunInfo:
    if sign == "heartbeatAt":
        return replace(run, heartbeat_at=moment.isoformat())
    return replace(run, summary={**run.summary, sign: moment.isoformat()})


@given(open_runs, policies, st.sampled_from(SIGNS), moments)
@example(  # createdAt alone holds the run: a machine's clock that runs behind must not kill it
    make_run({"protein.state": "running"}, silent=None, created_at="2026-03-01T11:59:00Z"),
    Policy(),
    "_timestamp",
    NOW - DAY,
)
def test_more_evidence_of_life_never_turns_a_hold_into_a_death(
    run: RunInfo, policy: Policy, sign: str, moment: datetime
) -> None:
    assume(isinstance(judge(run, policy, NOW).verdict, Hold))
    assume((run.heartbeat_at if sign == "heartbeatAt" else run.summary.get(sign)) is None)
    signed = with_sign(run, sign, moment)
    assume(not has_fast_clock(signed, policy) and not is_queued(run, policy))
    verdict = judge(signed, policy, NOW).verdict
    if isinstance(verdict, Change) and verdict.to is not SweepRunState.SUCCESS:
        # only a run of which nothing had told when it was alive
        assert take_vitals(run, policy, NOW).age is None


def has_fast_clock(run: RunInfo, policy: Policy) -> bool:
    """Whether the run ended, by the server, before its own last log entry."""
    return any(piece.is_ahead for piece in take_vitals(run, policy, NOW).evidence)


def is_queued(run: RunInfo, policy: Policy) -> bool:
    """Whether it never started: the first sign of life takes it out of the queue."""
    reading = judge(run, policy, NOW).reading
    return reading is not None and why_queued(reading) is not None


@given(open_runs, policies, st.sampled_from(SIGNS))
def test_a_run_seen_alive_just_now_is_never_given_up_for_silence(
    run: RunInfo, policy: Policy, sign: str
) -> None:
    signed = with_sign(run, sign, NOW - timedelta(microseconds=1))
    assume(not has_fast_clock(signed, policy))
    verdict = judge(signed, policy, NOW).verdict
    assert not (isinstance(verdict, Change) and verdict.rule == "heartbeat-expired")


@given(open_runs, policies)
def test_what_nobody_can_date_is_never_given_up_for_silence(run: RunInfo, policy: Policy) -> None:
    summary = {"protein.state": "running", "protein.objective": run.summary.get("loss")}
    undated = replace(run, summary=summary, heartbeat_at=None, created_at=None)
    verdict = judge(undated, policy, NOW).verdict
    if isinstance(verdict, Change):
        assert verdict.rule not in {"heartbeat-expired", "wandb-crashed", "resurrected"}


@given(repairs())
def test_a_run_as_repaired_is_clean(found: Repaired) -> None:
    again = judge(replace(found.run, summary=found.summary), found.policy, AT)
    assert isinstance(again.verdict, Clean)
    assert again.reading is not None
    assert again.reading.state is found.change.to
    assert found.edits.stand_in(found.summary)


@given(returns())
def test_a_run_that_came_back_is_open_and_held_as_alive(found: Repaired) -> None:
    assert found.change.rule == "resurrected"
    again = judge(replace(found.run, summary=found.summary), found.policy, AT)
    assert again.reading is not None
    assert again.reading.state is found.change.to
    assert isinstance(again.verdict, Hold)


# ---- what is written ------------------------------------------------------------------------


@given(all_repairs)
def test_nothing_but_the_listed_keys_is_touched(found: Repaired) -> None:
    allowed: set[summaries.Path] = {
        ("protein", "janitor")
    }  # an object that comes or goes whole is one difference
    for name in WRITTEN:
        allowed |= {(f"protein.{name}",), ("protein", *name.split("."))}
    changed = {path for path, _, _ in summaries.differences(found.run.summary, found.summary)}
    assert changed <= allowed
    assert set(found.edits.values) <= allowed


@given(all_repairs)
def test_no_runtime_is_negative_and_no_time_lies_ahead(found: Repaired) -> None:
    for path, value in found.edits.values.items():
        if path[-1].endswith("runtime_seconds") and value is not ABSENT:
            assert value >= 0
        if path[-1].endswith(("_time", "_update")) and value is not ABSENT:
            assert datetime.fromisoformat(value) <= AT + found.policy.future_tolerance


def taken_back(
    run: RunInfo, edits: Edits, summary: dict[str, Any], *, through_text: bool = False
) -> dict[str, Any]:
    """The summary after an undo, told by the records that a journal keeps."""
    before, after = named(edits.before(run.summary), edits.form), named(edits.values, edits.form)
    if through_text:
        before, after = (strict_json.loads(strict_json.dumps(each)) for each in (before, after))
    restoration = Restoration(
        path=run.path,
        name=run.name,
        form=edits.form,
        namespace="protein",
        before=before,
        after=after,
        wandb_state=run.wandb_state,
        source="a journal",
    )
    back = restoration.edits(replace(run, summary=summary), AT + MINUTE)
    if isinstance(back, Withdrawn):
        assert back.reason == "it has its earlier values already"
        return summary
    assert back.note is None
    return back.applied(summary)


@given(found=all_repairs, through_text=st.booleans())
def test_undo_takes_a_repair_back_to_the_last_key(found: Repaired, *, through_text: bool) -> None:
    back = taken_back(found.run, found.edits, found.summary, through_text=through_text)
    assert list(summaries.differences(back, found.run.summary)) == []


@given(
    summaries_of(st.just("running")),
    st.dictionaries(st.sampled_from(NAMES), st.just(ABSENT) | values, max_size=6),
)
def test_undo_takes_back_any_edit_of_the_janitor(
    summary: dict[str, Any], wanted: dict[str, Any]
) -> None:
    form = summaries.form_of(summary, "protein")
    assert form is not None
    assume(wanted.get("state") is not ABSENT)  # no rule removes it
    places = {
        path: value
        for name, value in wanted.items()
        for path in summaries.places(form, "protein", name)
    }
    edits = Edits(form, places)
    after = edits.applied(summary)
    back = taken_back(make_run(summary), edits, after)
    assert list(summaries.differences(back, summary)) == []


# ---- the text of a summary ------------------------------------------------------------------


@given(st.dictionaries(texts, values, max_size=5))
@example({"a": math.inf, "b": -math.inf, "c": 10**300, "\ud800": "\udfff", "p.state": {"": []}})
def test_reading_and_writing_a_summary_loses_nothing(summary: dict[str, Any]) -> None:
    text = summaries.dump(summary)
    assert summaries.same(summaries.parse(text), summary)
    assert summaries.dump(summaries.parse(text)) == text
    assert text.isascii()


@given(st.text(max_size=30) | values.map(json.dumps))
def test_any_text_is_a_summary_or_a_value_error(text: str) -> None:
    try:
        summary = summaries.parse(text)
    except ValueError:
        return
    assert isinstance(summary, dict)


@given(values, values)
def test_sameness_agrees_with_differences(left: Any, right: Any) -> None:
    assert summaries.same(left, left)
    assert summaries.same(left, right) is summaries.same(right, left)
    different = list(summaries.differences({"a": left}, {"a": right}))
    assert summaries.same(left, right) is not bool(different)
    digests = {summaries.digest({"a": value}) for value in (left, right)}
    assert len(digests) == 1 + bool(different)


@given(any_summaries)
def test_the_form_and_its_places_agree(summary: dict[str, Any]) -> None:
    form = summaries.form_of(summary, "protein")
    if form is None:
        assert summaries.read(summary, "protein", "state") is ABSENT
        return
    found = [summaries.get(summary, path) for path in summaries.places(form, "protein", "state")]
    assert all(value is not ABSENT for value in found)
    assert len(found) == (2 if form is Form.BOTH else 1)
