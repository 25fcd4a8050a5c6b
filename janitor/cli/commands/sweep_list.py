"""``janitor sweep list``: the sweeps of a store."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.sweep_options import json_option, open_catalog, store_option


@click.command("list", cls=Command)
@store_option
@json_option
def command(*, store: str | None, as_json: bool) -> None:
    """List the sweeps of a store, with their states and their numbers of trials."""
    import json

    from janitor.model.ledger import Ledger
    from janitor.runtime.clock import utc_now
    from janitor.sweep.catalogs import DEFAULT
    from janitor.sweep.opening import config_of
    from janitor.sweep.status import is_done
    from janitor.sweep.step_report import state_of

    catalog = open_catalog(store or DEFAULT)
    rows = []
    for name in catalog.names():
        ledger = Ledger.of(name, catalog.open(name).entries())
        if not ledger.specs:
            continue
        config = config_of(ledger)
        over = sum(trial.is_over for trial in ledger.trials.values())
        rows.append(
            {
                "sweep": name,
                "state": state_of(ledger, is_done=is_done(ledger, config, utc_now())),
                "trials": len(ledger.trials),
                "over": over,
                "started_at": ledger.started_at,
            }
        )
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['sweep']}  {row['state']}  {row['over']}/{row['trials']} trials over")
    if not rows:
        click.echo(f"No sweep in {catalog.location}.")
