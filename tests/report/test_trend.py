from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

from rich.console import Console

from janitor.model import Outcome
from janitor.records.report import FalsePositives, Report
from janitor.report.render_html import render_trend
from janitor.report.trend import Trend, as_csv, as_json, as_text, headline
from tests.report.report_samples import NOON, finish, make_change, make_draft, make_hold


def a_pass(day: int, sweeps: dict[str, int], returned: int = 0, rule: str = "x") -> Report:
    """A pass that found so many stuck runs in each sweep."""
    draft = make_draft(started_at=NOON + timedelta(days=day))
    for sweep, runs in sweeps.items():
        for number in range(runs):
            target = f"acme/rl/{sweep}"
            outcome = Outcome.FAILED if number == 2 else Outcome.WRITTEN
            draft.add_change(
                make_change(f"{target}-{number}", target=target, rule=rule, outcome=outcome)
            )
    draft.add_held(make_hold())
    draft.add_change(make_change("acme/rl/back", rule="resurrected"))
    back = tuple(f"acme/rl/b{number}" for number in range(returned))
    draft.false_positives = FalsePositives(by_rule={rule: returned}, runs=back)
    return finish(draft, sum(sweeps.values()) + 2)


def a_trend(*reports: Report) -> Trend:
    trend = Trend()
    for report in reports:
        trend.add(report)
    return trend


WEEK = (
    a_pass(2, {"s1": 1}),
    a_pass(0, {"s1": 3, "s2": 1}),
    a_pass(1, {"s2": 2}, returned=1, rule="heartbeat-expired"),
)


def plain(trend: Trend) -> list[str]:
    return as_text(trend, Console(file=io.StringIO())).splitlines()


def test_passes_stand_in_their_order_with_what_they_found() -> None:
    lines = plain(a_trend(*WEEK))
    assert lines[0] == (
        "2026-03-01 12:00 UTC: fix, 6 runs, 4 stuck, 3 repaired, 1 held, 0 false positives"
    )
    assert lines[1].startswith("2026-03-02 12:00 UTC: fix, 4 runs, 2 stuck, 2 repaired")
    assert lines[1].endswith("1 false positives")
    assert "sweep acme/rl/s1: 4 stuck in 2 passes" in lines
    assert "rule heartbeat-expired: 2 stuck, 1 false positives" in lines


def test_a_run_that_came_back_was_not_stuck() -> None:
    assert not [line for line in plain(a_trend(*WEEK)) if "resurrected" in line]


def test_a_report_that_lies_there_twice_counts_once() -> None:
    assert plain(a_trend(*WEEK, *WEEK)) == plain(a_trend(*WEEK))


def test_an_undo_is_not_a_pass_over_runs() -> None:
    undo = WEEK[0].model_copy(update={"command": "undo"})
    assert a_trend(undo).passes == []


def test_a_terminal_gets_tables() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    text = as_text(a_trend(*WEEK), console)
    assert "False positives" in text
    assert "─" in text


def test_csv_has_a_row_a_figure() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(a_trend(*WEEK)))))
    stuck = [row["runs"] for row in rows if row["kind"] == "stuck"]
    assert stuck == ["4", "2", "1"]
    assert {
        "at": "2026-03-01T12:00:00Z",
        "command": "fix",
        "kind": "stuck_of_sweep",
        "name": "acme/rl/s1",
        "runs": "3",
    } in rows


def test_json_is_for_other_programs() -> None:
    told = json.loads(as_json(a_trend(*WEEK)))
    assert told["schema"] == "janitor.trend/1"
    assert [each["stuck"] for each in told["passes"]] == [4, 2, 1]
    assert told["passes"][1]["false_positives_by_rule"] == {"heartbeat-expired": 1}


def test_the_page_draws_rules_sweeps_and_false_positives() -> None:
    text = render_trend(a_trend(*WEEK))
    assert "3 passes since 2026-03-01: 7 runs found stuck, 6 repaired, 1 false positives" in text
    assert text.count("<svg") == 6
    assert "By sweep" in text


def test_many_sweeps_are_added_up() -> None:
    trend = a_trend(a_pass(0, {f"s{number:02}": 1 for number in range(50)}))
    assert "sweep 20 more: 20 stuck in several passes" in plain(trend)
    assert "43 more" in render_trend(trend)


def test_hostile_names_act_nowhere() -> None:
    name = "<script>alert(1)</script>\x1b[31m"
    trend = a_trend(a_pass(0, {name: 1}, rule="=cmd()\x1b[31m"))
    page = render_trend(trend)
    assert "<script>alert" not in page
    assert "\x1b" not in page + as_csv(trend) + "".join(plain(trend))
    assert "'=cmd()" in as_csv(trend)


def test_no_passes_are_said_to_be_none() -> None:
    assert headline(Trend()) == "There are no reports of passes here."
    assert "There are no reports" in render_trend(Trend())
