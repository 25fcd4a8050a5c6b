"""A plan is made, reviewed and carried out as it was reviewed."""

from __future__ import annotations

import json

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Janitor, Runs


def state(emulator: Emulator, run: str) -> object:
    return emulator.run(f"acme/rl/{run}").summary["protein.state"]


def test_a_plan_is_applied_and_a_run_that_moved_on_is_left_alone(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(Runs().done("done").silent("came-back").silent("silent").silent("gone").seeds)
    planned = janitor.ends(0, "plan", "--sweep", "acme/rl/s1", "--out", "plan.json")
    assert "4 of 4 runs need a change" in planned.out
    assert emulator.counts.mutations == 0

    emulator.change("acme/rl/came-back", heartbeat=True)
    emulator.change("acme/rl/gone", summary={"protein.state": "cancelled"})
    applied = janitor.ends(0, "apply", "plan.json", "--report", "report.json")
    assert emulator.counts.edits == {"acme/rl/done": 1, "acme/rl/silent": 1}
    assert (state(emulator, "done"), state(emulator, "silent")) == ("success", "timeout")
    assert (state(emulator, "came-back"), state(emulator, "gone")) == ("running", "cancelled")
    assert "superseded: acme/rl/came-back" in applied.out
    totals = json.loads((janitor.folder / "report.json").read_text())["totals"]
    assert (totals["written"], totals["superseded"], totals["failed"]) == (2, 2, 0)

    emulator.reset_counts()
    janitor.ends(0, "apply", "plan.json")
    assert emulator.counts.mutations == 0


def test_a_plan_is_applied_with_its_own_thresholds_and_words(
    emulator: Emulator, janitor: Janitor
) -> None:
    (janitor.folder / "other.yaml").write_text("vocabulary: {timeout: failure}\n")
    emulator.seed(Runs().silent("silent", since="-20m").seeds)
    words = ("--heartbeat-timeout", "10m", "--config", "other.yaml")
    janitor.ends(0, "plan", "--sweep", "acme/rl/s1", "--out", "plan.json", *words)
    janitor.ends(0, "apply", "plan.json", JANITOR_HEARTBEAT_TIMEOUT="2h")
    assert state(emulator, "silent") == "failure"
    assert emulator.run("acme/rl/silent").summary["protein.janitor.state"] == "timeout"


def test_a_dry_apply_shows_the_plan_and_writes_nothing(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(Runs().done("done").seeds)
    janitor.ends(0, "plan", "--sweep", "acme/rl/s1", "--out", "plan.json")
    shown = janitor.ends(0, "apply", "plan.json", "--dry-run")
    assert "planned: acme/rl/done" in shown.out
    assert emulator.counts.mutations == 0


def test_a_plan_of_only_unknown_targets_is_not_a_plan(janitor: Janitor) -> None:
    janitor.ends(2, "plan", "--sweep", "acme/rl/s9", "--out", "plan.json").complaint()
    assert janitor.files() == []
