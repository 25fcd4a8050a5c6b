"""Runs of people who never heard of the janitor: what they are told, and what ``adopt`` does."""

from __future__ import annotations

from typing import Any

import yaml

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Janitor, Runs
from tests.end_to_end.test_policies import report_of


def vanilla() -> list[dict[str, Any]]:
    """Runs without a state: two that ended, one that is silent, one that trains."""
    plain: dict[str, Any] = {"summary": {"loss": 0.25, "_step": 9}}
    return (
        Runs()
        .silent("finished", state="finished", **plain)
        .silent("crashed", state="crashed", **plain)
        .silent("silent", **plain)
        .alive("training", **plain)
        .seeds
    )


def test_untracked_runs_are_named_as_such_and_what_to_do(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(vanilla())
    for words in (("fix",), ("fix", "--dry-run"), ("plan", "--out", "plan.json")):
        ended = janitor.ends(0, *words, "--project", "acme/rl", "--report", "report.md")
        for text in (ended.out, (janitor.folder / "report.md").read_text()):
            said = " ".join(text.split())
            assert "0 of 4 runs are tracked: no protein.state in their summary" in said
            assert "janitor fix --adopt --dry-run" in said.replace("`", "")
            assert "needed a change" not in said
    assert emulator.counts.mutations == 0


def test_adopted_runs_get_a_state_and_lose_it_again_with_an_undo(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(vanilla())
    before = {seed["name"]: emulator.run(f"acme/rl/{seed['name']}").summary for seed in vanilla()}
    report = report_of(
        janitor, "fix", "--sweep", "acme/rl/s1", "--adopt", "--objective", "loss", "--no-stand-down"
    )
    assert {(change["name"], change["from"], change["to"]) for change in report["changes"]} == {
        ("finished", "untracked", "success"),
        ("crashed", "untracked", "crashed"),
        ("silent", "untracked", "timeout"),
    }
    after = emulator.run("acme/rl/silent").summary
    assert after["protein.state"] == "timeout"
    assert after["protein.janitor.adopted"] is True
    assert after["loss"] == 0.25
    assert emulator.run("acme/rl/training").summary == before["training"]

    again = report_of(janitor, "fix", "--sweep", "acme/rl/s1", "--adopt", "--objective", "loss")
    assert again["changes"] == []
    janitor.ends(0, "undo", report["journal"])
    assert {name: emulator.run(f"acme/rl/{name}").summary for name in before} == before
    held = report_of(janitor, "fix", "--sweep", "acme/rl/s1", "--adopt", "--objective", "loss")
    assert held["changes"] == []
    assert any("this change was undone" in one["reason"] for one in held["held"])


def test_the_brake_stops_an_adoption_of_too_many_runs(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(vanilla())
    janitor.fix("--adopt", "--max-changes", "1", code=3)
    assert emulator.counts.mutations == 0


def test_a_plan_of_adoptions_is_applied_unless_a_run_got_a_state(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(vanilla())
    words = ("--sweep", "acme/rl/s1", "--adopt", "--no-stand-down", "--out", "plan.json")
    janitor.ends(0, "plan", *words)
    mine = {"protein.state": "success", "loss": 0.25}
    emulator.seed(Runs().silent("silent", state="finished", summary=mine).seeds)
    janitor.ends(0, "apply", "plan.json")
    assert emulator.run("acme/rl/silent").summary == mine
    assert emulator.run("acme/rl/crashed").summary["protein.state"] == "crashed"


def test_init_proposes_the_namespace_in_use(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(Runs().silent("a", summary={"team.state": "running"}).seeds)
    out = janitor.ends(0, "init", "--project", "acme/rl").out
    assert "They keep it as team.state" in out
    assert yaml.safe_load((janitor.folder / "janitor.yaml").read_text())["namespace"] == "team"
    assert "1 run" in janitor.ends(0, "fix", "--dry-run").out


def test_init_says_what_adopt_is_for(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(vanilla())
    out = janitor.ends(0, "init", "--project", "acme/rl").out
    assert "0 of 4 runs are tracked" in out
    text = (janitor.folder / "janitor.yaml").read_text()
    assert "# Seen: 0 of 4 runs have protein.state." in text
    assert "# adopt: true" in text
    assert "adopt" not in yaml.safe_load(text)
