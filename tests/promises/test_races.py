"""Promise 8: a run that is at work between our read and our write loses nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from janitor.emulator import Emulator
from tests.emulator.emulator_clients import start_client
from tests.promises.service import Begun, House, Runs, path_of, wait_until

PATH = path_of("r1")
SCAN = {"field": "project.runs"}
FRESH = {"field": "project.run"}
WRITE = {"field": "upsertBucket", "run": PATH, "sdk": False}
OPEN = {"protein.state": "running", "loss": 0.5}


def between_scan_and_write(emulator: Emulator, **change: Any) -> None:
    """Let something happen to the run as soon as it was scanned."""
    emulator.faults.add(action="change", run=PATH, change=change, match=SCAN, when="after", times=1)


def ours(summary: dict[str, Any]) -> dict[str, Any]:
    """The keys that the janitor wrote."""
    return {key: value for key, value in summary.items() if key.startswith("protein.janitor")}


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"log": {"loss": 0.25}}, "running"),
        ({"heartbeat": True}, "running"),
        ({"log": {"protein.objective": 3.5}}, "running"),
        ({"finish": 0}, "running"),
        ({"log": {"protein.state": "success", "protein.objective": 3.5}, "finish": 0}, "success"),
        ({"summary_update": {"protein.state": "success"}}, "success"),
        ({"tags": ["janitor:ignore"]}, "running"),
    ],
    ids=["logs", "beats", "records its objective", "finishes", "ends well", "is edited", "tagged"],
)
def test_a_run_that_moves_on_after_the_scan_is_superseded(
    house: House, emulator: Emulator, change: dict[str, Any], state: str
) -> None:
    house.seed(Runs().silent("r1", summary=OPEN))
    between_scan_and_write(emulator, **change)
    done = house.fix()
    assert done.outcomes == {"r1": "superseded"}
    summary = house.summary("r1")
    assert summary["protein.state"] == state
    assert ours(summary) == {}
    assert {**OPEN, **change.get("log", {}), **change.get("summary_update", {})} == summary
    assert emulator.counts.edits[PATH] == 0


def test_a_run_that_records_its_objective_and_is_judged_the_same_keeps_it(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().done("r1", objective=1.0))
    between_scan_and_write(emulator, summary_update={"protein.objective": 2.0, "late": math.inf})
    done = house.fix()
    assert done.outcomes == {"r1": "written"}
    summary = house.summary("r1")
    assert (summary["protein.objective"], summary["late"]) == (2.0, math.inf)


def test_a_run_that_is_gone_is_superseded(house: House, emulator: Emulator) -> None:
    house.seed(Runs().silent("r1", summary=OPEN).done("r2"))
    missing = '{"data": {"project": {"r0": null}}}'
    emulator.faults.add(
        action="status", status=200, body=missing, match={**FRESH, "run": PATH}, times=1
    )
    done = house.fix()
    assert done.outcomes == {"r1": "superseded", "r2": "written"}


def test_active_runs_are_read_alone_and_ended_ones_in_batches(
    house: House, emulator: Emulator
) -> None:
    runs = Runs()
    for number in range(6):
        runs.silent(f"active{number}")
        runs.done(f"ended{number}")
    house.seed(runs)
    house.fix("--no-stand-down")
    before_writes = [
        len(request.runs) for request in emulator.requests if "project.run" in request.fields
    ]
    assert before_writes.count(1) == 6
    assert max(before_writes) >= 6


def test_the_window_is_measured(house: House, emulator: Emulator) -> None:
    house.seed(Runs().silent("r1", summary=OPEN))
    emulator.faults.add(action="delay", seconds=0.5, match=WRITE)
    window = house.fix().report["race_window"]
    assert window["writes"] == 1
    assert 0.5 <= window["median_seconds"] == window["max_seconds"] < 10


@pytest.mark.parametrize("fault", [None, {"action": "garbage"}], ids=["", "at the second try"])
def test_a_scripted_run_that_ends_while_it_is_written_gets_its_last_summary_back(
    house: House, emulator: Emulator, fault: dict[str, Any] | None
) -> None:
    house.seed(Runs().silent("r1", summary=OPEN))
    last = {"loss": 0.1, "protein.objective": 9.0, "final": [1, math.inf]}
    emulator.faults.add(
        action="change", change={"log": last, "finish": 0}, match=WRITE, when="before", times=1
    )
    if fault is not None:
        emulator.faults.add(match=WRITE, nth=2, **fault)
    done = house.fix()
    summary = house.summary("r1")
    assert {key: summary[key] for key in last} == last
    assert summary["protein.state"] == "running"  # it is settled by a later pass
    assert ours(summary) == {}
    assert done.outcomes == {"r1": "superseded"}
    assert "put back" in done.change("r1")["error"]
    emulator.advance(600)
    assert house.fix().outcomes == {"r1": "written"}
    assert house.state("r1") == "success"


TRAIN = """
    import os, sys
    import wandb
    run = wandb.init()
    run.log({"loss": 0.5})
    run.summary["protein.state"] = "running"
    print("training", flush=True)
    sys.stdin.readline()
    run.log({"loss": 0.125, "accuracy": 0.99})
    run.summary["protein.objective"] = 0.99
    run.summary["final"] = {"confusion": [[1, 2], [3, 4]]}
    print("logged", flush=True)
    if sys.stdin.readline().strip() == "end":
        run.finish()
        print("finished", flush=True)
    sys.stdin.readline()
    run.finish()
