"""Whatever a run's processes do while it is written: nothing of theirs is lost in silence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from janitor.model import Outcome
from janitor.pipeline.history import Past
from janitor.pipeline.repair.read_age import ReadAge
from janitor.records.journal import journals
from janitor.records.report import Report
from tests.pipeline.lives import Lives
from tests.support.passes import PATH, Scene
from tests.support.run_samples import StillClock

SEEDS = 1200
SHARES = 4


def names_the_run(report: Report) -> bool:
    """Whether a report tells people that something may be wrong with the run."""
    failed = any(change.outcome is Outcome.FAILED for change in report.changes)
    return failed or any(warning.run == PATH for warning in report.warnings)


def play(folder: Path, seed: int) -> tuple[Lives, list[str]]:
    """A pass, and two more, over a run whose processes do this and that; what got lost silently."""
    random, clock = Random(seed), StillClock()
    store = Lives(random=random, clock=clock)
    scene = Scene(
        folder,
        store=store,
        clock=clock,
        read_age=ReadAge(count=lambda: clock.now().timestamp()),
    )
    store.begin()
    named = False
    for number in range(3):
        past = Past()
        past.add_journals(journals(folder))
        report = scene.fix(past=past)
        store.story.append(f"--- {[(c.outcome.value, c.error) for c in report.changes]}")
        store.story += [f"--- {warning.message}" for warning in report.warnings]
        named |= names_the_run(report)
        if number == 0:
            store.act(1 if random.random() < 0.5 else 0)
        if number < 2:  # what arrives after the last pass, a later one would see
            store.land()
        clock.move(timedelta(seconds=random.choice([60, 600, 1200])))
    return store, [] if named else store.lost()


@pytest.mark.parametrize("share", range(SHARES))
def test_nothing_that_a_process_sent_is_lost_in_silence(tmp_path: Path, share: int) -> None:
    silent = {}
    for seed in range(share, SEEDS, SHARES):
        store, lost = play(tmp_path / str(seed), seed)
        if lost:
            silent[seed] = (lost, store.story)
    assert silent == {}


def test_the_scenarios_do_lose_something(tmp_path: Path) -> None:
    """Or the test above would show nothing: many runs lose keys, by name."""
    losses = [seed for seed in range(200) if play(tmp_path / str(seed), seed)[0].lost()]
    assert len(losses) >= 10
