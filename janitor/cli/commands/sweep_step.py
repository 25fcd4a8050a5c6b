"""``janitor sweep step``: one step of a sweep, for cron, CronJobs and CI."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.exit_codes import ExitCode
from janitor.cli.sweep_options import (
    STORE,
    is_file,
    json_option,
    open_file,
    open_named,
    show_step,
)


@click.command("step", cls=Command)
@click.argument("sweep", metavar="SWEEP|FILE")
@click.option(
    "--store",
    metavar=STORE,
    help="The store.  [default: as for other commands]",
)
@json_option
@pass_session
def command(session: Session, /, *, sweep: str, store: str | None, as_json: bool) -> ExitCode:
    """Do one step of a sweep: repair, decide, launch, record.

    Several steps may run at the same time, and a step may be killed at any moment. Exits with 5
    when the sweep is done, with 3 when a brake paused it, and with 1 if something went wrong that
    the next step tries again.
    """
    from janitor.storage import strict_json

    session.load_config({})  # what is wrong with it is said before anything is created
    opened = open_file(sweep, store) if is_file(sweep) else open_named(store, sweep)
    report = opened.controller(session).run_step()
    if as_json:
        click.echo(strict_json.dumps(report.model_dump(mode="json", by_alias=True)))
    else:
        show_step(report)
        for reason in report.waits:
            click.echo(f"   waits  {reason}")
    if report.state == "braked":
        return ExitCode.BRAKE
    if report.errors:
        return ExitCode.FAILED
    return ExitCode.SWEEP_DONE if report.state == "done" else ExitCode.DONE
