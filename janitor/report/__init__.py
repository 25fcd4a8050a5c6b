"""The report of a pass: built, rendered, written, and read back.

To add a kind of file: a ``render_*.py`` with a pure ``render(report) -> str``, and its ending in
:data:`RENDERERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from janitor.errors import ReportError, UsageError
from janitor.records.report import Report
from janitor.report import render_csv, render_html, render_json, render_junit, render_markdown
from janitor.runtime.extras import require
from janitor.storage.atomic import check_writable, write_atomically

__all__ = [
    "RENDERERS",
    "check",
    "check_ending",
    "renderer_for",
    "text_of",
    "write",
]

Renderer = Callable[[Report], str]

RENDERERS: Final[Mapping[str, Renderer]] = MappingProxyType(
    {
        ".json": render_json.render,
        ".csv": render_csv.render,
        ".md": render_markdown.render,
        ".html": render_html.render,
        ".xml": render_junit.render,
    }
)
"""A file's ending → what renders it."""

_EXTRAS: Final = {".html": "html"}
"""A file's ending → what must be installed besides."""


def renderer_for(path: str | Path) -> Renderer:
    """What renders a file of this name; capitals in the ending do not matter.

    Raises:
        UsageError: no renderer is known for the ending.

    """
    renderer = RENDERERS.get(Path(path).suffix.lower())
    if renderer is None:
        *others, last = RENDERERS
        endings = f"{', '.join(others)} or {last}"
        raise UsageError(f"{path}: no kind of report is known by this ending; use {endings}")
    return renderer


def check(path: str | Path) -> None:
    """Make sure, before any work is done, that a report can be written here.

    Raises:
        UsageError: the ending is unknown, its extra is not installed, or the path cannot be
            written.

    """
    check_ending(path)
    check_writable(path, error=UsageError)


def check_ending(path: str | Path) -> None:
    """Make sure that a report can be rendered for a file of this name.

    Raises:
        UsageError: the ending is unknown, or its extra is not installed.

    """
    renderer_for(path)
    extra = _EXTRAS.get(Path(path).suffix.lower())
    if extra is not None:
        require(extra, for_what=str(path))


def text_of(report: Report, path: str | Path, junit_fixed: render_junit.Fixed = "failure") -> str:
    """The report in the form that the ending of the path asks for.

    ``junit_fixed`` is what a repaired run counts as in JUnit XML.

    Raises:
        UsageError: the ending is unknown.

    """
    renderer = renderer_for(path)
    is_junit = renderer is render_junit.render
    return render_junit.render(report, junit_fixed) if is_junit else renderer(report)


def write(report: Report, path: str | Path, *, junit_fixed: render_junit.Fixed = "failure") -> None:
    """Write the report in the form that the ending asks for, readable by its owner alone.

    Raises:
        UsageError: the ending is unknown.
        ReportError: the file cannot be written; what stood there before still does.

    """
    write_atomically(path, text_of(report, path, junit_fixed), mode=0o600, error=ReportError)
