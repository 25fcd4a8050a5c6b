"""GitHub's step summary: a file that steps append Markdown to, 1 MiB at most each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from janitor.records.report import Report
from janitor.report import render_markdown

MOST: Final = 1024 * 1024
"""Bytes; GitHub does not show a larger summary."""
_NOTE: Final = "\n\n*The rest is omitted: a step summary is limited to 1 MiB.*\n"


def append(report: Report, path: Path) -> Iterator[str]:
    """Append the report to the summary of the step; yields a sentence if it cannot."""
    try:
        with path.open("ab") as file:
            there = file.tell()
            text = render_markdown.render(report)
            separated = f"\n\n{text}" if there else text
            file.write(fitted(separated, MOST - there).encode("utf-8"))
    except OSError as error:
        yield f"the step summary {path} could not be written: {error.strerror}"


def fitted(text: str, room: int) -> str:
    """As many complete lines of the text as fit into this many bytes, and a note if cut."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= room:
        return data.decode("utf-8")
    kept = data[: max(0, room - len(_NOTE))]
    lines = kept[: kept.rfind(b"\n") + 1].decode("utf-8")
    return lines.rstrip() + _NOTE if lines.strip() else ""
