"""Renders the report of a pass and writes it to files.

To add a format: a ``render_*.py`` with a pure ``render(report) -> str``, and its file extension in
:data:`RENDERERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from janitor.errors import ReportError, UsageError
from janitor.model.wording import either
from janitor.records.report import Report
from janitor.report.options import DEFAULT_OPTIONS, RenderOptions
from janitor.runtime.extras import require
from janitor.storage.atomic import check_writable, write_atomically

__all__ = [
    "RENDERERS",
    "RenderOptions",
    "check",
    "check_ending",
    "renderer_for",
    "text_of",
    "write",
]

Renderer = Callable[[Report], str]


def _render(module: str, report: Report, **options: Any) -> str:
    """Render a report. The module is imported when it is used: most passes write one format."""
    rendered: str = import_module(f"janitor.report.{module}").render(report, **options)
    return rendered


RENDERERS: Final[Mapping[str, Renderer]] = MappingProxyType(
    {
        ".json": partial(_render, "render_json"),
        ".csv": partial(_render, "render_csv"),
        ".md": partial(_render, "render_markdown"),
        ".html": partial(_render, "render_html"),
        ".xml": partial(_render, "render_junit"),
    }
)
"""File extension → renderer."""

_EXTRAS: Final = {".html": "html"}
"""File extension → the extra that it needs."""


def renderer_for(path: str | Path, options: RenderOptions = DEFAULT_OPTIONS) -> Renderer:
    """The renderer for a file of this name; upper and lower case do not matter.

    Raises:
        UsageError: the format is unknown.

    """
    ending = Path(path).suffix.lower()
    renderer = RENDERERS.get(ending)
    if renderer is None:
        raise UsageError(
            f"{path}: unknown report format {Path(path).suffix!r}; use {either(RENDERERS)}"
        )
    return partial(_render, "render_junit", options=options) if ending == ".xml" else renderer


def check(path: str | Path) -> None:
    """Check, before any work is done, that a report can be written here.

    Raises:
        UsageError: the format is unknown, its extra is not installed, or the path cannot be
            written.

    """
    check_ending(path)
    check_writable(path, error=UsageError)


def check_ending(path: str | Path) -> None:
    """Check that a report can be rendered for a file of this name.

    Raises:
        UsageError: the format is unknown, or its extra is not installed.

    """
    renderer_for(path)
    extra = _EXTRAS.get(Path(path).suffix.lower())
    if extra is not None:
        require(extra, for_what=str(path))


def text_of(report: Report, path: str | Path, options: RenderOptions = DEFAULT_OPTIONS) -> str:
    """The report in the format of the path's extension.

    Raises:
        UsageError: the format is unknown.

    """
    return renderer_for(path, options)(report)


def write(report: Report, path: str | Path, *, options: RenderOptions = DEFAULT_OPTIONS) -> None:
    """Write the report in the format of the path's extension, readable only by its owner.

    Raises:
        UsageError: the format is unknown.
        ReportError: the file cannot be written; an existing file stays unchanged.

    """
    write_atomically(path, text_of(report, path, options), mode=0o600, error=ReportError)
