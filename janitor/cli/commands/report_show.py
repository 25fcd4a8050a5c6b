"""``janitor report show``: a report as it was printed."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command


@click.command("show", cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Print a .json report: tables on a terminal, plain lines elsewhere."""
    from rich.console import Console

    from janitor.records.json_text import load_report
    from janitor.report import render_terminal

    click.echo(render_terminal.render(load_report(file), Console()), nl=False)
