"""What the commands that look at whole sweeps share: reading them, and writing pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from janitor.cli.sweep_options import OpenSweep, open_named

if TYPE_CHECKING:
    from janitor.report.sheet import Sheet
    from janitor.sweep.analysis.data import SweepData

to_option = click.option(
    "--to",
    metavar="PATH",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file: .html (with charts), .md, .json or .csv. Repeatable."
    "  [default: print it]",
)


def data_of(opened: OpenSweep) -> SweepData:
    """The table of a sweep."""
    from janitor.sweep.analysis.data import read
    from janitor.sweep.opening import config_of

    return read(opened.ledger, opened.store.entries(), config_of(opened.ledger))


def read_named(store: str | None, name: str) -> SweepData:
    """The table of the sweep with this name.

    Raises:
        UsageError: it does not exist.

    """
    return data_of(open_named(store, name))


def check_outputs(to: Sequence[Path], *, more: Mapping[str, str] | None = None) -> None:
    """Check, before anything is read, that pages can be written to these paths.

    Raises:
        UsageError: a format is unknown, its extra is not installed, or a path cannot be written.

    """
    from janitor.errors import UsageError
    from janitor.runtime.extras import require
    from janitor.storage.atomic import check_writable

    known = (".html", ".md", ".json", ".csv", *(more or {}))
    for path in to:
        if path.suffix.lower() not in known:
            raise UsageError(f"{path}: this is written as {', '.join(known[:-1])} or {known[-1]}")
        if path.suffix.lower() == ".html":
            require("html", for_what=str(path))
        check_writable(path)


def write_sheet(sheet: Sheet, path: Path, document: Any) -> None:
    """Write a page in the format of the path's extension; ``document`` is what JSON gets.

    Raises:
        ReportError: the file cannot be written.

    """
    import json

    from janitor.errors import ReportError
    from janitor.report import sheet as sheets
    from janitor.storage.atomic import write_atomically

    renderers: Mapping[str, Callable[[Sheet], str]] = {
        ".html": sheets.as_html,
        ".md": sheets.as_md,
        ".csv": sheets.as_csv,
        ".json": lambda _: f"{json.dumps(document, indent=2, allow_nan=False)}\n",
    }
    write_atomically(path, renderers[path.suffix.lower()](sheet), error=ReportError)
