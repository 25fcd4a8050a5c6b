"""A fleet with outages: how many runs are called dead that are not.

The same simulation (50 runs, 8 of it) of the janitor before outages were left out of silence: 21
false deaths besides the runs that were away for longer than every threshold, and about 2,900
run-passes in which a run stayed dead although it was back, nearly all for an objective that came
late. Now: 0 false deaths, and 1 such run-pass.

Passes cannot see an outage of the server itself: they know of it if most runs are still away when
the first pass after it reads them. With 30 runs and seed 0, fewer than half are away then: 13 are
closed, and corrected within one pass.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from tests.support.fleet import Counts, Fleet, Gap, make_members
from tests.support.passes import Scene
from tests.support.run_samples import HOUR, MINUTE, NOW


def simulated(
    folder: Path, seed: int, lengths: tuple[int, ...], *, network: bool, count: int = 30
) -> Counts:
    """A day and a half of a fleet, with an outage of so many minutes every six hours."""
    outages = [
        Gap(start, start + length * MINUTE)
        for index, length in enumerate(lengths)
        for start in [NOW + (4 + 6 * index) * HOUR + timedelta(seconds=37 * seed % 900)]
    ]
    scene = Scene(folder)
    members = make_members(Random(seed), count, outages)
    unreachable = () if network else tuple(outages)
    fleet = Fleet(scene, members, outages, unreachable, calls_crashed=network)
    return fleet.run(36 * HOUR)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("lengths", "network", "count"),
    [((), True, 30), ((20, 35, 50), True, 30), ((45, 120, 300), False, 50)],
    ids=["none", "network", "server"],
)
def test_no_run_is_called_dead_for_the_time_of_an_outage(
    tmp_path: Path, seed: int, lengths: tuple[int, ...], *, network: bool, count: int
) -> None:
    counts = simulated(tmp_path, seed, lengths, network=network, count=count)
    assert not counts.false_deaths
    assert max(counts.uncorrected.values(), default=0) <= 1
    assert counts.missed_deaths == 0
    assert counts.wrong_at_the_end == []
    assert counts.run_passes > 2000
