"""Where a pass sends its result: CI's summary, Prometheus, people; and what if it cannot."""

from __future__ import annotations

import json
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from janitor.emulator import Emulator
from tests.delivery.services import web_server
from tests.end_to_end.janitor_process import Janitor, Runs


def metrics_of(janitor: Janitor) -> dict[str, float]:
    """The metrics without labels."""
    text = (janitor.folder / "j.prom").read_text()
    return {
        sample.name.removeprefix("wandb_janitor_"): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }


@pytest.fixture(autouse=True)
def _one_silent_run(emulator: Emulator) -> None:
    emulator.seed(Runs().silent("silent").alive("alive").seeds)


def test_a_page_and_junit_are_written_beside_the_other_reports(janitor: Janitor) -> None:
    janitor.fix("--report", "r.html", "--report", "r.xml", "--junit-fixed", "pass")
    page = (janitor.folder / "r.html").read_text()
    assert "1 of 2 runs was repaired" in page
    assert "timeout after 30 minutes" in page
    assert 'failures="0"' in (janitor.folder / "r.xml").read_text()


def test_the_summary_of_a_step_in_github_is_written_by_itself(janitor: Janitor) -> None:
    summary = janitor.folder / "summary"
    summary.write_text("what the step said before\n")
    janitor.fix(GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text().startswith("what the step said before\n")
    assert "1 of 2 runs was repaired" in summary.read_text()


def test_a_summary_that_cannot_be_written_fails_nothing(janitor: Janitor) -> None:
    ended = janitor.fix(GITHUB_STEP_SUMMARY="/no/such/folder/summary")
    assert ended.err.startswith("janitor: warning: the step summary /no/such/folder/summary")


def test_metrics_describe_the_pass_and_the_last_success(
    emulator: Emulator, janitor: Janitor
) -> None:
    janitor.fix("--metrics-file", "j.prom")
    first = metrics_of(janitor)
    assert (first["pass_succeeded"], first["brake_tripped"]) == (1, 0)
    assert abs(first["last_success_timestamp_seconds"] - time.time()) < 120
    emulator.seed(Runs().silent("another").seeds)
    janitor.fix("--metrics-file", "j.prom", "--max-changes", "0", code=3)
    second = metrics_of(janitor)
    assert (second["pass_succeeded"], second["brake_tripped"]) == (0, 1)
    assert second["last_success_timestamp_seconds"] == first["last_success_timestamp_seconds"]
    assert second["last_pass_timestamp_seconds"] > first["last_pass_timestamp_seconds"]


def test_people_are_notified_of_changes_and_not_of_nothing(janitor: Janitor) -> None:
    with web_server() as hook:
        address = f"json://{hook.address}"
        janitor.fix(JANITOR_NOTIFY=address)
        janitor.fix(JANITOR_NOTIFY=address)
        janitor.fix("--notify-on", "always", JANITOR_NOTIFY=address)
    told = [json.loads(body) for body in hook.bodies]
    assert [each["title"] for each in told] == [
        "janitor: 1 of 2 runs repaired",
        "janitor: 0 of 2 runs repaired",
    ]
    assert told[0]["message"].splitlines()[-1].endswith("/acme/rl/runs/silent")


def test_people_are_notified_of_a_pass_that_ended_without_a_report(janitor: Janitor) -> None:
    with web_server() as hook:
        ended = janitor.fix(
            "--notify", f"json://{hook.address}", code=1, WANDB_BASE_URL="http://127.0.0.1:9"
        )
    (body,) = hook.bodies
    assert json.loads(body)["title"] == "janitor fix failed"
    assert json.loads(body)["message"] in ended.err


def test_a_messenger_and_a_gateway_that_are_away_fail_nothing(janitor: Janitor) -> None:
    ended = janitor.fix("--notify", "json://127.0.0.1:9", "--pushgateway", "http://127.0.0.1:9")
    warnings = ended.err.splitlines()
    assert warnings[0].startswith(
        "janitor: warning: the metrics could not be sent to http://127.0.0.1:9"
    )
    assert warnings[1].startswith("janitor: warning: the notification to json://*** was not sent")
    assert "totals: 2 runs, 1 repaired" in ended.out


def test_an_address_of_nobody_is_refused_before_anything_is_asked(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.reset_counts()
    ended = janitor.fix("--notify", "nonsense://token", code=2)
    assert "--notify nonsense://***: not a valid Apprise URL" in ended.complaint()
    assert "token" not in ended.err
    assert emulator.requests == []


def test_past_reports_are_shown_again(janitor: Janitor) -> None:
    told = janitor.fix("--report", "r.json")
    assert janitor.ends(0, "report", "show", "r.json").out == told.out
    janitor.ends(0, "report", "render", "r.json", "--to", "again.html")
    assert "1 of 2 runs was repaired" in (janitor.folder / "again.html").read_text()
    assert "1 stuck, 1 repaired" in janitor.ends(0, "report", "trend", ".").out
