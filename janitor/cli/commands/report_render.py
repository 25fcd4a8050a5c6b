"""``janitor report render``: write a report in other formats."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.options import junit_option, to_option


@click.command("render", cls=Command)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@to_option
@junit_option
def command(file: Path, *, to: tuple[str, ...], junit_fixed: str | None) -> None:
    """Write a .json report in other formats. The file extensions select the formats."""
    from janitor.cli.report_output import check, put, render_options
    from janitor.records.json_text import load_report

    options = render_options(junit_fixed)
    check(to)
    put(load_report(file), to, options)
