"""``janitor sweep status``: the trials of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from janitor.cli.command import Command
from janitor.cli.errors import printable
from janitor.cli.sweep_options import json_option, open_named, store_option, sweep_argument

_LOOK_UP = 1.0


@click.command("status", cls=Command)
@sweep_argument
@store_option
@json_option
@click.option("--watch", is_flag=True, help="Show it again every second until the sweep is done.")
def command(*, sweep: str, store: str | None, as_json: bool, watch: bool) -> None:
    """Show the trials of a sweep: status, objective, cost, attempt, host, and why."""
    import time

    from janitor.storage import strict_json

    opened = open_named(store, sweep)
    while True:
        status = _status(opened)
        if as_json:
            click.echo(strict_json.dumps(status))
        else:
            if watch:
                click.clear()
            _show(status)
        if not watch or status["state"] == "done":
            return
        time.sleep(_LOOK_UP)
        opened = open_named(store, sweep)


def _status(opened: Any) -> dict[str, Any]:
    from janitor.runtime.clock import utc_now
    from janitor.sweep.opening import config_of
    from janitor.sweep.status import status_of

    return status_of(opened.store, opened.ledger, config_of(opened.ledger), utc_now())


def _show(status: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in ("run", "status", status["metric"] or "objective", "params", "attempt", "host"):
        table.add_column(Text(printable(name)))
    for row in status["trials"]:
        flag = " (excluded)" if row["excluded"] else " (deleted)" if row["deleted"] else ""
        table.add_row(
            row["run"],
            row["status"] + flag,
            _result(row),
            Text(printable(", ".join(f"{name}={value}" for name, value in row["params"].items()))),
            f"{row['attempt']}{' (eval)' if row['kind'] == 'eval' else ''}",
            Text(printable(row["host"])),
        )
    console = Console()
    console.print(table)
    counts = ", ".join(f"{count} {name}" for name, count in sorted(status["counts"].items()))
    expected = status["expected_trials"]
    of = f" of {expected}" if expected is not None else ""
    click.echo(
        f"{status['sweep']}: {status['state']}, {len(status['trials'])}{of} trials: {counts}"
    )
    if status["reason"]:
        click.echo(printable(f"why: {status['reason']}"))
    if (best := status["best"]) is not None:
        low, high = best.get("interval") or (None, None)
        of = f" ({low:.6g} to {high:.6g}, {best['repeats']} repeats)" if low is not None else ""
        click.echo(f"best: {best['run']} with {best['objective']:.6g}{of}")
    for name, value in status.get("fixed", {}).items():
        click.echo(printable(f"fixed: {name} = {value}, because it does not matter"))
    _show_front(status)
    if status["eta_seconds"] and status["state"] == "running":
        spread = status["eta_spread_seconds"]
        click.echo(f"done in about {status['eta_seconds']:.0f} s (± {spread:.0f} s)")


def _show_front(status: Mapping[str, Any]) -> None:
    """The Pareto front of a sweep with several metrics."""
    if not status.get("pareto"):
        return
    click.echo("Pareto front:")
    for one in status["pareto"]:
        values = ", ".join(f"{name} = {value:.6g}" for name, value in one["values"].items())
        click.echo(printable(f"  {one['run']}: {values}"))
    reference = status["hypervolume_reference"].items()
    to = ", ".join(f"{name} = {value:.6g}" for name, value in reference)
    click.echo(printable(f"hypervolume: {status['hypervolume']:.6g}, up to {to}"))


def _result(row: Mapping[str, Any]) -> str:
    """The objective; without one the value at the highest rung: ``0.81 at 3``."""
    if row["objective"] is not None:
        return f"{row['objective']:.6g}"
    if row["rung"] is None:
        return ""
    value = row["value"]
    return f"{value if isinstance(value, str) else format(value, '.6g')} at {row['rung']:g}"
