"""``janitor sweep simulate``, and the replay of sweeps of the past."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from janitor.cli.root import cli
from janitor.model.jobs import Report
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Complete, LedgerEntry
from janitor.runtime.clock import utc_now
from janitor.stores.memory_sweeps import MemoryCatalog, MemorySweep
from janitor.stores.sweep_files import SweepFolder
from janitor.sweep.simulation.curves import past_trials, ticks_of
from janitor.sweep.simulation.variants import backtest, variants_of
from tests.sweep.test_simulation import ASHA, FILE, config_of, simulate

# -- a sweep of the past


def past(curves: Any) -> tuple[MemorySweep, Ledger]:
    """A sweep whose reports are kept, as a store keeps them."""
    config = config_of()
    outcome = simulate(config, curves)
    sweep = MemoryCatalog(utc_now).create("past")
    for entry in outcome.store.entries():
        assert sweep.append(entry)
    ledger = Ledger.of("past", sweep.entries())
    for trial in ledger.trials.values():
        launch = trial.newest.launch
        job = sweep.handle(launch.run, launch.attempt, launch.kind)
        for tick in ticks_of(curves(trial.params, 0), "loss", "epoch"):
            sweep.report(job, Report(tick.resource, tick.metrics))
    return sweep, ledger


@pytest.mark.parametrize("is_late", [False, True])
def test_a_backtest_says_whether_the_winner_would_have_been_stopped(*, is_late: bool) -> None:
    """With ``is_late`` the trial that wins is the worst one in its first epochs."""

    def curve(params: Mapping[str, Any], seed: int) -> Iterator[Mapping[str, float]]:  # noqa: ARG001 - as curves are
        loss = abs(params["x"] - 0.3)
        for epoch in range(1, 10):
            early = -loss if is_late and epoch < 5 else loss
            yield {"loss": early + 1 / epoch, "epoch": epoch, "seconds": 10}

    sweep, ledger = past(curve)
    trials = past_trials(sweep, ledger, "loss")
    (variant,) = variants_of(config_of(), schedulers=[ASHA])

    tested = backtest(variant, trials)

    assert len(trials) == tested.outcome.trials == 12
    assert tested.past_hours == pytest.approx(12 * 90 / 3600)
    assert tested.outcome.job_hours < tested.past_hours
    objectives = {trial.run: trial.objective or math.inf for trial in ledger.trials.values()}
    assert tested.winner is not None
    assert tested.winner.run == min(objectives, key=lambda run: objectives[run])
    assert (tested.stopped_winner is not None) == is_late


def test_trials_of_the_past_that_failed_fail_again() -> None:
    def curve(params: Mapping[str, Any], seed: int) -> Iterator[Any]:  # noqa: ARG001 - as curves are
        yield {"loss": 1.0, "epoch": 1}
        if params["x"] < 0:
            yield {"fails": "no"}
        yield {"loss": 0.5, "epoch": 2}

    sweep, ledger = past(curve)
    failed = sum(
        isinstance(item, Complete) and item.objective is None
        for entry in sweep.entries()
        if isinstance(entry, LedgerEntry)
        for item in entry.items
    )
    (variant,) = variants_of(config_of())
    assert failed > 0
    assert backtest(variant, past_trials(sweep, ledger, "loss")).outcome.failed == failed


# -- the command


def run(folder: Path, *words: str) -> Any:
    (folder / "sim.yaml").write_text(FILE)
    (folder / "curves_here.py").write_text(
        "def bowl(params, seed):\n    return [abs(params['x']) + 1 / n for n in (1, 2, 3)]\n"
    )
    return CliRunner().invoke(cli, ["sweep", "simulate", str(folder / "sim.yaml"), *words])


def test_the_command_prints_a_line_per_combination(tmp_path: Path) -> None:
    done = run(tmp_path, "--curves", "curves_here:bowl", "--optimizer", "qmc", "--seeds", "2")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("parallel × qmc, seed 0: 36s, 0.01 job-hours, best loss = ")  # noqa: RUF001 - as printed
    assert "12 trials, 0 stopped, 0 failed" in lines[1]


def test_the_command_prints_json(tmp_path: Path) -> None:
    done = run(tmp_path, "--curves", "curves_here:bowl", "--json", "--trials", "4")
    (row,) = json.loads(done.output)
    assert (row["trials"], row["seconds"]) == (4, 12)


def test_the_command_replays_a_sweep_of_a_folder(tmp_path: Path) -> None:
    entries = simulate(config_of()).store.entries()
    sweep = SweepFolder(tmp_path / "store", utc_now).create("sim")
    for entry in entries:
        assert sweep.append(entry)
    words = ["--from", "sim", "--store", f"file:{tmp_path / 'store'}"]
    done = run(tmp_path, *words, "--scheduler", "{type: asha, max: 9, mode: stop}")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("asha stop × past, seed 0: ")  # noqa: RUF001 - as printed
    assert "of 0.30 job-hours; the winner sim-00" in done.output
    assert sweep.last_number() == len(entries)
    (row,) = json.loads(run(tmp_path, *words, "--json").output)
    assert (row["optimizer"], row["trials"], row["stopped_winner"]) == ("past", 12, None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give either --curves MODULE:FUNCTION or --from SWEEP"),
        (["--curves", "curves_here"], "--curves is package.module:function"),
        (["--curves", "curves_here:cup"], "has no function 'cup'"),
        (["--curves", "no_such_module:f"], "No module named"),
    ],
)
def test_wrong_words_get_one_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    done = run(tmp_path, *words)
    assert done.exit_code == 2
    assert said in done.output
