"""``janitor report merge``: one report of several."""

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
    """Make one report of the .json reports of jobs that each had a part of the targets.

    Exits with 1 where they are shards of a pass, and a shard is missing.
    """
    from janitor import report as reports  # noqa: PLC0415 - `--help` needs none of it
    from janitor.cli.rendering import check, put, word_for_junit  # noqa: PLC0415 - as above
    from janitor.report import shares  # noqa: PLC0415 - as above
    from janitor.report.merge import merge  # noqa: PLC0415 - as above

    fixed = word_for_junit(junit_fixed)
    check(to)
    merged = merge([reports.load(file) for file in files])
    put(merged, to, fixed)
    if not shares.missing(merged):
        return ExitCode.DONE
    click.echo(f"janitor: {shares.notices(merged)[0]}", err=True)
    return ExitCode.FAILED
