"""Metrics for Prometheus: in a file for node_exporter, or sent to a Pushgateway."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from janitor.config.addresses import without_login
from janitor.errors import ReportError
from janitor.records.report import Report
from janitor.report import render_metrics
from janitor.storage.atomic import write_atomically

_JOB: Final = "wandb-janitor"
_TIMEOUT: Final = 10.0
"""Seconds."""
_JOB_IN_PATH: Final = re.compile(r"(?P<before>.*?)/metrics/job/(?P<job>[^/]+)/?")


def write(report: Report, path: Path, *, succeeded: bool) -> Iterator[str]:
    """Write the metrics atomically, readable for everyone; yields a sentence if it cannot.

    When a pass last succeeded is taken over from the file that stood there.
    """
    last = None if succeeded else last_success(path)
    text = render_metrics.render(report, succeeded=succeeded, last_success=last)
    try:
        write_atomically(path, text, mode=0o644, error=ReportError)
    except ReportError as error:
        yield f"the metrics could not be written: {error}"


def last_success(path: Path) -> datetime | None:
    """When a pass last succeeded, from a file of metrics; None if it does not say."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        families = list(text_string_to_metric_families(path.read_text(encoding="utf-8")))
        seconds = next(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == render_metrics.LAST_SUCCESS
        )
        return datetime.fromtimestamp(seconds, UTC)
    except (OSError, ValueError, OverflowError, StopIteration):
        return None


def push(report: Report, address: str, *, succeeded: bool, seconds: float) -> Iterator[str]:
    """Send the metrics to a Pushgateway; yields a sentence if it cannot.

    What is not sent stays there as it was: after a failure, the time of the last success.
    """
    from prometheus_client import pushadd_to_gateway

    registry = render_metrics.registry_of(report, succeeded=succeeded)
    gateway, job = _gateway(address)
    # Shards would take each other's place.
    group = {"shard": str(report.shard.index)} if report.shard else {}
    try:
        pushadd_to_gateway(gateway, job, registry, group, min(_TIMEOUT, seconds), _handler(address))
    except (OSError, ValueError) as error:
        yield f"the metrics could not be sent to {without_login(address)}: {error}"


def _gateway(address: str) -> tuple[str, str]:
    """The gateway's URL without a login, and the name of the job."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    named = _JOB_IN_PATH.fullmatch(parts.path)
    path, job = (named["before"], unquote(named["job"])) if named else (parts.path, _JOB)
    return urlunsplit((parts.scheme, host, path.rstrip("/"), "", "")), job


def _handler(address: str) -> Callable[..., Callable[[], None]]:
    """Sends a request with the login from the URL."""
    from prometheus_client.exposition import basic_auth_handler, default_handler

    parts = urlsplit(address)
    if parts.username is None:
        return default_handler
    user, password = unquote(parts.username), unquote(parts.password or "")

    def with_login(url: str, method: str, timeout: Any, headers: Any, data: Any) -> Any:
        return basic_auth_handler(url, method, timeout, headers, data, user, password)

    return with_login
