"""``janitor report render``: a report in other formats."""

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
    """Write a .json report in the formats that the endings name."""
    from janitor import report as reports  # noqa: PLC0415 - `--help` needs none of it
    from janitor.cli.rendering import check, put, word_for_junit  # noqa: PLC0415 - as above

    fixed = word_for_junit(junit_fixed)
    check(to)
    put(reports.load(file), to, fixed)
