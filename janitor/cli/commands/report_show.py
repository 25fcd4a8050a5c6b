"""``janitor report show``: print a report."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command


@click.command("show", cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Print a .json report: tables in a terminal, plain lines otherwise."""
    from rich.console import Console

    from janitor.records.json_text import load_report
    from janitor.report import render_terminal

    click.echo(render_terminal.render(load_report(file), Console()), nl=False)
