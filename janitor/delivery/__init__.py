"""Who is informed about a pass: CI summary, Prometheus, notifications. One file per receiver.

None of them can fail a pass: what goes wrong becomes a sentence to warn with.
"""

from __future__ import annotations

from collections.abc import Iterator

from janitor import report as reports
from janitor.config import Config
from janitor.delivery import metrics, notifications, step_summary
from janitor.records.report import Report
from janitor.report.message import message_of, message_of_failure
from janitor.runtime import extras
from janitor.storage.atomic import check_writable

__all__ = ["check", "deliver", "tell_of_failure"]

_PATIENCE, _WHEN_INTERRUPTED = 15.0, 1.0
"""Seconds that all other services together may take."""


def check(config: Config) -> None:
    """Check, before anything is done, that everyone can be informed.

    Raises:
        UsageError: a report or the metrics cannot be written, an extra is missing, or an address
            is none that apprise knows.

    """
    for path in config.report:
        reports.check(path)
    if config.metrics_file is not None:
        extras.require("metrics", for_what="--metrics-file")
        check_writable(config.metrics_file)
    if config.pushgateway is not None:
        extras.require("metrics", for_what="--pushgateway")
    if config.notify:
        extras.require("notify", for_what="--notify")
        notifications.check(config.notify)


def deliver(report: Report, config: Config, *, succeeded: bool, failed: bool) -> Iterator[str]:
    """Inform everyone; yields a sentence for each failure.

    Args:
        report: Of the pass.
        config: Says who to tell.
        succeeded: Whether the pass did all that it was asked.
        failed: Whether something went wrong; a brake that tripped is neither.

    """
    patience = _WHEN_INTERRUPTED if report.interrupted else _PATIENCE
    if config.step_summary is not None:
        yield from step_summary.append(report, config.step_summary)
    if config.metrics_file is not None:
        yield from metrics.write(report, config.metrics_file, succeeded=succeeded)
    if config.pushgateway is not None:
        yield from metrics.push(report, config.pushgateway, succeeded=succeeded, seconds=patience)
    message = message_of(report, failed=failed, link=config.link)
    if "always" in config.notify_on or message.occasions.intersection(config.notify_on):
        yield from notifications.send(message, config.notify, seconds=patience)


def tell_of_failure(command: str, said: str, config: Config) -> Iterator[str]:
    """Notify about a pass without a report; yields as :func:`deliver` does."""
    if {"always", "failure"}.intersection(config.notify_on):
        message = message_of_failure(command, said, config.link)
        yield from notifications.send(message, config.notify, seconds=_PATIENCE)
