"""The report as metrics in the Prometheus text format. They describe the last pass: all are gauges.

Every metric has a sample for each state, rule and outcome, even if it is 0: alerts need them, and
a Pushgateway keeps old samples that are not sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Final

from janitor.model import Outcome, SweepRunState
from janitor.records.report import UNKNOWN_STATE, Report, Requests
from janitor.report.sanitize import visible
from janitor.rules import RULE_IDS

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

LAST_SUCCESS: Final = "wandb_janitor_last_success_timestamp_seconds"
"""When a pass last succeeded completely. Use it for alerts."""

_NO_RULE: Final = "none"
_LABEL: Final = 100
"""Characters of a label's value."""


def render(report: Report, *, succeeded: bool, last_success: datetime | None = None) -> str:
    """The text for node_exporter's textfile collector. Needs the extra ``metrics``."""
    from prometheus_client import generate_latest

    registry = registry_of(report, succeeded=succeeded, last_success=last_success)
    return generate_latest(registry).decode("utf-8")


def registry_of(
    report: Report, *, succeeded: bool, last_success: datetime | None = None
) -> CollectorRegistry:
    """The metrics of a pass.

    Args:
        report: The report of the pass.
        succeeded: Whether the pass did everything.
        last_success: When an earlier pass last succeeded, if that is known.

    """
    from prometheus_client import CollectorRegistry

    registry = CollectorRegistry()
    _runs(report, registry)
    _judgements(report, registry)
    _cost(report, registry)
    _alarms(report, registry)
    _times(report, registry, succeeded=succeeded, last_success=last_success)
    return registry


def _runs(report: Report, registry: CollectorRegistry) -> None:
    states = [*(state.value for state in SweepRunState), UNKNOWN_STATE]
    _labelled(
        registry,
        "runs",
        "Runs by state at the end of the pass.",
        "state",
        _with_zeros(report.states_after, states),
    )
    _labelled(
        registry,
        "runs_before_pass",
        "Runs by state at the start of the pass.",
        "state",
        _with_zeros(report.states_before, states),
    )
    _single(registry, "untracked_runs", "Runs without a state.", report.totals.untracked)
    incomplete = sum(not target.complete for target in report.targets)
    _single(registry, "targets", "Scanned sweeps and groups.", len(report.targets))
    known = sum(target.runs_known for target in report.targets)
    _single(registry, "known_runs", "Runs that had ended before and were not read again.", known)
    _single(
        registry,
        "incomplete_targets",
        "Targets that could not be read completely.",
        incomplete,
    )


def _judgements(report: Report, registry: CollectorRegistry) -> None:
    from prometheus_client import Gauge

    found = Counter((change.rule, change.outcome) for change in report.changes)
    rules = dict.fromkeys([*RULE_IDS, *(rule for rule, _ in found)])
    changes = Gauge(
        "wandb_janitor_changes",
        "Changes of the pass, by rule and outcome.",
        ("rule", "outcome"),
        registry=registry,
    )
    for rule, outcome in product(rules, Outcome):
        changes.labels(_label(rule), outcome.value).inc(found[rule, outcome])
    held = Counter(held.rule for held in report.held)
    _labelled(
        registry,
        "held_runs",
        "Runs on hold, by the rule that holds them.",
        "rule",
        _with_zeros(held, [*RULE_IDS, _NO_RULE]),
    )
    returned = report.false_positives.by_rule if report.false_positives else {}
    _labelled(
        registry,
        "false_positives",
        "Runs that an earlier pass marked as ended but are alive, by rule.",
        "rule",
        _with_zeros(returned, RULE_IDS),
    )


def _cost(report: Report, registry: CollectorRegistry) -> None:
    cost = report.requests or Requests()
    _labelled(
        registry,
        "requests",
        "Requests of the pass to W&B.",
        "kind",
        {"read": cost.reads, "write": cost.writes},
    )
    _labelled(
        registry,
        "transferred_bytes",
        "Bytes that the server received from and sent to the pass.",
        "direction",
        {"received": cost.bytes_in, "sent": cost.bytes_out},
    )
    _single(registry, "request_retries", "Retried requests.", cost.retries)
    _single(
        registry,
        "throttled_requests",
        "Answers that the server is asked too often.",
        cost.throttled,
    )
    if cost.limit_used_percent is not None:
        _single(
            registry,
            "rate_limit_used_ratio",
            "Share of the server's rate limit that is used up, from 0 to 1.",
            cost.limit_used_percent / 100,
        )
    took = (report.finished_at - report.started_at).total_seconds()
    _single(registry, "pass_duration_seconds", "Duration of the pass.", took)


def _alarms(report: Report, registry: CollectorRegistry) -> None:
    brake, stand_down = report.brake, report.stand_down
    tripped = brake is not None and brake.tripped and not brake.overruled
    _single(registry, "brake_tripped", "1 if the brake stopped the pass.", tripped)
    active = stand_down is not None and stand_down.active
    _single(registry, "stand_down_active", "1 if an outage was suspected.", active)
    _single(registry, "errors", "Errors of targets and of the pass itself.", len(report.errors))
    _single(registry, "dry_run", "1 if the pass was a dry run.", report.dry_run)


def _times(
    report: Report, registry: CollectorRegistry, *, succeeded: bool, last_success: datetime | None
) -> None:
    ended = report.finished_at
    _single(registry, "pass_succeeded", "1 if the pass succeeded completely.", succeeded)
    _single(registry, "last_pass_timestamp_seconds", "When the pass ended.", ended.timestamp())
    success = ended if succeeded else last_success
    if success is not None:
        name = LAST_SUCCESS.removeprefix("wandb_janitor_")
        _single(registry, name, "When a pass last succeeded completely.", success.timestamp())
    _labelled(
        registry, "info", "The janitor that wrote these metrics.", "version", {report.version: 1}
    )


def _labelled(
    registry: CollectorRegistry, name: str, about: str, label: str, samples: Mapping[str, int]
) -> None:
    from prometheus_client import Gauge

    gauge = Gauge(f"wandb_janitor_{name}", about, (label,), registry=registry)
    for value, number in samples.items():
        gauge.labels(_label(value)).inc(number)


def _single(registry: CollectorRegistry, name: str, about: str, number: float) -> None:
    from prometheus_client import Gauge

    Gauge(f"wandb_janitor_{name}", about, registry=registry).set(number)


def _with_zeros(found: Mapping[str, int], usual: Iterable[str]) -> dict[str, int]:
    return {**dict.fromkeys(usual, 0), **found}


def _label(value: str) -> str:
    return visible(value, _LABEL)
