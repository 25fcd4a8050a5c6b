"""The alerts, checked and tried by promtool with series as the janitor makes them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from janitor.delivery import metrics
from janitor.records.report import (
    Brake,
    Report,
    ReportedShard,
    StandDown,
)
from janitor.report.render_metrics import render
from tests.delivery.services import pushgateway
from tests.deploy.manifests import one, rendered
from tests.deploy.tools import run, tool

HOUR = 3600


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The alerts as a file of rules."""
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(alerts()))
    return path


def alerts() -> Any:
    return one(rendered("overlays/monitoring"), "PrometheusRule")["spec"]


def test_promtool_finds_nothing(rules: Path) -> None:
    done = run([tool("promtool"), "check", "rules", "--lint=all", "--lint-fatal", rules])
    assert f"SUCCESS: {len(alerts()['groups'][0]['rules'])} rules found" in done.stdout


def a_report(**more: Any) -> Report:
    """Of a pass at the beginning of time, which is when promtool's tests begin."""
    begun = datetime.fromtimestamp(1, UTC)
    return Report(version="1", dry_run=False, started_at=begun, finished_at=begun, **more)


def series(text: str) -> list[dict[str, str]]:
    """The metrics, staying as they are for a day."""
    return [
        {
            "series": sample.name
            + "{"
            + ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            + "}",
            "values": f"{sample.value}+0x1440",
        }
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


CASES = {
    "all is well": (render(a_report(), succeeded=True), 0.5, set()),
    "the last pass is too old": (
        render(a_report(), succeeded=True),
        2,
        {"JanitorLastPassTooOld"},
    ),
    "nothing is known": ("", 2, {"JanitorNeverRan"}),
    "no pass succeeds": (
        render(a_report(errors=[{"target": "a/b/c", "message": "no"}]), succeeded=False),
        8,
        {"JanitorLastPassTooOld", "JanitorNoSuccess", "JanitorFailures"},
    ),
    "the brake": (
        render(a_report(brake=Brake.of_changes(900, 500)), succeeded=False),
        0.25,
        {"JanitorBrakeTripped"},
    ),
    "an outage": (
        render(a_report(stand_down=StandDown(active=True)), succeeded=False),
        0.75,
        {"JanitorStandDown"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_alert_fires_when_it_should_and_only_then(
    case: str, rules: Path, tmp_path: Path
) -> None:
    text, hours, expected = CASES[case]
    at = f"{int(hours * 60)}m"
    tried = [rule["alert"] for rule in alerts()["groups"][0]["rules"]]
    test = {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series(text),
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
                        " or vector(0)",
                        "eval_time": at,
                        "exp_samples": [{"labels": "{}", "value": int(alert in expected)}],
                    }
                    for alert in tried
                ],
            }
        ],
    }
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(test))
    run([tool("promtool"), "test", "rules", path])


def test_every_metric_of_the_alerts_is_one_of_the_janitor() -> None:
    ours = {
        line.split("{")[0].split()[0]
        for line in render(a_report(), succeeded=True).splitlines()
        if line[0] != "#"
    }
    for rule in alerts()["groups"][0]["rules"]:
        words = rule["expr"].replace("(", " ").replace(")", " ").replace("{", " ").split()
        assert {word for word in words if word.startswith("wandb_janitor")} <= ours


def test_shards_do_not_take_each_others_place_at_the_pushgateway(tmp_path: Path) -> None:
    with pushgateway(tmp_path) as address:
        for index in (1, 2):
            report = a_report(shard=ReportedShard(index=index, count=2))
            assert list(metrics.push(report, address, succeeded=index == 1, seconds=10)) == []
        pushed = requests.get(f"{address}/metrics", timeout=10).text
    succeeded = {
        sample.labels["shard"]: sample.value
        for family in text_string_to_metric_families(pushed)
        for sample in family.samples
        if sample.name == "wandb_janitor_pass_succeeded"
    }
    assert succeeded == {"1": 1, "2": 0}
