from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from janitor.errors import ReportError
from janitor.model import Outcome
from janitor.model.summary import Form
from janitor.records import json_text
from janitor.records.changes import ReportedChange, ReportedEvidence, Sign
from janitor.records.report import Report
from janitor.report import render_json
from tests.report.report_samples import everything, make_change, nothing

START = datetime(2026, 3, 1, tzinfo=UTC)
EAST = timezone(timedelta(hours=2))

any_text = st.text(st.characters(exclude_categories=()), max_size=10)
keys = any_text | st.sampled_from(["$number", "$literal"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
times = st.integers(0, 10**15).map(
    lambda microseconds: (START + timedelta(microseconds=microseconds)).astimezone(EAST)
)
changes = st.builds(
    ReportedChange,
    run=any_text,
    sweep=st.none() | any_text,
    name=any_text,
    from_=any_text,
    to=any_text,
    rule=any_text,
    reason=any_text,
    outcome=st.sampled_from(Outcome),
    evidence=st.builds(
        ReportedEvidence,
        last_alive=st.none() | times,
        age_seconds=st.none() | st.floats(allow_nan=False),
        signs=st.lists(st.builds(Sign, source=any_text, at=times, raw=values), max_size=2),
        objective=values,
        wandb_state=any_text,
    ),
    before=st.dictionaries(keys, values, max_size=3),
    after=st.dictionaries(keys, values, max_size=3),
    error=st.none() | any_text,
    form=st.sampled_from(Form),
    created_at=st.none() | times,
)


def report_of(*changes: ReportedChange) -> Report:
    return Report(version="1", dry_run=False, started_at=START, finished_at=START, changes=changes)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not strict JSON")


def fields_of(report: Report) -> Any:
    return json.loads(render_json.render(report), parse_constant=refuse)


@given(st.lists(changes, max_size=3))
def test_every_report_survives_a_round_trip(given_changes: list[ReportedChange]) -> None:
    text = render_json.render(report_of(*given_changes))
    json.loads(text, parse_constant=refuse)
    again = json_text.parse(text)
    assert repr(again.changes) == repr(tuple(given_changes))  # where NaN is NaN
    assert render_json.render(again) == text


def test_a_whole_report_survives_a_round_trip() -> None:
    for report in (everything(), nothing()):
        text = render_json.render(report)
        assert render_json.render(json_text.parse(text)) == text
    assert json_text.parse(render_json.render(nothing())) == nothing()


def test_the_fields_are_those_that_were_promised() -> None:
    fields = fields_of(everything())
    promised = (
        "schema version dry_run started_at finished_at targets totals states_before states_after"
        " changes held errors warnings command clock brake stand_down race_window requests"
        " false_positives journal interrupted namespace thresholds merged_journals"
        " shard merged_shards"
    )
    assert set(fields) == set(promised.split())
    assert fields["schema"] == "janitor.report/1"
    assert {"target", "runs_expected", "runs_seen", "complete"} <= set(fields["targets"][0])
    change = (
        "run sweep name from to rule reason outcome evidence before after error target form"
        " wandb_state created_at last_alive url partial"
    )
    assert set(fields["changes"][0]) == set(change.split())
    assert set(fields["changes"][0]["evidence"]) == {
        "last_alive",
        "age_seconds",
        "signs",
        "objective",
        "wandb_state",
    }
    assert set(fields["changes"][0]["evidence"]["signs"][0]) == {"source", "at", "raw", "future"}
    assert {"run", "rule", "reason"} <= set(fields["held"][0])
    assert fields["errors"] == [
        {"target": "acme/rl/s1", "message": "the scan ended early", "transient": False}
    ]


def test_numbers_that_are_not_finite_are_named() -> None:
    second = fields_of(everything())["changes"][1]
    assert second["evidence"]["objective"] == {"$number": "Infinity"}
    assert second["before"] == {"/protein/state": "running", "x": {"$number": "NaN"}}


def test_times_are_in_utc_and_end_in_z() -> None:
    change = make_change(created_at=datetime(2026, 3, 1, 14, 0, 0, 250, tzinfo=EAST))
    fields = fields_of(report_of(change))
    assert fields["started_at"] == "2026-03-01T00:00:00Z"
    assert fields["changes"][0]["created_at"] == "2026-03-01T12:00:00.000250Z"


def test_each_change_stands_on_a_line_of_its_own() -> None:
    lines = render_json.render(everything()).splitlines()
    assert sum(line.startswith('  {"run": "acme/rl/r') for line in lines) == 5


def test_half_a_surrogate_pair_is_shown_in_text_and_kept_in_data() -> None:
    change = make_change(name="a\ud800", before={"\udfff": "\ud800"})
    again = json_text.parse(render_json.render(report_of(change))).changes[0]
    assert again.name == "a\\ud800"
    assert again.before == {"\udfff": "\ud800"}


def test_values_nested_hundreds_of_levels_deep_survive() -> None:
    deep: Any = math.inf
    for _ in range(400):
        deep = [deep]
    again = json_text.parse(render_json.render(report_of(make_change(before={"x": deep}))))
    assert again.changes[0].before == {"x": deep}


def test_fields_of_a_later_version_are_skipped_when_read_and_refused_when_made() -> None:
    fields = fields_of(everything())
    fields["mood"] = "good"
    fields["changes"][0]["evidence"]["mood"] = "good"
    assert render_json.render(json_text.parse(json.dumps(fields))) == render_json.render(
        everything()
    )
    with pytest.raises(ValidationError, match="mood"):
        Sign.model_validate({"source": "heartbeatAt", "mood": "good"})


def test_fields_that_may_be_left_out_may_be_left_out() -> None:
    fields = fields_of(everything())
    needed = {"schema", "version", "dry_run", "started_at", "finished_at", "changes"}
    short = {key: value for key, value in fields.items() if key in needed}
    short["changes"] = [
        {key: change[key] for key in ("run", "from", "to", "rule", "reason", "outcome")}
        for change in fields["changes"]
    ]
    assert len(json_text.parse(json.dumps(short)).changes) == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is not valid JSON"),
        ("{", "it is not valid JSON"),
        (b"\xff\xfe", "it is not valid JSON"),
        ("[" * 100_000, "it is not valid JSON"),
        ("[]", "it has no schema"),
        ('{"n": 1}', "it has no schema"),
        ('{"schema": "janitor.report/2"}', "its schema is 'janitor.report/2'"),
        ('{"schema": "janitor.report/1"}', "it is malformed at version: Field required"),
        ('{"schema": {"$number": "x"}}', "it is not valid JSON"),
    ],
)
def test_what_is_not_a_report_is_refused_with_a_reason(text: str | bytes, said: str) -> None:
    with pytest.raises(ReportError) as raised:
        json_text.parse(text)
    assert said in str(raised.value)


def test_a_malformed_place_is_named_without_what_stood_there() -> None:
    fields = fields_of(everything())
    fields["changes"][2]["outcome"] = "secret"
    with pytest.raises(ReportError, match=r"malformed at changes\.2\.outcome") as raised:
        json_text.parse(json.dumps(fields))
    assert "secret" not in str(raised.value)


def test_a_json_schema_can_be_made() -> None:
    properties = Report.model_json_schema()["properties"]
    assert {"schema", "changes", "held", "totals"} <= set(properties)
