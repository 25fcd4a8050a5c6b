"""Promise 7: what may pass is tried again, every write from a fresh read; the rest is not."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from janitor.emulator import Emulator, Request
from tests.promises.service import House, Runs, path_of

WRITE = {"field": "upsertBucket"}


def about(emulator: Emulator, name: str) -> list[Request]:
    """The requests that read or write one run alone, in order."""
    return [
        request
        for request in emulator.requests
        if request.runs == [path_of(name)] and ("upsertBucket" in request.fields or request.runs)
    ]


def sends_without_a_read(emulator: Emulator, name: str) -> int:
    """How often a write followed another without a fresh read between them."""
    kinds = [request.kind for request in about(emulator, name)]
    return sum(kind == following == "mutation" for kind, following in pairwise(kinds))


@pytest.mark.parametrize(
    ("fault", "wandb_state"),
    [
        ({"action": "garbage"}, "finished"),
        ({"action": "garbage"}, "running"),
        ({"action": "errors", "messages": ["internal error"]}, "finished"),
        ({"action": "status", "status": 503}, "running"),
        ({"action": "status", "status": 429, "retry_after": 0}, "finished"),
        ({"action": "reset"}, "finished"),
    ],
    ids=["garbage", "garbage, alive", "GraphQL error", "503, alive", "429", "reset"],
)
def test_a_write_that_fails_for_the_moment_is_repeated_with_a_fresh_read(
    house: House, emulator: Emulator, fault: dict[str, Any], wandb_state: str
) -> None:
    house.seed(Runs().done("r1", state=wandb_state))
    emulator.faults.add(match=WRITE, times=1, **fault)
    done = house.fix()
    assert done.outcomes == {"r1": "written"}
    assert house.state("r1") == "success"
    assert sends_without_a_read(emulator, "r1") == 0
    assert emulator.counts.edits[path_of("r1")] == 2
    assert [write.outcome for write in done.writes("r1")] == ["failed", "written"]


@pytest.mark.parametrize(
    "fault",
    [{"action": "reset"}, {"action": "garbage"}, {"action": "hang"}],
    ids=["reset", "garbage", "hang"],
)
def test_an_answer_lost_after_the_write_was_applied_counts_as_written(
    house: House, emulator: Emulator, fault: dict[str, Any]
) -> None:
    house.seed(Runs().done("r1"))
    emulator.faults.add(match=WRITE, applied=True, **fault)
    done = house.fix(JANITOR_TIMEOUT="1s")
    assert done.outcomes == {"r1": "written"}
    assert [write.outcome for write in done.writes("r1")] == ["written"]
    assert emulator.counts.edits[path_of("r1")] <= 2


def test_a_run_that_moved_on_before_the_second_attempt_is_left_alone(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().done("r1"))
    moved = {"protein.state": "success", "protein.objective": 7, "mine": "kept"}
    emulator.faults.add(
        {"action": "garbage", "match": WRITE, "times": 1},
        {"action": "change", "when": "after", "change": {"summary": moved}, "match": WRITE},
    )
    done = house.fix()
    assert done.outcomes == {"r1": "superseded"}
    assert house.summary("r1") == moved


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_write_that_is_refused_is_not_tried_again(
    house: House, emulator: Emulator, status: int
) -> None:
    house.seed(Runs().done("r1").done("r2"))
    match = {**WRITE, "run": path_of("r1")}
    emulator.faults.add(action="status", status=status, match=match)
    done = house.fix(code=0 if status == 404 else 1)
    assert emulator.counts.edits[path_of("r1")] == 1
    assert done.outcomes["r2"] == "written"
    assert done.outcomes["r1"] == ("superseded" if status == 404 else "failed")
    assert house.state("r1") == "running"


def test_a_write_that_never_comes_through_fails_and_the_others_are_made(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().done("r1").done("r2"))
    emulator.faults.add(action="garbage", match={**WRITE, "run": path_of("r1")})
    done = house.fix(code=1)
    assert done.outcomes == {"r1": "failed", "r2": "written"}
    assert emulator.counts.edits[path_of("r1")] == 4
    assert sends_without_a_read(emulator, "r1") == 0


def test_one_sweep_that_cannot_be_read_leaves_the_others_repaired(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().done("r1").done("r2", sweep="s2"))
    emulator.faults.add(action="status", status=403, match={"field": "project.runs", "sweep": "s1"})
    done = house.fix("--sweep", "acme/rl/s2", code=1)
    assert done.outcomes == {"r2": "written"}
    assert [error["target"] for error in done.report["errors"]] == ["acme/rl/s1"]
    assert house.states("r1", "r2") == ["running", "success"]


def test_reads_that_fail_for_the_moment_are_asked_again(house: House, emulator: Emulator) -> None:
    house.seed(Runs().done("r1"))
    emulator.faults.add(
        {"action": "garbage", "match": {"field": "project.sweep"}, "times": 1},
        {"action": "garbage", "match": {"field": "project.runs"}, "times": 2},
        {"action": "garbage", "match": {"field": "project.run"}, "times": 2},
    )
    done = house.fix()
    assert done.outcomes == {"r1": "written"}
    assert done.report["requests"]["retries"] >= 5


def test_retry_after_is_waited_for(house: House, emulator: Emulator) -> None:
    house.seed(Runs().done("r1"))
    emulator.faults.add(action="status", status=429, retry_after=2, match=WRITE, times=1)
    house.fix()
    first, second = (request.at for request in emulator.requests if request.kind == "mutation")
    assert (second - first).total_seconds() >= 1.9
    assert sends_without_a_read(emulator, "r1") == 0


@pytest.mark.parametrize("status", [429, 503])
def test_an_edit_made_while_the_server_lets_a_write_wait_survives(
    house: House, emulator: Emulator, status: int
) -> None:
    house.seed(Runs().done("r1"))
    moved = {"protein.state": "failure", "protein.error": "a person looked", "mine": "kept"}
    emulator.faults.add(
        {"action": "status", "status": status, "retry_after": 1, "match": WRITE, "times": 1},
        {"action": "change", "when": "after", "change": {"summary": moved}, "match": WRITE},
    )
    done = house.fix()
    assert done.outcomes == {"r1": "superseded"}
    assert emulator.counts.edits[path_of("r1")] == 1
    assert house.summary("r1") == moved


# ---- before anything is read ----------------------------------------------------------------


@pytest.mark.parametrize("status", [503, 429, 500, 502, 504])
def test_a_login_that_fails_for_the_moment_is_tried_again(
    house: House, emulator: Emulator, status: int
) -> None:
    house.seed(Runs().done("r1"))
    emulator.faults.add(action="status", status=status, times=5)
    done = house.fix()
    assert done.outcomes == {"r1": "written"}


def test_a_login_whose_connection_is_reset_is_tried_again(house: House, emulator: Emulator) -> None:
    house.seed(Runs().done("r1"))
    emulator.faults.add(action="reset", times=3)
    assert house.fix().outcomes == {"r1": "written"}


def test_a_login_that_fails_until_the_deadline_is_not_a_mistake_of_the_user(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().done("r1"))
    emulator.faults.add(action="status", status=503)
    done = house.begin_fix("--deadline", "6s").end()
    assert done.ended.code == 1
    assert "ended by deadline" in done.ended.err
    assert emulator.counts.mutations == 0


def test_a_login_that_is_refused_is_not_tried_again(house: House, emulator: Emulator) -> None:
    house.seed(Runs().done("r1"))
    emulator.faults.add(action="status", status=401)
    done = house.begin_fix().end()
    assert done.ended.code == 2
    assert emulator.counts.requests == 1


@pytest.mark.parametrize("target", ["--sweep=acme/rl/s1", "--project=acme/rl"])
def test_targets_that_cannot_be_resolved_for_the_moment_are_tried_again(
    house: House, emulator: Emulator, target: str
) -> None:
    house.seed(Runs().done("r1"))
    field = "project.sweep" if target.startswith("--sweep") else "project.sweeps"
    rule = emulator.faults.add(action="garbage", match={"field": field}, times=6)
    done = house.begin("fix", target).end()
    assert done.ended.code == 0
    assert done.outcomes == {"r1": "written"}
    assert rule is not None
    assert done.report["requests"]["retries"] == 6


def test_targets_that_stay_unresolved_for_a_passing_reason_are_not_a_mistake_of_the_user(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().done("r1"))
    emulator.faults.add(action="garbage", match={"field": "project.sweep"})
    done = house.begin_fix("--deadline", "15s").end()
    assert done.ended.code == 1
    assert [error["transient"] for error in done.report["errors"]] == [True]
