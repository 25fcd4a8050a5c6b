"""Logs: on stderr only, as text or as JSON lines, without secrets.

structlog is imported with the first line; how it writes is in :mod:`janitor.cli.log_lines`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

from janitor.runtime.log import before_first_line, prepared
from janitor.runtime.redaction import Redactor

FORMATS = ("console", "json")

_OURS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""Levels of the janitor's loggers: without ``-v``, with one, and with two."""
_OTHERS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.DEBUG)
"""Levels of the libraries' loggers: the same, and with three."""


class _StderrHandler(logging.StreamHandler[Any]):
    """The janitor's handler. Handlers of other code are kept."""

    def format(self, record: logging.LogRecord) -> str:
        prepared()
        return super().format(record)


def configure_logging(
    verbosity: int, log_format: str, redact: Redactor, environ: Mapping[str, str]
) -> None:
    """Send all log lines of this process and its libraries to stderr in one format.

    Warnings of Python and of libraries become log lines.
    """
    handler = _StderrHandler(sys.stderr)
    colors = sys.stderr.isatty() and not environ.get("NO_COLOR")

    def prepare() -> None:
        from janitor.cli.log_lines import configured_formatter

        handler.setFormatter(configured_formatter(log_format, redact, colors=colors))

    before_first_line(prepare)
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, _StderrHandler)]
    root.addHandler(handler)
    root.setLevel(_OTHERS[min(verbosity, len(_OTHERS) - 1)])
    logging.getLogger("janitor").setLevel(_OURS[min(verbosity, len(_OURS) - 1)])
    logging.captureWarnings(capture=True)
