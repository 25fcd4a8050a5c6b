"""How much parameters matter, and fixing those that do not."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
from click.testing import CliRunner
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import FrozenTrial

from janitor.cli.root import cli
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Fix, Included, LedgerEntry
from janitor.runtime.clock import utc_now
from janitor.stores.sweep_files import SweepFolder
from janitor.sweep.config import SweepConfig
from janitor.sweep.decide import decide
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.optimizers.axes import axes_of
from janitor.sweep.optimizers.importance import Evaluator, importances
from janitor.sweep.optimizers.observed import Points
from janitor.sweep.schedulers import scheduler_of
from janitor.sweep.simulation import Outcome, Simulation
from janitor.sweep.verify import Comparison, verify
from tests.sweep.config.test_sweep_file import complaint
from tests.sweep.test_simulation import config_of

FILE = """\
name: sim
method: random
program: train.py
metric: {name: loss}
run_cap: 120
parameters:
  x: {min: -5.0, max: 5.0}
  y: {min: -5.0, max: 5.0}
  color: {values: [red, green, blue]}
  tail: {min: 0.0, max: 1.0, when: {color: red}}
"""
PRUNE = "janitor: {prune_unimportant: {after: 50, below: 0.05}}"


def bowl(params: Mapping[str, Any], seed: int) -> list[float]:
    """The color does not matter, and the tail neither."""
    noise = random.Random(seed).gauss(0, 0.1)
    return [float((params["x"] - 1) ** 2 + 0.5 * (params["y"] + 2) ** 2 + noise)]


def simulated(config: SweepConfig, curves: Any = bowl) -> tuple[Outcome, Ledger]:
    outcome = Simulation(config, scheduler_of(config), optimizer_of(config), curves).run()
    return outcome, Ledger.of(config.name, outcome.store.entries())


def two(extra: str = "") -> str:
    return FILE.replace("  tail: {min: 0.0, max: 1.0, when: {color: red}}\n", "") + extra


@pytest.mark.parametrize("evaluator", ["ped-anova", "fanova"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_what_matters_has_the_larger_share(evaluator: Evaluator, sign: int) -> None:
    config = config_of("", two())
    _, ledger = simulated(config, lambda params, seed: [-sign * bowl(params, seed)[0]])
    axes = axes_of(config.space)
    points, _ = Points(axes).of(ledger)

    shares = importances(axes, points, sign, evaluator)

    assert list(shares) == ["x", "y", "color"]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
    assert shares["color"] < 0.05
    assert shares == importances(axes, points, sign, evaluator)


def test_the_shares_are_those_of_optuna() -> None:
    config = config_of("", two())
    _, ledger = simulated(config)
    axes = axes_of(config.space)
    points, _ = Points(axes).of(ledger)
    study = optuna.create_study()
    real = optuna.distributions.FloatDistribution(-5, 5)
    choice = optuna.distributions.CategoricalDistribution(["red", "green", "blue"])
    for trial in ledger.trials.values():
        study.add_trial(
            optuna.create_trial(
                params=dict(trial.params),
                distributions={"x": real, "y": real, "color": choice},
                value=trial.objective,
            )
        )
    theirs = PedAnovaImportanceEvaluator().evaluate(study)
    total = sum(theirs.values())
    ours = importances(axes, points, -1, "ped-anova")
    assert ours == pytest.approx({name: each / total for name, each in theirs.items()}, abs=1e-5)
    assert all(isinstance(each, FrozenTrial) for each in study.trials)


@pytest.mark.parametrize(("optimizer", "below"), [("random", 0.05), ("tpe", 0.2)])
def test_what_does_not_matter_is_fixed_at_its_best_value_and_it_is_decided_again(
    optimizer: str, below: float
) -> None:
    prune = PRUNE.replace("0.05", str(below))
    config = config_of(f"{prune[:-1]}, optimizer: {{type: {optimizer}}}}}", two())
    outcome, ledger = simulated(config)
    fix = ledger.fixed["color"]
    assert set(ledger.fixed) == {"color"}
    assert "sweep include sim color" in fix.reason
    (number,) = [
        entry.number
        for entry in outcome.store.entries()
        if any(isinstance(item, Fix) for item in entry.items)
    ]
    before = Ledger.of("sim", outcome.store.entries()[: number - 1])
    best = min(
        before.trials.values(), key=lambda one: math.inf if one.objective is None else one.objective
    )
    assert fix.value == best.params["color"]
    later = [
        job.launch.params["color"]
        for trial in ledger.trials.values()
        for job in trial.jobs
        if job.entry >= number
    ]
    assert len(later) > 10
    assert set(later) == {fix.value}
    checked = list(verify(config.name, outcome.store.entries()))
    assert {each.comparison for each in checked} == {Comparison.SAME}


def test_too_few_trials_fix_nothing() -> None:
    _, ledger = simulated(config_of(f"run_cap: 49\n{PRUNE}", two()))
    assert not ledger.fixed


def test_nothing_is_fixed_on_which_others_depend_or_that_may_not_exist() -> None:
    _, ledger = simulated(config_of(PRUNE, FILE))
    assert not ledger.fixed


def test_a_parameter_that_a_person_freed_is_not_fixed_again() -> None:
    config = config_of(PRUNE, two())
    outcome, _ = simulated(config)
    entries = list(outcome.store.entries())
    number = next(
        entry.number for entry in entries if any(isinstance(each, Fix) for each in entry.items)
    )
    ledger = Ledger.of("sim", entries[:number])
    freed = Included("color", "it does matter")
    ledger.add(LedgerEntry(number + 1, "n", entries[number - 1].at, "acts", (freed,)))
    assert not ledger.fixed
    decided = decide(ledger, config.limits, scheduler_of(config), optimizer_of(config), utc_now())
    assert not any(isinstance(each, Fix) for each in decided.decisions)
    assert ledger.fork().released == {"color"}


def test_the_commands_show_and_free_what_was_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome, ledger = simulated(config_of(PRUNE, two()))
    store = SweepFolder(tmp_path / ".janitor", utc_now).create("sim")
    for entry in outcome.store.entries():
        assert store.append(entry)
    run = CliRunner().invoke

    shown = run(cli, ["sweep", "importance", "sim"])
    assert shown.exit_code == 0, shown.output
    assert "x" in shown.output.splitlines()[0]
    document = json.loads(run(cli, ["sweep", "importance", "sim", "--json"]).stdout)
    assert set(document["importance"]) == {"x", "y"}  # color is known to be fixed

    status = run(cli, ["sweep", "status", "sim"])
    value = ledger.fixed["color"].value
    assert f"fixed: color = {value}, because it does not matter" in status.output

    freed = run(cli, ["sweep", "include", "sim", "color"])
    assert freed.output == "color is free again, and is not fixed any more.\n"
    again = run(cli, ["sweep", "include", "sim", "color"])
    assert again.exit_code == 2
    assert "neither an excluded run nor a fixed parameter" in again.output


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ("{prune_unimportant: {after: 3}}", "after"),
        ("{prune_unimportant: {evaluator: mdi}}", "evaluator"),
        ("{prune_unimportant: true, scheduler: {type: pbt, max: 3}}", "changes all parameters"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, ours: str, said: str) -> None:
    text = "method: random\nprogram: t.py\nmetric: {name: loss}\nparameters: {x: {min: 0, max: 9}}"
    assert said in complaint(tmp_path, f"{text}\njanitor: {ours}\n")
