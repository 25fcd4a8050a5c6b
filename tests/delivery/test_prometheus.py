"""What the real programs say of our metrics; a test whose program is missing is skipped."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from janitor.delivery import metrics
from janitor.records.report import Report
from janitor.report.render_metrics import render
from tests.delivery.services import prometheus, pushgateway, query, wait_for, web_server
from tests.deploy.tools import ROOT, run, tool
from tests.report.report_samples import everything, nothing
from tests.report.test_render import nasty


@pytest.mark.parametrize("report", [nothing(), everything(), nasty()], ids=["0", "all", "nasty"])
def test_promtool_finds_nothing_to_complain_of(report: Report) -> None:
    done = run([tool("promtool"), "check", "metrics"], stdin=render(report, succeeded=True))
    assert done.stdout + done.stderr == ""


def test_the_alerts_of_the_example_are_well_formed_and_go_off() -> None:
    rules = ROOT / "examples" / "prometheus" / "janitor-alerts.yml"
    run([tool("promtool"), "check", "rules", rules])
    run([tool("promtool"), "test", "rules", rules.with_name("janitor-alerts-test.yml")])


def test_prometheus_scrapes_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "janitor.prom"
    list(metrics.write(everything(), path, succeeded=True))
    with (
        web_server(path.read_bytes()) as file,
        prometheus(tmp_path, f"http://{file.address}/janitor.prom") as server,
    ):
        found = wait_for(lambda: query(server, 'wandb_janitor_changes{outcome="written"} > 0'))
        rules = {each["metric"]["rule"]: each["value"][1] for each in found}
        assert rules == {"heartbeat-expired": "1", "objective-invalid": "1"}
        (up,) = query(server, "up")
        assert up["value"][1] == "1"


def test_what_is_pushed_is_there_and_a_failure_keeps_the_last_success(tmp_path: Path) -> None:
    with (
        pushgateway(tmp_path) as gateway,
        prometheus(tmp_path, f"{gateway}/metrics") as server,
    ):
        assert list(metrics.push(everything(), gateway, succeeded=True, seconds=10)) == []
        wait_for(lambda: query(server, "wandb_janitor_pass_succeeded == 1"))
        later = nothing().model_copy(update={"finished_at": datetime(2026, 4, 1, tzinfo=UTC)})
        assert list(metrics.push(later, gateway, succeeded=False, seconds=10)) == []
        wait_for(lambda: query(server, "wandb_janitor_pass_succeeded == 0"))
        (last,) = query(server, "wandb_janitor_last_success_timestamp_seconds")
        assert float(last["value"][1]) == everything().finished_at.timestamp()
        assert last["metric"]["job"] == "wandb-janitor"
        assert query(server, 'wandb_janitor_changes{outcome="written"} > 0') == []


def test_the_job_may_be_named_in_the_address(tmp_path: Path) -> None:
    with pushgateway(tmp_path) as gateway, prometheus(tmp_path, f"{gateway}/metrics") as server:
        named = f"{gateway}/metrics/job/night%20pass"
        assert list(metrics.push(nothing(), named, succeeded=True, seconds=10)) == []
        (found,) = wait_for(lambda: query(server, "wandb_janitor_info"))
        assert found["metric"]["job"] == "night pass"
