"""The budget of GPU-hours: nothing is launched once the jobs that run will use it up."""

from __future__ import annotations

import pytest

from janitor.model.ledger import Ledger
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.schedulers import scheduler_of
from janitor.sweep.simulation import Simulation
from janitor.sweep.verify import Comparison, verify
from tests.sweep.test_simulation import config_of

FILE = """
run_cap: 100
janitor:
  max_parallel_jobs: 4
  dispatch: {local: {gpus: 8}}
  resources: {gpus: 2}
  budget: {gpu_hours: 20}
"""


@pytest.mark.parametrize(("hours", "trials"), [(1.0, 10), (0.5, 20), (3.0, 4)])
def test_nothing_is_launched_that_the_budget_does_not_hold(hours: float, trials: int) -> None:
    """Jobs of 2 GPUs, four at a time; the first four are launched before a duration is known."""
    config = config_of(FILE)
    made = Simulation(
        config,
        scheduler_of(config),
        optimizer_of(config),
        lambda _, seed: [{"loss": 1.0, "seconds": 3600 * hours + seed % 5}],
    )
    outcome = made.run()
    ledger = Ledger.of("sim", outcome.store.entries())
    assert len(ledger.trials) == trials
    assert outcome.gpu_hours <= max(20, 4 * 2 * hours) + 0.1
    checked = list(verify("sim", outcome.store.entries()))
    assert {each.comparison for each in checked} == {Comparison.SAME}
