"""``janitor sweep start``: run the sweep of a file until it is done."""

from __future__ import annotations

import click

from janitor.cli.command import Command
from janitor.cli.context import Session, pass_session
from janitor.cli.exit_codes import ExitCode
from janitor.cli.sweep_options import STORE, open_file, show_step


@click.command("start", cls=Command)
@click.argument("file", metavar="FILE|RECIPE")
@click.option("--config", "config_file", metavar="FILE", help="The sweep file of a recipe.")
@click.option("--store", metavar=STORE, help="The store.  [default: that of the file]")
@click.option(
    "--every",
    metavar="DURATION",
    default="60s",
    show_default=True,
    help="The time between two steps. A job that ends begins the next one at once.",
)
@pass_session
def command(
    session: Session, /, *, file: str, config_file: str | None, store: str | None, every: str
) -> ExitCode:
    """Create the sweep of a file if needed, and step until it is done.

    RECIPE is package.module:name. Without --config its sweep file is the one that `janitor sweep
    init RECIPE` writes; with it, the file may leave out the recipe. Trials run in this folder.

    Ctrl-C ends this loop, not the jobs; start it again to go on. Failed trials do not change the
    exit code.

    \b
    Example:
      janitor sweep start examples/sweeps/grid.yaml
      janitor sweep start examples.recipes.arena:train --config sweep.yaml
    """
    from janitor.config.durations import parse_positive_duration
    from janitor.errors import UsageError

    try:
        seconds = parse_positive_duration(every).total_seconds()
    except ValueError as error:
        raise UsageError(f"--every {error}") from error
    session.load_config({})  # what is wrong with it is said before anything is created
    opened = open_file(file, store, config_file)
    click.echo(f"sweep {opened.store.name} in {opened.store.location}")
    try:
        report = opened.controller(session).run(seconds, show_step)
    except KeyboardInterrupt:
        click.echo("The loop ended; jobs go on. Start it again to continue.", err=True)
        return ExitCode.INTERRUPTED
    if report.state == "braked":
        click.echo(f"paused: {'; '.join(report.waits)}", err=True)
        return ExitCode.BRAKE
    click.echo(f"done: see `janitor sweep status {opened.reference}`")
    return ExitCode.DONE
