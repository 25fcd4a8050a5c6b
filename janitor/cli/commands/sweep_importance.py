"""``janitor sweep importance``: how much each parameter matters."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import json_option, open_named, store_option, sweep_argument


@click.command("importance", cls=Command)
@sweep_argument
@store_option
@json_option
@click.option(
    "--evaluator",
    type=click.Choice(["ped-anova", "fanova"]),
    default="ped-anova",
    show_default=True,
    help="How it is computed; fanova needs the extra sweep-importance.",
)
def command(*, sweep: str, store: str | None, as_json: bool, evaluator: str) -> None:
    """Show the share of each parameter in the objective, from the complete trials."""
    from janitor.cli.errors import printable
    from janitor.errors import UsageError
    from janitor.runtime.extras import require
    from janitor.storage import strict_json
    from janitor.sweep.opening import config_of

    require("sweep-importance" if evaluator == "fanova" else "sweep", for_what="the importance")
    from janitor.sweep.optimizers.axes import axes_of
    from janitor.sweep.optimizers.importance import importances
    from janitor.sweep.optimizers.observed import Points

    ledger = open_named(store, sweep).ledger
    config = config_of(ledger)
    axes = axes_of(config.space)
    points, _ = Points(axes).of(ledger)
    shares = importances(
        axes,
        points,
        config.limits.sign,
        "fanova" if evaluator == "fanova" else "ped-anova",
    )
    if not shares:
        raise UsageError(
            f"{sweep} has too few complete trials, or too few parameters that all of them have"
        )
    if as_json:
        click.echo(strict_json.dumps({"evaluator": evaluator, "importance": shares}))
        return
    for name, share in shares.items():
        fixed = " (fixed)" if name in ledger.fixed else ""
        click.echo(printable(f"{100 * share:5.1f} %  {name}{fixed}"))
