"""Logs with structlog: on stderr only, as text or as JSON lines, without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from janitor.runtime.redaction import Redactor

FORMATS = ("console", "json")

_OURS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""Levels of the janitor's loggers: without ``-v``, with one, and with two."""
_OTHERS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.DEBUG)
"""Levels of the libraries' loggers: the same, and with three."""


class _StderrHandler(logging.StreamHandler[Any]):
    """The janitor's handler. Handlers of other code are kept."""


def configure_logging(
    verbosity: int, log_format: str, redact: Redactor, environ: Mapping[str, str]
) -> None:
    """Send all log lines of this process and its libraries to stderr in one format.

    Warnings of Python and of libraries become log lines.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    colors = sys.stderr.isatty() and not environ.get("NO_COLOR")
    handler = _StderrHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(log_format, colors=colors),
                _Redaction(redact),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, _StderrHandler)]
    root.addHandler(handler)
    root.setLevel(_OTHERS[min(verbosity, len(_OTHERS) - 1)])
    logging.getLogger("janitor").setLevel(_OURS[min(verbosity, len(_OURS) - 1)])
    logging.captureWarnings(capture=True)


def _renderers(log_format: str, *, colors: bool) -> list[Processor]:
    if log_format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(default=repr),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback
        )
    ]


class _Redaction:
    """The last step: removes secrets from the finished line."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact

    def __call__(self, _: WrappedLogger, __: str, line: EventDict) -> str:
        return self._redact(str(line))
