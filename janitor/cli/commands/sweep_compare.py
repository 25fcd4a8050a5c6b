"""``janitor sweep compare``: which sweep found better results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from janitor.cli.command import Command
from janitor.cli.exit_codes import ExitCode
from janitor.cli.sweep_options import json_option, store_option
from janitor.cli.sweep_sheets import check_outputs, read_named, to_option, write_sheet

if TYPE_CHECKING:
    from janitor.sweep.analysis.comparison import Comparison


@click.command("compare", cls=Command)
@click.argument("sweeps", metavar="SWEEP...", nargs=-1, required=True)
@store_option
@click.option("--baseline", metavar="SWEEP", help="The sweep that the others are compared with.")
@click.option(
    "--regression",
    metavar="PERCENT",
    help="Exit with 6 if a sweep is worse than the first one by more than this, beyond luck.",
)
@json_option
@to_option
@click.option(
    "--junit",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write JUnit XML: one test case per comparison.",
)
def command(  # noqa: PLR0913 - one per option
    *,
    sweeps: tuple[str, ...],
    store: str | None,
    baseline: str | None,
    regression: str | None,
    as_json: bool,
    to: tuple[Path, ...],
    junit: Path | None,
) -> ExitCode:
    """Compare sweeps with the first one: results at equal budget, and whether it is luck.

    Configurations that both sweeps have tried are compared in pairs. Otherwise the results of all
    complete trials are compared. Needs the extra sweep.
    """
    import json

    from rich.console import Console

    from janitor.errors import ReportError, UsageError
    from janitor.report.sheet import show
    from janitor.runtime.extras import require
    from janitor.storage.atomic import check_writable, write_atomically
    from janitor.sweep.analysis.comparison import compare_all
    from janitor.sweep.analysis.regression import as_document, as_junit
    from janitor.sweep.analysis.sheets import sheet_of_comparisons

    require("sweep", for_what="sweep compare")
    names = [*([baseline] if baseline is not None else []), *sweeps]
    if len(names) < 2:
        raise UsageError("name two sweeps or more: the others are compared with the first one")
    percent = _percent(regression)
    check_outputs(to)
    if junit is not None:
        check_writable(junit)
    data = [read_named(store, name) for name in names]
    try:
        found = compare_all(data)
    except ValueError as error:
        raise UsageError(str(error)) from error
    sheet, document = sheet_of_comparisons(found), as_document(found, percent)
    for path in to:
        write_sheet(sheet, path, document)
    if junit is not None:
        write_atomically(junit, as_junit(found, percent), error=ReportError)
    if as_json:
        click.echo(json.dumps(document, allow_nan=False))
    elif not to:
        show(sheet, Console())
    return _code(found, percent)


def _percent(text: str | None) -> float | None:
    from janitor.errors import UsageError

    if text is None:
        return None
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = -1.0
    if not 0 <= percent < float("inf"):
        raise UsageError(f"--regression is a percentage such as 2%, not {text!r}")
    return percent


def _code(found: list[Comparison], percent: float | None) -> ExitCode:
    if percent is not None and any(one.is_regression(percent) for one in found):
        return ExitCode.REGRESSION
    return ExitCode.DONE
