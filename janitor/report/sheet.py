"""A page of sentences, charts and tables, as HTML, Markdown, CSV or text for the terminal.

What is in it may come from runs: each renderer escapes it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from janitor.report.charts import Chart
from janitor.report.render_csv import as_cell
from janitor.report.render_html import render_page
from janitor.report.render_markdown import as_markdown
from janitor.report.sanitize import visible

if TYPE_CHECKING:
    from rich.console import Console

_CELL = 200
"""Characters of a cell that are shown."""


@dataclass(frozen=True, slots=True)
class SheetTable:
    """A table."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    words: int = 1
    """How many of its first columns hold words; the others hold numbers."""
    note: str = ""
    """A sentence below its title."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page."""

    kind: str
    """What it is, such as "Sweep analysis"."""
    headline: str
    sentences: tuple[str, ...]
    tables: tuple[SheetTable, ...]
    charts: tuple[Chart, ...] = ()


def as_html(sheet: Sheet) -> str:
    """One file without requests or scripts. Needs the extra ``html``."""
    return render_page("sheet.html.jinja", sheet)


def as_md(sheet: Sheet) -> str:
    """GitHub-flavoured Markdown."""
    parts = [f"# {as_markdown(sheet.kind)}", f"**{as_markdown(sheet.headline)}**"]
    if sheet.sentences:
        parts.append("\n".join(f"- {as_markdown(each)}" for each in sheet.sentences))
    for table in sheet.tables:
        numbers = len(table.header) - table.words
        lines = [
            f"| {' | '.join(map(as_markdown, table.header))} |",
            "|---" * table.words + "|--:" * numbers + "|",
            *(
                f"| {' | '.join(as_markdown(visible(cell, _CELL)) for cell in row)} |"
                for row in table.rows
            ),
        ]
        parts += [f"## {as_markdown(table.title)}"]
        parts += [as_markdown(table.note)] if table.note else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def as_csv(sheet: Sheet) -> str:
    """All tables, each after a row with its title."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow([as_cell(sheet.kind), as_cell(sheet.headline)])
    for table in sheet.tables:
        rows.writerow([])
        rows.writerow([as_cell(table.title)])
        rows.writerow([as_cell(name) for name in table.header])
        rows.writerows([as_cell(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def show(sheet: Sheet, console: Console) -> None:
    """Print it to a terminal."""
    from rich.table import Table  # noqa: PLC0415 - costs a moment
    from rich.text import Text  # noqa: PLC0415 - costs a moment

    console.print(Text(visible(sheet.headline)), style="bold", soft_wrap=True)
    for sentence in sheet.sentences:
        console.print(Text(visible(sentence)), soft_wrap=True)
    for table in sheet.tables:
        drawn = Table(title=Text(visible(table.title)), title_justify="left")
        for number, name in enumerate(table.header):
            drawn.add_column(
                Text(visible(name)), justify="left" if number < table.words else "right"
            )
        for row in table.rows:
            drawn.add_row(*(Text(visible(cell, _CELL)) for cell in row))
        console.print()
        console.print(drawn)
        if table.note:
            console.print(Text(visible(table.note)), soft_wrap=True)
