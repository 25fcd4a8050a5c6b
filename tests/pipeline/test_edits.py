"""What is written: every key, in both forms, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from janitor import __version__
from janitor.model import Change, Policy, RunInfo, SweepRunState
from janitor.model.summary import ABSENT, Form
from janitor.pipeline.edits import Edits, edits_for
from janitor.rules import judge
from tests.support.run_samples import DAY, HOUR, MINUTE, NOW, ago, flat, make_run, nested

AT = NOW + timedelta(seconds=2)
"""The moment of the write, a little after the judgement."""
ALIVE = "2026-03-01T10:00:00+00:00"
"""When the usual run was last alive."""
OTHERS: dict[str, Any] = {"loss": 0.5, "_wandb": {"runtime": 7}, "protein_state": 1, "x.state": 2}


def edits_of(run: RunInfo, policy: Policy | None = None) -> Edits:
    policy = policy or Policy()
    judgement = judge(run, policy, NOW)
    assert isinstance(judgement.verdict, Change), judgement.verdict
    assert judgement.reading is not None
    return edits_for(judgement.verdict, judgement.reading, policy, AT)


def repaired(run: RunInfo, policy: Policy | None = None) -> dict[str, Any]:
    return edits_of(run, policy).applied(run.summary)


def marks(rule: str, to: str, reason: str, previous: str = "running") -> dict[str, Any]:
    return {
        "rule": rule,
        "previous_state": previous,
        "state": to,
        "reason": reason,
        "at": AT.isoformat(),
        "version": __version__,
    }


def flat_marks(*given: str) -> dict[str, Any]:
    return {f"protein.janitor.{name}": value for name, value in marks(*given).items()}


SILENT = "silent for 2 hours while W&B says running"
RECORDED = "protein.objective is recorded (0.5)"


def test_a_timeout_in_flat_form() -> None:
    assert repaired(make_run(OTHERS | flat())) == OTHERS | {
        "protein.state": "timeout",
        "protein.last_update": AT.isoformat(),
        "protein.failure_time": ALIVE,
        "protein.error": f"timeout: {SILENT} (found by the janitor, rule heartbeat-expired)",
        "protein.runtime_seconds": 86400.0,
        **flat_marks("heartbeat-expired", "timeout", SILENT),
    }


def test_a_timeout_in_nested_form() -> None:
    assert repaired(make_run(OTHERS | nested(own=1))) == OTHERS | {
        "protein": {
            "own": 1,
            "state": "timeout",
            "last_update": AT.isoformat(),
            "failure_time": ALIVE,
            "error": f"timeout: {SILENT} (found by the janitor, rule heartbeat-expired)",
            "runtime_seconds": 86400.0,
            "janitor": marks("heartbeat-expired", "timeout", SILENT),
        }
    }


def test_a_success_has_a_completion_time_and_no_error() -> None:
    assert repaired(make_run(OTHERS | flat(objective=0.5))) == OTHERS | {
        "protein.objective": 0.5,
        "protein.state": "success",
        "protein.last_update": AT.isoformat(),
        "protein.completion_time": ALIVE,
        "protein.runtime_seconds": 86400.0,
        **flat_marks("objective-recorded", "success", RECORDED),
    }


def test_in_both_forms_the_state_is_written_twice_and_all_else_flat() -> None:
    summary = repaired(make_run(flat() | nested(own=1)))
    assert summary["protein"] == {"state": "timeout", "own": 1}
    assert summary["protein.state"] == "timeout"
    assert summary["protein.janitor.rule"] == "heartbeat-expired"


@pytest.mark.parametrize(
    ("wandb", "rule", "to"),
    [
        ("crashed", "wandb-crashed", "crashed"),
        ("failed", "wandb-failed", "failure"),
        ("killed", "wandb-killed", "cancelled"),
        ("running", "heartbeat-expired", "timeout"),
    ],
)
def test_every_end_but_success_has_a_failure_time_and_an_error(
    wandb: str, rule: str, to: str
) -> None:
    summary = repaired(make_run(wandb=wandb))
    assert summary["protein.state"] == to
    assert summary["protein.failure_time"] == ALIVE
    assert summary["protein.error"].startswith(f"{to}: ")
    assert rule in summary["protein.error"]
    assert "protein.completion_time" not in summary


@pytest.mark.parametrize("own", ["CUDA out of memory", "", 0, False, ["a"], {"type": "OOM"}])
@pytest.mark.parametrize("make", [flat, nested])
def test_an_error_that_is_there_is_left(make: Any, own: Any) -> None:
    run = make_run(make(error=own), "failed")
    values = edits_of(run).values
    assert not any(path[-1].endswith("error") for path in values)


@pytest.mark.parametrize("make", [flat, nested])
def test_a_null_is_neither_an_error_nor_a_runtime(make: Any) -> None:
    summary = repaired(make_run(make(error=None, runtime_seconds=None)))
    form = summary.get("protein", {name[8:]: value for name, value in summary.items()})
    assert form["error"].startswith("timeout: ")
    assert form["runtime_seconds"] == 86400


@pytest.mark.parametrize("own", [0, 12.5, "12 hours", False])
def test_a_runtime_that_is_there_is_left(own: Any) -> None:
    assert repaired(make_run(flat(runtime_seconds=own)))["protein.runtime_seconds"] == own


@pytest.mark.parametrize("created", [None, "soon", "0001-01-01T00:00:00Z", ago(-HOUR)])
def test_a_runtime_is_never_negative_and_never_made_up(created: Any) -> None:
    run = make_run(wandb="failed", created_at=created)
    assert "protein.runtime_seconds" not in repaired(run)


def test_a_run_that_was_never_seen_alive_gets_no_time_of_its_end() -> None:
    run = make_run(flat(objective="?"), "finished", silent=None, created_at=None)
    assert {path[0] for path in edits_of(run).values} == {
        "protein.state",
        "protein.last_update",
        "protein.error",
        *flat_marks("", "", ""),
    }


def test_a_former_time_of_the_end_gives_way() -> None:
    run = make_run(flat(failure_time="2020-01-01T00:00:00", completion_time="never"))
    assert repaired(run)["protein.failure_time"] == ALIVE
    assert repaired(run)["protein.completion_time"] == "never"


def test_other_readers_words_are_written_and_the_mark_says_which_state_is_meant() -> None:
    policy = Policy(vocabulary={SweepRunState.TIMEOUT: "failed", SweepRunState.RUNNING: "active"})
    summary = repaired(make_run(flat("active")), policy)
    assert summary["protein.state"] == "failed"
    assert summary["protein.janitor.state"] == "timeout"
    assert summary["protein.janitor.previous_state"] == "running"


def test_the_namespace_is_where_all_of_it_stands() -> None:
    policy = Policy(namespace="my.team")
    assert all(path[0].startswith("my.team.") for path in edits_of(_in("my.team"), policy).values)
    in_nested = make_run({"my.team": {"state": "running"}})
    assert set(repaired(in_nested, policy)) == {"my.team"}


def _in(namespace: str) -> RunInfo:
    return make_run({f"{namespace}.state": "running"})


def test_a_custom_objective_is_never_written() -> None:
    run = make_run(flat() | {"loss": 1}, "finished")
    assert repaired(run, Policy(objective="loss"))["loss"] == 1
    assert ("loss",) not in edits_of(run, Policy(objective="loss")).values


@pytest.mark.parametrize("janitor", [1, "text", None, []])
def test_what_blocks_the_marks_is_not_replaced(janitor: Any) -> None:
    run = make_run(nested(janitor=janitor))
    with pytest.raises(ValueError, match="'janitor' is in use"):
        edits_of(run).applied(run.summary)


def test_edits_know_what_stood_before_and_whether_they_stand() -> None:
    run = make_run(flat(error=None))
    edits = edits_of(run)
    before = edits.before(run.summary)
    assert before[("protein.state",)] == "running"
    assert before[("protein.error",)] is None
    assert before[("protein.janitor.rule",)] is ABSENT
    assert not edits.stand_in(run.summary)
    assert edits.stand_in(edits.applied(run.summary) | {"loss": 3})
    assert not edits.stand_in(edits.applied(run.summary) | {"protein.janitor.at": "later"})


# ---- back to life ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", [flat, nested])
@pytest.mark.parametrize("objective", [{}, {"objective": 0.5}])
def test_a_run_that_comes_back_is_as_it_was_but_for_one_mark(
    make: Any, objective: dict[str, Any]
) -> None:
    before = OTHERS | make(**objective)
    over = repaired(make_run(before))
    alive = make_run(over, silent=-3 * MINUTE)
    edits = edits_of(make_run(over, silent=-3 * MINUTE, created_at=ago(DAY + 2 * HOUR)))
    back = edits.applied(alive.summary)
    assert edits.form is (Form.FLAT if make is flat else Form.NESTED)
    assert back == before | make(
        **objective,
        last_update=AT.isoformat(),
        **({"janitor__resurrected_at": AT.isoformat()} if make is flat else {}),
        **({"janitor": {"resurrected_at": AT.isoformat()}} if make is nested else {}),
    )


def test_a_run_that_comes_back_keeps_what_was_its_own() -> None:
    own = flat(error="flaky disk", runtime_seconds=5, completion_time="never")
    over = repaired(make_run(own))
    back = repaired(make_run(over, silent=-3 * MINUTE))
    assert back["protein.error"] == "flaky disk"
    assert back["protein.runtime_seconds"] == 5
    assert back["protein.completion_time"] == "never"
    assert "protein.failure_time" not in back
