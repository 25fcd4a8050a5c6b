from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from janitor import report as reports
from janitor.cli.commands.report_merge import command
from janitor.errors import UsageError
from janitor.records.json_text import load_report
from janitor.records.report import (
    Brake,
    Report,
    ReportedShard,
    ReportedTarget,
    StandDown,
)
from janitor.report import headline, shards
from janitor.report.merge import merge
from tests.report.report_samples import finish, make_draft


def part(index: int, count: int = 4, **given: Any) -> Report:
    """A shard's pass over a sweep of its own, in which nothing is to be done."""
    draft = make_draft()
    target = f"acme/rl/s{index}"
    draft.add_target(ReportedTarget(target=target, runs_expected=1, runs_seen=1, complete=True))
    draft.count_clean("success")
    draft.shard = ReportedShard(index=index, count=count, sweeps=1, left_to_others=count - 1)
    return finish(draft, 1).model_copy(update=given)


def test_a_shard_says_that_it_is_one() -> None:
    assert headline.notices(part(2)) == [
        "This is only shard 2 of 4: 1 sweeps and groups belong to it, 3 belong to other shards."
    ]


def test_all_shards_together_are_a_whole() -> None:
    merged = merge([part(index) for index in (1, 2, 3, 4)])
    assert shards.missing(merged) == ()
    assert not any("missing" in notice for notice in headline.notices(merged))


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ((1, 2, 4), "Shard 3 of 4 is missing: its sweeps are not in this report."),
        ((1, 4), "Shards 2 and 3 of 4 are missing: their sweeps are not in this report."),
        ((2,), "Shards 1, 3 and 4 of 4 are missing: their sweeps are not in this report."),
    ],
)
def test_a_missing_shard_is_named(there: tuple[int, ...], said: str) -> None:
    assert headline.notices(merge([part(index) for index in there]))[0] == said


def test_merging_step_by_step_is_merging_at_once() -> None:
    halves = [merge([part(1), part(2)]), merge([part(3), part(4)])]
    assert shards.missing(merge(halves)) == ()
    assert shards.missing(merge([halves[0], part(4)])) == (3,)


def test_the_shards_that_the_brake_stopped_are_named() -> None:
    brake = Brake.of_changes(900, 500)
    merged = merge([part(1), part(2, brake=brake), part(3, brake=brake), part(4)])
    assert merged.brake is not None
    assert merged.brake.message == (
        "shard 2 of 4: 900 changes are 400 more than max_changes (500) allows;"
        " shard 3 of 4: 900 changes are 400 more than max_changes (500) allows"
    )
    assert "Brake and stand-down are computed per shard." in headline.notices(merged)


def test_a_shard_that_stood_down_is_named() -> None:
    quiet = StandDown(active=True, silent=9, open=10, share=0.9, message="9 of 10 went silent")
    merged = merge(
        [part(1), part(2, stand_down=StandDown(active=False)), part(3, stand_down=quiet)]
    )
    assert "Stand-down: shard 3 of 4: 9 of 10 went silent." in headline.notices(merged)


def test_shards_of_two_deals_are_not_merged() -> None:
    with pytest.raises(UsageError, match="these reports are of 2 and 4 shards"):
        merge([part(1), part(2, count=2)])


def test_the_same_shard_twice_is_refused_as_two_passes() -> None:
    with pytest.raises(UsageError, match="several of these reports are of acme/rl/s1"):
        merge([part(1), part(1)])


@pytest.mark.parametrize(("there", "code"), [((1, 2, 3, 4), 0), ((1, 3, 4), 1)])
def test_the_command_reports_a_missing_shard_by_its_code(
    there: tuple[int, ...], code: int, tmp_path: Path
) -> None:
    files = [str(tmp_path / f"{index}.json") for index in there]
    for file, index in zip(files, there, strict=True):
        reports.write(part(index), file)
    done = CliRunner().invoke(
        command, [*files, "--to", str(tmp_path / "merged.json")], standalone_mode=False
    )
    assert done.return_value == code
    assert ("janitor: Shard 2 of 4 is missing" in done.stderr) == bool(code)
    merged = load_report(tmp_path / "merged.json")
    assert [shard.index for shard in merged.merged_shards] == list(there)