"""


LAST_WORD = {
    "loss": 0.125,
    "accuracy": 0.99,
    "final": {"confusion": [[1, 2], [3, 4]]},
    "protein.objective": 0.99,
}
"""What it says at its end."""


@pytest.fixture
def training(house: House, emulator: Emulator, tmp_path: Path) -> Any:
    """A real training process; it logs what it has when it is told to, and ends or lives on."""
    house.seed(Runs().alive("other"))
    process = start_client(
        emulator,
        tmp_path,
        TRAIN,
        WANDB_ENTITY="acme",
        WANDB_PROJECT="rl",
        WANDB_SWEEP_ID="s1",
        WANDB_RUN_ID="r1",
        WANDB__FILE_STREAM_TRANSMIT_INTERVAL="1",
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n"
    wait_until(lambda: house.summary("r1").get("protein.state") == "running")
    yield process
    process.kill()
    process.communicate(timeout=30)


def say(process: Any, word: str) -> None:
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def test_a_real_process_that_finishes_inside_the_window_keeps_its_final_metrics(
    house: House, emulator: Emulator, training: Any
) -> None:
    begun = end_under_a_held_write(house, emulator, training)
    final = house.summary("r1")
    assert emulator.run(PATH).state == "finished"
    emulator.faults.release()
    done = begun.end()
    summary = house.summary("r1")
    assert {key: summary.get(key) for key in LAST_WORD} == LAST_WORD
    left = {key: value for key, value in summary.items() if not key.startswith("protein.")}
    assert left == {key: value for key, value in final.items() if not key.startswith("protein.")}
    assert done.outcomes["r1"] == "superseded"
    emulator.advance(3600)
    house.fix("--no-stand-down")
    assert house.state("r1") == "success"


def test_a_janitor_killed_before_it_could_look_leaves_that_to_the_next_pass(
    house: House, emulator: Emulator, training: Any
) -> None:
    begun = end_under_a_held_write(house, emulator, training)
    emulator.faults.add(action="hold", match=FRESH, times=1)
    emulator.faults.release()
    wait_until(lambda: ours(house.summary("r1")) != {})
    begun.kill()
    emulator.faults.clear()
    assert not LAST_WORD.items() <= house.summary("r1").items()
    emulator.advance(3600)
    done = house.fix("--no-stand-down")
    assert LAST_WORD.items() <= house.summary("r1").items()
    assert [one["run"] for one in done.report["warnings"]] == [PATH]
    assert "put back" in done.report["warnings"][0]["message"]
    house.fix("--no-stand-down")
    assert house.state("r1") == "success"
    assert LAST_WORD.items() <= house.summary("r1").items()


def test_a_real_process_that_lives_on_says_its_own_last_word(
    house: House, emulator: Emulator, training: Any
) -> None:
    begun = log_under_a_held_write(house, emulator, training)
    wait_until(lambda: "accuracy" in house.summary("r1"))
    emulator.faults.release()
    done = begun.end()
    assert done.outcomes["r1"] in {"failed", "superseded"}
    say(training, "end")
    assert training.stdout.readline() == "finished\n"
    summary = house.summary("r1")
    assert summary["accuracy"] == 0.99
    assert summary["protein.objective"] == 0.99
    assert summary["protein.state"] == "running"
    assert ours(summary) == {}


def look_dead_and_begin(house: House, emulator: Emulator) -> Begun:
    """Begin a pass two hours later; the heartbeats of the process do not get through to it."""
    emulator.advance(7200)
    # A live run agrees with the server's clock; otherwise the pass holds every guess.
    emulator.change(path_of("other"), heartbeat_at="-10s")
    for match in (SCAN, FRESH):
        silent = {"heartbeat_at": "-2h"}
        emulator.faults.add(action="change", run=PATH, change=silent, match=match, times=1)
    return house.begin_fix("--no-stand-down", JANITOR_TIMEOUT="60s", JANITOR_MAX_READ_AGE="60s")


def log_under_a_held_write(house: House, emulator: Emulator, training: Any) -> Begun:
    """Let a pass come as far as its write, and the process log before that is applied."""
    emulator.faults.add(action="hold", match=WRITE, times=1)
    begun = look_dead_and_begin(house, emulator)
    house.wait_for_held()
    say(training, "on")
    assert training.stdout.readline() == "logged\n"
    return begun


def end_under_a_held_write(house: House, emulator: Emulator, training: Any) -> Begun:
    """The same, and let the process end as well."""
    begun = log_under_a_held_write(house, emulator, training)
    say(training, "end")
    assert training.stdout.readline() == "finished\n"
    return begun
