"""Verdicts over the real client: late objectives, queues, objects, fast clocks, hanging ends."""

from __future__ import annotations

from datetime import timedelta

from janitor.emulator import Emulator
from tests.promises.service import House, Runs, path_of

METRIC = {"method": "bayes", "metric": {"name": "val/acc", "goal": "maximize"}}


def test_a_late_objective_makes_a_success_and_undo_restores_the_guess(
    house: House, emulator: Emulator
) -> None:
    house.seed(Runs().add("late", state="finished", heartbeat_at="-50m"))
    house.fix()
    assert house.state("late") == "timeout"
    guess = house.summary("late")
    emulator.change(path_of("late"), summary_update={"protein.objective": 0.91})
    passed = house.fix()
    assert passed.change("late")["rule"] == "objective-late"
    assert house.state("late") == "success"
    assert passed.report["false_positives"]["by_rule"] == {"heartbeat-expired": 1}
    house.undo(house.journals[-1])
    assert house.summary("late") == guess | {"protein.objective": 0.91}


def test_of_every_kind_of_run_the_right_one_is_changed(house: House, emulator: Emulator) -> None:
    now = emulator.now()
    old, ahead = now - timedelta(hours=5), now + timedelta(hours=2)
    runs = (
        Runs()
        .add("queued", state="pending", heartbeat_at=None)
        .add("made", heartbeat_at=None, summary={"protein.state": "initializing"})
        .add("requeued", state="preempted", heartbeat_at="-2h")
        .add("synced", state="failed", heartbeat_at="-20s")
        .add("failed", state="failed", heartbeat_at="-2h")
        .add(
            "fast clock",
            state="crashed",
            heartbeat_at="-1h",
            summary={"protein.state": "running", "_timestamp": ahead.timestamp()},
        )
        .add(
            "hangs",
            heartbeat_at="-10s",
            summary={
                "protein.state": "running",
                "protein.objective": 0.8,
                "protein.heartbeat": old.isoformat(),
                "_timestamp": old.timestamp(),
            },
            created_at="-9h",
        )
    )
    house.seed(runs)
    passed = house.fix()
    assert {one["name"]: (one["rule"], one["to"]) for one in passed.report["changes"]} == {
        "failed": ("wandb-failed", "failure"),
        "fast clock": ("wandb-crashed", "crashed"),
        "hangs": ("objective-recorded", "success"),
    }
    assert "it waits in a queue" in passed.held("queued")
    assert "never seen alive" in passed.held("made")
    assert "to be started again" in passed.held("requeued")
    assert "to come back" in passed.held("synced")


def test_an_object_of_define_metric_counts_by_the_goal_of_the_sweep(
    house: House, emulator: Emulator
) -> None:
    emulator.seed({"sweeps": [{"project": "acme/rl", "name": "s1", "config": METRIC}]})
    both = {"protein.state": "running", "val/acc": {"min": 0.1, "max": 0.7}}
    lowest = {"protein.state": "running", "val/acc": {"min": 0.1}}
    house.seed(
        Runs()
        .add("both", state="finished", heartbeat_at="-2h", summary=both)
        .add("lowest", state="finished", heartbeat_at="-2h", summary=lowest)
    )
    for objective in ("val/acc", "auto"):
        looked = house.fix("--dry-run", "--objective", objective)
        assert looked.change("both")["reason"] == "val/acc.max is recorded (0.7)"
        assert "not known which number counts" in looked.held("lowest")
    assert house.fix("--objective", "val/acc.min").totals["written"] == 2
