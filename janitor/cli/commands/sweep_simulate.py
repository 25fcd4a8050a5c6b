"""``janitor sweep simulate``: try schedulers and optimizers on a virtual clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.exit_codes import ExitCode
from janitor.cli.sweep_options import json_option, open_named, store_option

if TYPE_CHECKING:
    from janitor.sweep.simulation import Outcome
    from janitor.sweep.simulation.variants import Variant


@click.command("simulate", cls=Command)
@click.argument("file", metavar="FILE")
@click.option(
    "--curves",
    metavar="MODULE:FUNCTION",
    help="A function from params and a seed to what a training reports.",
)
@click.option("--from", "past", metavar="SWEEP", help="A past sweep, whose trials are replayed.")
@click.option(
    "--scheduler", "schedulers", multiple=True, metavar="TYPE", help="Instead of the file's."
)
@click.option(
    "--optimizer", "optimizers", multiple=True, metavar="TYPE", help="Instead of the file's."
)
@click.option("--seeds", metavar="N", type=click.IntRange(1), default=1, show_default=True)
@click.option("--trials", metavar="N", type=click.IntRange(1), help="Instead of the run_cap.")
@store_option
@json_option
def command(  # noqa: PLR0913 - one per option
    *,
    file: str,
    curves: str | None,
    past: str | None,
    schedulers: tuple[str, ...],
    optimizers: tuple[str, ...],
    seeds: int,
    trials: int | None,
    store: str | None,
    as_json: bool,
) -> ExitCode:
    """Simulate the sweep of a file: the same decisions, on a virtual clock.

    Prints a line for each scheduler, optimizer and seed. A TYPE may be settings, such as '{type:
    asha, max: 27}'. With --from, the trials of a past sweep are replayed with the file's scheduler;
    the line says whether the best one would have been stopped. Nothing is started or written.
    """
    import json

    from janitor.errors import UsageError
    from janitor.sweep.config import SweepConfig
    from janitor.sweep.simulation.curves import curves_of, past_trials
    from janitor.sweep.simulation.variants import backtest, simulated, variants_of

    if (curves is None) == (past is None):
        raise UsageError("give either --curves MODULE:FUNCTION or --from SWEEP")
    config = SweepConfig.load(file)
    rows: list[dict[str, Any]] = []
    made = variants_of(
        config, schedulers=schedulers, optimizers=optimizers, seeds=seeds, trials=trials
    )
    if curves is not None:
        function = curves_of(curves, config.directory)
        for variant in made:
            rows.append(_row(variant, simulated(variant, function)))
            if not as_json:
                click.echo(printable(_line(rows[-1])))
    else:
        opened = open_named(store, past or "")
        found = past_trials(opened.store, opened.ledger, config.limits.metric)
        for variant in made:
            tested = backtest(variant, found)
            row = {**_row(variant, tested.outcome), "optimizer": "past"}
            winner = None if tested.winner is None else tested.winner.run
            row |= {
                "past_job_hours": tested.past_hours,
                "winner": winner,
                "stopped_winner": tested.stopped_winner,
            }
            rows.append(row)
            if not as_json:
                kept = tested.stopped_winner is None
                fate = "is kept" if kept else f"would be stopped: {tested.stopped_winner}"
                saved = f"{tested.outcome.job_hours:.2f} of {tested.past_hours:.2f} job-hours"
                click.echo(printable(f"{_line(row)}; {saved}; the winner {winner} {fate}"))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    return ExitCode.DONE


def _row(variant: Variant, outcome: Outcome) -> dict[str, Any]:
    return {
        "scheduler": variant.scheduler,
        "optimizer": variant.optimizer,
        "seed": variant.seed,
        "seconds": outcome.seconds,
        "job_hours": outcome.job_hours,
        "gpu_hours": outcome.gpu_hours,
        "metric": variant.config.limits.metric,
        "best": outcome.best,
        "best_run": outcome.best_run,
        "best_params": outcome.best_params,
        "trials": outcome.trials,
        "stopped": outcome.stopped,
        "failed": outcome.failed,
        "why": outcome.why,
    }


def _line(row: dict[str, Any]) -> str:
    from datetime import timedelta

    from janitor.model.wording import format_duration

    best = "no result" if row["best"] is None else f"best {row['metric']} = {row['best']:.6g}"
    gpus = f"{row['gpu_hours']:.2f} GPU-hours"
    hours = gpus if row["gpu_hours"] else f"{row['job_hours']:.2f} job-hours"
    took = format_duration(timedelta(seconds=round(row["seconds"])))
    return (
        f"{row['scheduler']} × {row['optimizer']}, seed {row['seed']}: {took}, {hours}, {best}"  # noqa: RUF001 - a cross, as in the manual
        f" ({row['best_run']}), {row['trials']} trials, {row['stopped']} stopped,"
        f" {row['failed']} failed"
    )
