from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from janitor.doctor.findings import Finding, Level
from janitor.doctor.survey import Gaps
from janitor.doctor.vocabulary_check import Census
from janitor.model import Policy, SweepRunState
from tests.support.run_samples import flat, make_run, nested

MAPPED = Policy(vocabulary={SweepRunState.TIMEOUT: "failure", SweepRunState.CRASHED: "failure"})


def findings(*summaries: dict[str, Any], policy: Policy | None = None) -> list[Finding]:
    census = Census(policy or Policy())
    for summary in summaries:
        census.add(make_run(summary))
    return list(census.findings())


def test_words_in_no_vocabulary_are_counted() -> None:
    vocabulary, consumers = findings(flat("done"), nested("done"), flat("running"))
    assert vocabulary.level is Level.WARN
    assert vocabulary.message == "2 runs say 'done', which is unknown: held"
    assert consumers.level is Level.OK


def test_known_words_are_listed() -> None:
    vocabulary, _ = findings(flat("failed"), flat("running"), flat("running"), {})
    assert vocabulary.message == "all state names are known: running 2, failed 1"


def test_states_that_are_not_text_are_counted() -> None:
    (vocabulary, _) = findings(flat(5), flat("running"))
    assert vocabulary.message.startswith("1 run with a state that is not a text")


def test_runs_without_any_state_make_one_look_at_the_namespace() -> None:
    (finding,) = findings({"loss": 1.0}, {})
    assert finding.level is Level.WARN
    assert "0 of 2 runs are tracked: no protein.state" in finding.message


def test_words_that_a_reader_takes_for_successes_are_warned_of() -> None:
    _, consumers = findings(flat("timeout"), flat("crashed"), flat("crashed"))
    assert consumers.level is Level.WARN
    assert "1 run says timeout and 2 runs say crashed" in consumers.message
    assert "vocabulary: {timeout: failure, crashed: failure}" in (consumers.advice or "")


def test_with_both_words_mapped_no_reader_is_misled() -> None:
    _, consumers = findings(flat("failure"), policy=MAPPED)
    assert consumers.message == "no run says timeout or crashed, and the janitor writes neither"


@pytest.mark.parametrize(
    ("times", "usual", "suggested"),
    [
        ([], None, timedelta(minutes=30)),
        ([0.0, 60.0, 120.0], timedelta(minutes=1), timedelta(minutes=30)),
        ([0.0, 900.0], timedelta(minutes=15), timedelta(minutes=45)),
        ([0.0, 6000.0], timedelta(minutes=100), timedelta(hours=6)),
        ([0.0, 86400.0], timedelta(days=1), timedelta(days=3)),
    ],
)
def test_a_timeout_is_suggested_from_the_gaps(
    times: list[float], usual: timedelta | None, suggested: timedelta
) -> None:
    gaps = Gaps()
    gaps.add(times)
    assert (gaps.usual, gaps.suggested_timeout) == (usual, suggested)


def test_one_long_gap_among_thousands_says_little() -> None:
    gaps = Gaps()
    gaps.add([float(second) for second in range(2001)])
    gaps.add([0.0, 7200.0])
    assert gaps.usual == timedelta(seconds=1)


def test_objectives_that_are_objects_are_counted_by_the_number_that_is_used() -> None:
    metric = Policy(objective="val/acc")
    known = flat("success") | {"val/acc": {"max": 0.7}}
    unknown = flat("success") | {"val/acc": {"max": 0.7, "min": 0.1}}
    found = [
        each
        for each in findings(known, known, unknown, flat("success"), policy=metric)
        if each.check == "objective"
    ]
    held, used = found
    assert held.level is Level.WARN
    assert held.message.startswith("1 run with an object as objective, as define_metric")
    assert "objective: val/acc.max" in (held.advice or "")
    assert used.level is Level.OK
    assert used.message == "2 runs with an object as objective: val/acc.max is used"


def test_of_numbers_as_objectives_nothing_is_said() -> None:
    found = findings(flat("success", objective=0.5), flat("running"))
    assert "objective" not in {each.check for each in found}
