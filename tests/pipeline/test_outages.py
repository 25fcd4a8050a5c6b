"""Outages within a pass and across passes: their time is not silence."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from janitor.config.table import StandDownLimits
from janitor.model import Outage, OwnRule, Policy, SweepRunState
from janitor.model.evidence import take_vitals
from janitor.model.outages import time_of
from janitor.pipeline.context import Guards
from janitor.pipeline.history import Past
from janitor.records.journal import journals, read_journal
from janitor.records.json_text import pretty
from janitor.records.report import Report
from tests.rules.judging import check_changed, check_held
from tests.support.passes import Scene
from tests.support.run_samples import DAY, HOUR, MINUTE, NOW, SECOND, flat, make_run


def outage(since: timedelta, until: timedelta = timedelta(0), *projects: str) -> Policy:
    return Policy(outages=(Outage(NOW - since, NOW - until, frozenset(projects)),))


# ---- what a rule makes of it ----------------------------------------------------------------


def at(minutes: float) -> datetime:
    return NOW + minutes * MINUTE


@pytest.mark.parametrize(
    ("spans", "minutes"),
    [
        ([], 0),
        ([(0, 10)], 10),
        ([(-5, 5)], 5),
        ([(55, 99)], 5),
        ([(-9, 99)], 60),
        ([(70, 99), (-9, -1)], 0),
        ([(10, 30), (20, 40), (25, 26)], 30),
        ([(30, 40), (10, 20)], 20),
        ([(5, 5)], 0),
    ],
)
def test_the_time_in_outages_is_counted_once(
    spans: list[tuple[float, float]], minutes: float
) -> None:
    outages = [Outage(at(start), at(end)) for start, end in spans]
    assert time_of(outages, at(0), at(60)) == minutes * MINUTE


def test_a_run_does_not_get_older_by_an_outage() -> None:
    before = make_run(silent=70 * MINUTE)  # ten minutes when an outage of an hour began
    check_changed(before, "heartbeat-expired", "timeout")
    check_held(before, "alive 10 minutes (not counting an outage of 1 hour)", policy=outage(HOUR))
    longer = make_run(silent=HOUR + 31 * MINUTE)
    said = "silent for 31 minutes (not counting an outage of 1 hour)"
    check_changed(longer, "heartbeat-expired", "timeout", said, outage(HOUR))


@pytest.mark.parametrize(
    ("wandb", "rule"),
    [
        ("crashed", "none"),
        ("failed", "wandb-failed"),
        ("killed", "wandb-killed"),
        ("finished", "none"),
    ],
)
def test_every_threshold_leaves_the_outage_out(wandb: str, rule: str) -> None:
    run = make_run(flat("evaluating"), wandb, silent=70 * MINUTE)
    check_held(run, "not counting an outage of 1 hour", rule, outage(HOUR))


def test_an_outage_of_another_project_or_time_changes_nothing() -> None:
    run = make_run(silent=70 * MINUTE)
    for policy in (
        outage(HOUR, timedelta(0), "acme/other"),
        outage(5 * HOUR, 2 * HOUR),
        outage(timedelta(0)),
    ):
        check_changed(run, "heartbeat-expired", "timeout", policy=policy)
    check_held(run, "alive", policy=outage(HOUR, timedelta(0), "acme/rl", "acme/other"))


def test_the_age_of_own_rules_leaves_the_outage_out() -> None:
    own = OwnRule("own", 'run.age > duration("15m")', SweepRunState.FAILURE, "too long")
    policy = Policy(own_rules=(own,), heartbeat_timeout=DAY, outages=outage(HOUR).outages)
    check_held(make_run(silent=70 * MINUTE), "alive", policy=policy)
    check_changed(make_run(silent=80 * MINUTE), "own", "failure", policy=policy)


def test_the_report_shows_the_whole_age() -> None:
    vitals = take_vitals(make_run(silent=70 * MINUTE), outage(HOUR), NOW)
    assert (vitals.age, vitals.silence) == (70 * MINUTE, 10 * MINUTE)


# ---- what passes make of it -----------------------------------------------------------------


class World:
    """A sweep of ten runs that fell silent at once, and others; passes share a folder."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.scene = Scene(folder, **more)
        self.began = NOW
        for number in range(10):
            self.scene.store.add(make_run(id=f"r{number}", silent=timedelta(0)))
        self.scene.store.add(make_run(id="hiccup", silent=12 * MINUTE))
        self.scene.store.add(make_run(flat("evaluating"), "finished", id="eval", silent=8 * MINUTE))
        self.scene.store.add(make_run(id="dead", silent=HOUR))

    def after(self, minutes: float, *back: str, previous: Path | None = None) -> Report:
        """A pass so long after the outage began, at which these runs are back."""
        self.scene.clock.moment = self.began + minutes * MINUTE
        for name in back:
            beat = self.scene.clock.now() - SECOND
            self.scene.store.change(f"acme/rl/{name}", flat(), heartbeat_at=beat.isoformat())
        past = Past()
        if previous is None:
            past.add_journals(journals(self.scene.folder))
        else:
            past.add_report(previous)
        return self.scene.fix(past=past)

    def state(self, name: str) -> str:
        return str(self.scene.store.summary(f"acme/rl/{name}")["protein.state"])

    def dead(self) -> set[str]:
        names = [f"r{number}" for number in range(10)] + ["hiccup", "eval", "dead"]
        return {name for name in names if self.state(name) not in {"running", "evaluating"}}


