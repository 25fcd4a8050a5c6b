from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from janitor.errors import UsageError
from janitor.model import Outcome
from janitor.records import json_text
from janitor.records.report import (
    Brake,
    ClockReading,
    FalsePositives,
    RaceWindow,
    Report,
    ReportedShard,
    ReportedTarget,
    Requests,
    StandDown,
)
from janitor.report import RENDERERS, headline, render_json
from janitor.report.merge import merge
from tests.report.report_samples import (
    NOON,
    everything,
    finish,
    make_change,
    make_draft,
    make_hold,
)


def part(sweep: str, *, later: int = 0, **given: Any) -> Report:
    """A pass over one sweep of two runs: one repaired, one held."""
    draft = make_draft(started_at=NOON + timedelta(minutes=later))
    target = f"acme/rl/{sweep}"
    draft.add_target(ReportedTarget(target=target, runs_expected=4, runs_seen=4, complete=True))
    draft.add_change(make_change(f"acme/rl/{sweep}-1", target=target))
    draft.add_held(make_hold(f"acme/rl/{sweep}-2", target=target))
    draft.count_clean("success")
    draft.count_untracked()
    return finish(draft, 4).model_copy(update=given)


def test_one_report_is_itself() -> None:
    assert merge([everything()]) == everything()


def test_all_runs_targets_and_states_are_added_up() -> None:
    merged = merge([part("s2", later=5), part("s1"), part("s3", later=1)])
    assert merged.started_at == NOON
    assert [target.target for target in merged.targets] == [
        *("acme/rl/s1", "acme/rl/s3", "acme/rl/s2")
    ]
    assert [change.run for change in merged.changes] == [f"acme/rl/s{n}-1" for n in (1, 2, 3)]
    totals = merged.totals
    assert (totals.runs, totals.written, totals.held) == (12, 3, 3)
    assert (totals.clean, totals.untracked) == (3, 3)
    assert merged.states_before == {"running": 6, "success": 3}
    assert merged.states_after == {"running": 3, "success": 3, "timeout": 3}


def test_every_renderer_takes_what_was_merged() -> None:
    merged = merge([part("s1"), part("s2")])
    assert json_text.parse(render_json.render(merged)) == merged
    for render in RENDERERS.values():
        assert "acme/rl/s2-1" in render(merged)


def test_a_run_of_two_targets_counts_once_as_the_earlier_report_has_it() -> None:
    both = make_change("acme/rl/both")
    reports = []
    for number, change in enumerate((both, both.model_copy(update={"outcome": Outcome.FAILED}))):
        draft = make_draft(started_at=NOON + timedelta(minutes=number))
        draft.add_target(
            ReportedTarget(target=f"acme/rl/t{number}", runs_expected=1, runs_seen=1, complete=True)
        )
        draft.add_change(change)
        reports.append(finish(draft, 1))
    merged = merge(reports[::-1])
    assert [change.outcome for change in merged.changes] == [Outcome.WRITTEN]
    assert (merged.totals.runs, merged.totals.written, merged.totals.failed) == (1, 1, 0)
    assert merged.states_before == {"running": 1}


def test_the_worst_of_each_part_is_kept() -> None:
    calm = {
        "brake": Brake(tripped=False),
        "stand_down": StandDown(active=False),
        "clock": ClockReading(source="server", offset_seconds=0.1),
    }
    ill = {
        "brake": Brake.of_changes(600, 500),
        "stand_down": StandDown(active=True, share=0.6),
        "clock": ClockReading(source="local", warning="no time"),
        "interrupted": "deadline",
    }
    for order in ((calm, ill), (ill, calm)):
        merged = merge([part("s1", **order[0]), part("s2", later=1, **order[1])])
        assert merged.brake == ill["brake"]
        assert merged.stand_down == ill["stand_down"]
        assert merged.clock == ill["clock"]
        assert merged.interrupted == "deadline"


def test_costs_and_false_positives_are_added_up() -> None:
    cost = Requests(reads=1, writes=2, bytes_in=3, bytes_out=4, retries=5)
    returned = FalsePositives(by_rule={"heartbeat-expired": 1}, runs=("acme/rl/x",))
    window = RaceWindow(median_seconds=0.1, max_seconds=0.5, writes=2)
    given: dict[str, Any] = {
        "requests": cost,
        "false_positives": returned,
        "race_window": window,
    }
    merged = merge([part("s1", **given), part("s2", **given), part("s3")])
    assert merged.requests == Requests(reads=2, writes=4, bytes_in=6, bytes_out=8, retries=10)
    assert merged.race_window == RaceWindow(max_seconds=0.5, writes=4)
    assert merged.false_positives is not None
    assert merged.false_positives.by_rule == {"heartbeat-expired": 2}
    assert merged.false_positives.runs == ("acme/rl/x",)


def test_all_of_it_can_be_taken_back_with_the_journals_of_the_parts() -> None:
    merged = merge([part("s1", journal="/j/1.jsonl"), part("s2", journal="/j/2.jsonl")])
    assert headline.way_back(merged) == "janitor undo /j/1.jsonl && janitor undo /j/2.jsonl"
    again = merge([merged, part("s3", journal="/j/3.jsonl")])
    assert again.merged_journals == ("/j/1.jsonl", "/j/2.jsonl", "/j/3.jsonl")


def test_the_shards_of_one_pass_are_named() -> None:
    shards = [ReportedShard(index=index, count=2) for index in (1, 2)]
    merged = merge([part(f"s{shard.index}", shard=shard) for shard in shards])
    assert (merged.shard, merged.merged_shards) == (None, tuple(shards))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"command": "undo"}, "are of different commands"),
        ({"dry_run": True}, "are of a dry run and of a real pass"),
        ({"namespace": "other"}, "are of different namespaces"),
    ],
)
def test_reports_of_different_kinds_are_not_merged(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        merge([part("s1"), part("s2", **given)])


def test_passes_one_after_the_other_are_not_merged() -> None:
    with pytest.raises(UsageError, match=r"several of these reports are of acme/rl/s1.*trend"):
        merge([part("s1"), part("s1", later=60)])
