"""Promise 9, continued: runs that were marked as ended by mistake are counted, each once."""

from __future__ import annotations

from typing import Any

from janitor.emulator import Emulator
from tests.promises.service import House, Pass, Runs, path_of


def counted(done: Pass) -> dict[str, int]:
    """The false positives of a pass, by rule."""
    return dict(done.report["false_positives"]["by_rule"])


def suggested(done: Pass) -> Any:
    """The heartbeat_timeout that a pass suggests, in seconds."""
    return done.report["false_positives"]["suggested_heartbeat_timeout_seconds"]


def beat_again(emulator: Emulator, name: str) -> None:
    """Let a run show life, longer after our write than it takes to be sure of it."""
    emulator.advance(300)
    emulator.change(path_of(name), heartbeat=True)


def test_a_run_that_is_resurrected_counts_for_the_rule_that_was_wrong(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().silent("r1").silent("r2"))
    assert counted(house.fix()) == {}
    beat_again(emulator, "r1")
    back = house.fix()
    assert counted(back) == {"heartbeat-expired": 1}
    assert back.report["false_positives"]["runs"] == [path_of("r1")]
    assert counted(house.fix()) == {}


def test_a_run_whose_process_wiped_our_mark_is_known_from_the_journal_and_counted_once(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().silent("r1"))
    house.fix()
    emulator.advance(300)
    emulator.change(path_of("r1"), log={"loss": 0.5})
    looked = house.fix("--dry-run")
    assert counted(looked) == {"heartbeat-expired": 1}
    assert counted(house.fix()) == {"heartbeat-expired": 1}
    assert counted(house.fix()) == {}
    assert house.summary("r1") == {"protein.state": "running", "loss": 0.5}


def test_where_no_journal_is_kept_an_earlier_report_serves_as_well(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().silent("r1"))
    house.fix()
    for journal in house.journals:
        journal.unlink()
    emulator.advance(300)
    emulator.change(path_of("r1"), log={"loss": 0.5})
    assert counted(house.fix("--dry-run")) == {}
    assert counted(house.fix("--previous", "report1.json")) == {"heartbeat-expired": 1}


def test_a_run_that_was_given_back_by_undo_is_not_a_false_positive(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().silent("r1"))
    house.fix()
    house.undo(house.journals[-1])
    beat_again(emulator, "r1")
    assert counted(house.fix()) == {}


def test_the_timeout_suggested_would_have_spared_the_run(house: House, emulator: Emulator) -> None:
    house.seed(Runs().silent("r1"))
    first = house.fix()
    assert suggested(first) is None
    silence = first.change("r1")["evidence"]["age_seconds"]
    beat_again(emulator, "r1")
    again = house.fix()
    assert silence <= suggested(again) <= silence + 120
    assert suggested(again) % 60 == 0


def test_an_earlier_report_that_cannot_be_read_is_reported_before_anything_is_done(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().silent("r1"))
    done = house.begin_fix("--previous", "nowhere.json").end()
    assert done.ended.code != 0
    assert "nowhere.json" in done.ended.err
    assert emulator.counts.edits == {}


def test_what_a_janitor_of_another_namespace_wrote_is_not_a_mistake_of_this_one(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().silent("r1", summary={"protein.state": "running", "other.state": "running"}))
    house.fix("--namespace", "other")
    emulator.advance(300)
    fresh = {"protein.last_update": emulator.now().isoformat()}
    emulator.change(path_of("r1"), summary_update=fresh)
    assert counted(house.fix()) == {}
    beat_again(emulator, "r1")
    assert counted(house.fix()) == {}
    assert counted(house.fix("--namespace", "other")) == {"heartbeat-expired": 1}