NINE = tuple(f"r{number}" for number in range(9))


def test_nobody_dies_of_the_time_of_an_outage(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.after(15).stand_down is not None
    world.after(45)
    assert world.dead() == {"dead"}
    world.after(90)
    assert world.dead() == {"dead"}


def test_what_is_not_back_at_once_is_given_its_time_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.after(15)
    report = world.after(60, *NINE)
    assert report.stand_down is not None
    assert not report.stand_down.active
    assert [each.end for each in report.stand_down.outages] == [NOW + HOUR]
    assert world.dead() == {"dead"}
    world.after(75, *NINE)
    assert world.dead() == {"dead"}
    world.after(92, *NINE)  # it ended at 60 and counts until 65: 12 + 27, 8 + 27, and 27
    assert world.dead() == {"dead", "hiccup", "eval"}
    world.after(105, *NINE)
    assert world.dead() == {"dead", "hiccup", "eval", "r9"}


def test_an_outage_is_written_down_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.scene.store.remove("acme/rl/dead")
    for minutes in (15, 30, 45):
        world.after(minutes)
    (only,) = journals(tmp_path)
    (begun,) = read_journal(only).outages
    assert (begun.start, begun.end, begun.projects) == (NOW, None, ("acme/rl",))
    world.after(60, *NINE)
    world.after(75, *NINE)
    assert len(journals(tmp_path)) == 2
    (ended,) = read_journal(journals(tmp_path)[1]).outages
    assert (ended.start, ended.end) == (begun.start, NOW + HOUR)


def test_a_dry_run_writes_nothing_down(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.scene.clock.move(15 * MINUTE)
    report = world.scene.fix(dry_run=True)
    assert report.stand_down is not None
    assert report.stand_down.outages
    assert journals(tmp_path) == []


def test_where_no_journal_is_kept_an_earlier_report_shows_the_outage(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.after(15)
    file = tmp_path / "report.json"
    file.write_text(pretty(world.after(45)))
    world.after(60, *NINE, previous=file)
    assert world.dead() == {"dead"}


def test_a_death_of_most_runs_is_not_an_outage_forever(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.after(15)
    report = world.after(24 * 60 + 30)
    assert report.stand_down is not None
    (found,) = report.stand_down.outages
    assert found.end == found.start
    assert len(world.dead()) == 13


def test_who_knows_better_overrules_it(tmp_path: Path) -> None:
    world = World(tmp_path, guards=Guards(stand_down=StandDownLimits(enabled=False)))
    report = world.after(45)
    assert report.stand_down is not None
    assert report.stand_down.outages == ()
    assert len(world.dead()) == 13


def test_an_own_rule_is_held_while_an_outage_lasts(tmp_path: Path) -> None:
    when = 'run.last_alive != null && now - run.last_alive > duration("30m")'
    own = OwnRule("own", when, SweepRunState.FAILURE, "too long")
    world = World(tmp_path, policy=Policy(own_rules=(own,), heartbeat_timeout=9 * HOUR))
    world.after(15)
    report = world.after(45, "r0", "r1")
    held = {each.run.rpartition("/")[2]: each.reason for each in report.held}
    assert "an outage of W&B or of the network is under way" in held["hiccup"]
    assert world.dead() == set()
    world.after(60, *NINE)
    assert world.dead() == set()
    world.after(75, *NINE)
    assert world.dead() == {"dead", "hiccup", "eval", "r9"}
