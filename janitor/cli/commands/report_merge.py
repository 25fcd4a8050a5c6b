"""``janitor report merge``: merge reports into one."""

from __future__ import annotations

from pathlib import Path

import click

from janitor.cli.command import Command
from janitor.cli.exit_codes import ExitCode
from janitor.cli.options import junit_option, to_option


@click.command("merge", cls=Command)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@to_option
@junit_option
def command(files: tuple[Path, ...], *, to: tuple[str, ...], junit_fixed: str | None) -> ExitCode:
    """Merge the .json reports of jobs that each processed a part of the targets.

    Exits with 1 if the reports are shards of a pass and a shard is missing.
    """
    from janitor.cli.report_output import check, put, render_options
    from janitor.records.json_text import load_report
    from janitor.report import shards
    from janitor.report.merge import merge

    options = render_options(junit_fixed)
    check(to)
    merged = merge([load_report(file) for file in files])
    put(merged, to, options)
    if not shards.missing(merged):
        return ExitCode.DONE
    click.echo(f"janitor: {shards.notices(merged)[0]}", err=True)
    return ExitCode.FAILED
