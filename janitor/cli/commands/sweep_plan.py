"""``janitor sweep plan``: what the next step would do."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.exit_codes import ExitCode
from janitor.cli.sweep_options import (
    json_option,
    open_named,
    show_step,
    store_option,
    sweep_argument,
)


@click.command("plan", cls=Command)
@sweep_argument
@store_option
@json_option
@click.option("--exit-code", is_flag=True, help="Exit with 4 if there are decisions.")
@pass_session
def command(
    session: Session, /, *, sweep: str, store: str | None, as_json: bool, exit_code: bool
) -> ExitCode:
    """Show what the next step would learn and decide; nothing is created or written."""
    from janitor.storage import strict_json

    report = open_named(store, sweep).controller(session).plan()
    if as_json:
        click.echo(strict_json.dumps(report.model_dump(mode="json", by_alias=True)))
    else:
        show_step(report)
        for reason in report.waits:
            click.echo(f"   waits  {reason}")
    return ExitCode.PENDING if exit_code and report.decisions else ExitCode.DONE
