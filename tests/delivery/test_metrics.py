from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from janitor import __version__
from janitor.delivery import metrics
from janitor.model import Outcome, SweepRunState
from janitor.records.report import Brake, Report
from janitor.report.render_metrics import LAST_SUCCESS, render
from janitor.rules import RULE_IDS
from tests.report.report_samples import everything, finish, make_change, make_draft, nothing
from tests.report.test_render import nasty

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples_of(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    return samples_of(text).get((f"wandb_janitor_{name}", frozenset(labels.items())))


def test_a_pass_is_counted_by_state_rule_and_outcome() -> None:
    text = render(everything(), succeeded=False)
    assert value(text, "runs", state="timeout") == 1
    assert value(text, "runs_before_pass", state="timeout") == 0
    assert value(text, "changes", rule="heartbeat-expired", outcome="written") == 1
    assert value(text, "changes", rule="heartbeat-expired", outcome="failed") == 1
    assert value(text, "held_runs", rule="none") == 2
    assert value(text, "false_positives", rule="heartbeat-expired") == 1
    assert value(text, "requests", kind="read") == 3
    assert value(text, "transferred_bytes", direction="received") == 4096
    assert value(text, "request_retries") == 1
    assert value(text, "pass_duration_seconds") == 4
    assert value(text, "stand_down_active") == 1
    assert value(text, "brake_tripped") == 0
    assert value(text, "incomplete_targets") == 1
    assert value(text, "errors") == 1
    assert value(text, "info", version=__version__) == 1


def test_what_did_not_happen_is_zero_and_not_missing() -> None:
    text = render(finish(make_draft(), 0), succeeded=True)
    for state in SweepRunState:
        assert value(text, "runs", state=state.value) == 0
    for rule in RULE_IDS:
        assert value(text, "false_positives", rule=rule) == 0
        for outcome in Outcome:
            assert value(text, "changes", rule=rule, outcome=outcome.value) == 0


def test_the_same_metrics_have_samples_whatever_happened() -> None:
    names = [
        {name for name, _ in samples_of(render(report, succeeded=True))}
        for report in (nothing(), everything(), nasty())
    ]
    assert names[0] == names[1] == names[2]


def test_a_brake_that_was_overruled_is_not_an_alarm() -> None:
    tripped = Brake.of_changes(600, 500)
    for brake, expected in ((tripped, 1), (tripped.model_copy(update={"overruled": True}), 0)):
        report = everything().model_copy(update={"brake": brake})
        assert value(render(report, succeeded=False), "brake_tripped") == expected


def test_rules_of_ones_own_are_counted_whatever_their_names() -> None:
    name = 'own"\\\n<rule>'
    draft = make_draft()
    draft.add_change(make_change(rule=name))
    text = render(finish(draft, 1), succeeded=True)
    assert value(text, "changes", rule='own"\\\\n<rule>', outcome="written") == 1


def written(report: Report, path: Path, *, succeeded: bool) -> str:
    assert list(metrics.write(report, path, succeeded=succeeded)) == []
    return path.read_text()


def test_the_time_of_the_last_success_outlives_failures(tmp_path: Path) -> None:
    path = tmp_path / "janitor.prom"
    first = value(written(nothing(), path, succeeded=True), "last_success_timestamp_seconds")
    assert first == nothing().finished_at.timestamp()
    later = nothing().model_copy(update={"finished_at": datetime(2026, 4, 1, tzinfo=UTC)})
    text = written(later, path, succeeded=False)
    assert value(text, "last_success_timestamp_seconds") == first
    assert value(text, "last_pass_timestamp_seconds") == later.finished_at.timestamp()
    assert value(text, "pass_succeeded") == 0
    text = written(later, path, succeeded=False)
    assert value(text, "last_success_timestamp_seconds") == first
    text = written(later, path, succeeded=True)
    assert value(text, "last_success_timestamp_seconds") == later.finished_at.timestamp()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense {",
        b"\xff",
        f"{LAST_SUCCESS} NaN\n".encode(),
        f"{LAST_SUCCESS} 1e300\n".encode(),
    ],
)
def test_a_file_of_others_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "janitor.prom"
    path.write_bytes(content)
    text = written(nothing(), path, succeeded=False)
    assert value(text, "last_success_timestamp_seconds") is None


def test_the_file_is_for_everybody_to_read_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "janitor.prom"
    written(everything(), path, succeeded=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_metrics_that_cannot_be_written_are_a_warning(tmp_path: Path) -> None:
    (warning,) = metrics.write(nothing(), tmp_path / "none" / "x.prom", succeeded=True)
    assert warning.startswith("the metrics could not be written: cannot write")


def test_a_gateway_that_is_away_is_a_warning_without_its_password() -> None:
    (warning,) = metrics.push(
        nothing(), "http://me:verysecret@127.0.0.1:9", succeeded=True, seconds=5
    )
    assert warning.startswith("the metrics could not be sent to http://***@127.0.0.1:9: ")
    assert "verysecret" not in warning
