from __future__ import annotations

from typing import Literal
from xml.etree import ElementTree as ET

import pytest
from junitparser import JUnitXml

from janitor.model import Outcome
from janitor.records.report import Brake, Report
from janitor.report.options import RenderOptions
from janitor.report.render_junit import render
from tests.report.report_samples import (
    everything,
    finish,
    make_change,
    make_draft,
    make_hold,
    nothing,
)
from tests.report.test_render import nasty

Fixed = Literal["failure", "pass"]


def results_of(report: Report, fixed: Fixed = "failure") -> dict[str, str]:
    """Each case's run or target, and what became of it."""
    root = ET.fromstring(render(report, RenderOptions(fixed)))
    return {
        case.get("name", "").partition(" ")[0]: next(
            (child.tag for child in case if child.tag != "system-out"), "passed"
        )
        for case in root.iter("testcase")
    }


@pytest.mark.parametrize("fixed", ["failure", "pass"])
def test_each_run_is_a_case_with_the_result_that_its_outcome_means(fixed: Fixed) -> None:
    repaired = "failure" if fixed == "failure" else "passed"
    assert results_of(everything(), fixed) == {
        "acme/rl/r1": repaired,
        "acme/rl/r2": repaired,
        "acme/rl/r3": "error",
        "acme/rl/r4": "passed",
        "acme/rl/r5": "failure",
        "acme/rl/h1": "skipped",
        "acme/rl/h2": "skipped",
        "acme/rl/s1": "error",
    }


def test_the_counts_agree_with_the_cases() -> None:
    root = ET.fromstring(render(everything()))
    counted = {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counted == {"tests": "8", "failures": "3", "errors": "2", "skipped": "2"}


def test_a_suite_is_a_sweep_and_the_reason_is_the_message() -> None:
    suites = {suite.get("name"): suite for suite in ET.fromstring(render(everything()))}
    failure = suites["acme/rl/s1"].find("testcase/failure")
    assert failure is not None
    assert failure.get("message", "").endswith("silent for 3 hours while W&B says running")
    assert failure.get("type") == "heartbeat-expired"


def test_a_pass_with_nothing_to_report_is_a_document_without_cases() -> None:
    root = ET.fromstring(render(nothing()))
    assert (root.tag, root.get("tests"), len(root)) == ("testsuites", "0", 0)


def test_a_brake_is_an_error_unless_it_was_overruled() -> None:
    draft = make_draft()
    draft.brake = Brake.of_changes(600, 500)
    draft.add_change(make_change(outcome=Outcome.PLANNED))
    report = finish(draft, 1)
    assert results_of(report)["brake"] == "error"
    overruled = Brake.of_changes(600, 500).model_copy(update={"overruled": True})
    assert "brake" not in results_of(report.model_copy(update={"brake": overruled}))


@pytest.mark.parametrize("name", ["<script>", "]]>", '"><x a="', "&amp;", "\x1b[31m", "\x00", "￾"])
def test_names_cannot_leave_their_attribute(name: str) -> None:
    draft = make_draft()
    draft.add_change(make_change(name=name, reason=name, error=name))
    draft.add_held(make_hold(reason=name, target=name))
    root = ET.fromstring(render(finish(draft, 2)))
    assert {each.tag for each in root.iter()} == {
        *("testsuites", "testsuite", "testcase", "failure", "skipped", "system-out")
    }


def test_other_readers_of_junit_understand_it() -> None:
    for report in (everything(), nasty()):
        assert JUnitXml.fromstring(render(report).encode())
