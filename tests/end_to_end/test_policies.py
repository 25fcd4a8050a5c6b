"""Overrides, ignored runs, runs long silent, the sweep's metric, and own rules, from the file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Janitor, Runs


def configure(janitor: Janitor, text: str) -> None:
    (janitor.folder / "janitor.yaml").write_text(text)


def repaired(emulator: Emulator) -> set[str]:
    return {path.rpartition("/")[2] for path in emulator.counts.edits}


def report_of(janitor: Janitor, *words: str, code: int = 0) -> dict[str, Any]:
    janitor.ends(code, *words, "--report", "report.json")
    found: dict[str, Any] = json.loads((janitor.folder / "report.json").read_text())
    return found


OWN = """
targets: [{sweep: acme/rl/s1}]
heartbeat_timeout: 1d
rules:
  own:
    - id: diverged
      when: has(run.summary.loss) && run.summary.loss > 100.0
      becomes: failure
      reason: its loss has left all bounds
    - id: lost
      when: run.summary.other > 1
      becomes: crashed
      reason: never
"""


def own_runs() -> list[dict[str, Any]]:
    def summary(loss: object) -> dict[str, Any]:
        return {"protein.state": "running", "loss": loss, "unread": 1}

    return (
        Runs()
        .silent("diverged", summary=summary(1000), state="finished")
        .silent("fine", summary=summary(1.5), state="finished")
        .silent("killed", summary=summary(1000), state="killed")
        .seeds
    )


def test_an_own_rule_is_carried_out_explained_and_planned(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(own_runs())
    configure(janitor, OWN)
    report = report_of(janitor, "plan", "--out", "plan.json")
    assert {(c["run"], c["rule"], c["to"]) for c in report["changes"]} == {
        ("acme/rl/diverged", "diverged", "failure"),
        ("acme/rl/killed", "wandb-killed", "cancelled"),
    }
    (held,) = report["held"]
    assert held["rule"] == "lost"
    assert held["reason"] == "the rule cannot judge this run: 'other' does not exist"

    explained = janitor.ends(0, "explain", "acme/rl/diverged").out
    assert "  diverged: becomes failure: its loss has left all bounds" in explained
    assert "  lost: not asked, an earlier rule matched" in explained

    (janitor.folder / "janitor.yaml").unlink()
    janitor.ends(0, "apply", "plan.json")
    after = emulator.run("acme/rl/diverged").summary
    assert after["protein.state"] == "failure"
    assert after["protein.janitor.rule"] == "diverged"
    assert after["unread"] == 1
    assert emulator.run("acme/rl/fine").summary["protein.state"] == "running"


def test_a_plan_whose_own_rule_was_tampered_with_is_refused(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(own_runs())
    configure(janitor, OWN)
    janitor.ends(0, "plan", "--out", "plan.json")
    plan = janitor.folder / "plan.json"
    plan.write_text(plan.read_text().replace("run.summary.other > 1", "run.othre > 1"))
    complaint = janitor.ends(2, "apply", "plan.json").complaint()
    assert complaint.startswith("plan.json: its rule lost cannot be used: run has no field 'othre'")


def test_an_own_rule_that_cannot_be_used_stops_the_pass_before_it_begins(
    emulator: Emulator, janitor: Janitor
) -> None:
    configure(janitor, OWN.replace("run.summary.other", "run.agee"))
    complaint = janitor.ends(2, "fix").complaint()
    assert complaint.startswith(
        "janitor.yaml:10: rules.own[1] (lost): its condition cannot be used:"
    )
    assert "run has no field 'agee'; its fields are id, path" in complaint
    assert "did you mean 'age'?" in complaint
    assert emulator.counts.requests == 0


def test_overrides_and_ignored_runs_hold_from_the_file(
    emulator: Emulator, janitor: Janitor
) -> None:
    runs = (
        Runs()
        .silent("patient", sweep="s1")
        .silent("usual", sweep="s2")
        .silent("tagged", sweep="s2", tags=["exp-7"])
        .silent("named", sweep="s2", display_name="test-1")
        .silent("ancient", sweep="s2", since="-40d", created_at="-50d")
    )
    emulator.seed(runs.seeds)
    configure(
        janitor,
        """
targets: [{project: rl}, {sweep: rl/s1, heartbeat_timeout: 3h}]
ignore: {tags: exp-*, names: test-*, older_than: 30d}
stand_down: {enabled: no}
""",
    )
    janitor.ends(0, "fix", "--report", "report.json", WANDB_ENTITY="acme")
    assert repaired(emulator) == {"usual"}
    told = json.loads((janitor.folder / "report.json").read_text())
    reasons = {held["run"].rpartition("/")[2]: held["reason"] for held in told["held"]}
    assert reasons["tagged"] == "ignored: its tag exp-7 matches exp-* of ignore.tags"
    assert reasons["named"] == "ignored: its name matches test-* of ignore.names"
    assert reasons["ancient"].startswith("ignored: silent for 1 month and 9 days")
    assert "alive 2 hours ago" in reasons["patient"]


def ages() -> list[dict[str, Any]]:
    return (
        Runs()
        .silent("recent")
        .silent("old", since="-40d", created_at="-50d")
        .add("mute", heartbeat_at=None, created_at="-50d")
        .silent("older", sweep="s2", since="-60d", created_at="-70d")
        .seeds
    )


def test_runs_long_silent_are_not_read_and_the_report_counts_them(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(ages())
    words = ["fix", "--project", "acme/rl", "--active-since", "30d"]
    report = report_of(janitor, *words)
    assert repaired(emulator) == {"recent", "mute"}
    counted = {t["target"]: (t["runs_seen"], t["runs_expected"], t["left_out"], t["complete"])
               for t in report["targets"]}  # fmt: skip
    assert counted == {"acme/rl/s1": (2, 2, 1, True), "acme/rl/s2": (0, 0, 1, True)}
    asked = [request.fields for request in emulator.requests if request.operation == "JanitorRuns"]
    assert len(asked) == 1
    again = janitor.ends(0, *words)
    assert "2 runs not read: silent for longer than active_since" in again.out


def test_a_server_that_refuses_the_filter_is_read_whole(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(ages())
    refusal = {"action": "errors", "messages": ["unknown field heartbeat_at"]}
    emulator.faults.add(**refusal, match={"field": "project.runs"}, times=1)
    ended = janitor.ends(0, "fix", "--sweep", "acme/rl/s1", "--active-since", "30d")
    assert "acme/rl/s1 is read whole, whatever active_since says" in ended.err
    assert repaired(emulator) == {"recent", "old", "mute"}


METRIC = {"method": "random", "metric": {"name": "val.loss", "goal": "minimize"}}


@pytest.mark.parametrize("words", [["--sweep", "acme/rl/s1"], ["--group", "acme/rl/night"]])
def test_with_auto_the_objective_is_the_metric_that_the_sweeps_config_names(
    words: list[str], emulator: Emulator, janitor: Janitor
) -> None:
    def summary(**more: Any) -> dict[str, Any]:
        return {"protein.state": "running", **more}

    runs = (
        Runs()
        .silent("good", state="finished", group="night", summary=summary(**{"val.loss": 0.5}))
        .silent("nested", state="finished", group="night", summary=summary(val={"loss": 0.5}))
        .silent("broken", state="crashed", group="night", summary=summary(**{"val.loss": 0.5}))
        .silent("without", state="finished", group="night")
        .seeds
    )
    emulator.seed({"sweeps": [{"project": "acme/rl", "name": "s1", "config": METRIC}],
                   "runs": runs})  # fmt: skip
    report = report_of(janitor, "fix", *words, "--objective", "auto")
    assert {c["run"].rpartition("/")[2]: c["to"] for c in report["changes"]} == {
        "good": "success",
        "nested": "success",
        "broken": "crashed",
        "without": "timeout",
    }
    assert all(change["outcome"] == "written" for change in report["changes"])
    assert repaired(emulator) == {"good", "nested", "broken", "without"}


def test_a_plan_is_applied_under_its_own_overrides_and_metric(
    emulator: Emulator, janitor: Janitor
) -> None:
    runs = (
        Runs()
        .silent("good", state="finished", summary={"protein.state": "running", "val.loss": 0.5})
        .silent("patient")
        .seeds
    )
    sweep = {"project": "acme/rl", "name": "s1", "config": METRIC}
    emulator.seed({"sweeps": [sweep], "runs": runs})
    configure(janitor, "targets: [{sweep: acme/rl/s1, heartbeat_timeout: 1h}]\nobjective: auto\n"
                       "heartbeat_timeout: 1d\n")  # fmt: skip
    janitor.ends(0, "plan", "--out", "plan.json")
    (janitor.folder / "janitor.yaml").unlink()
    janitor.ends(0, "apply", "plan.json")
    states = {name: emulator.run(f"acme/rl/{name}").summary["protein.state"]
              for name in ("good", "patient")}  # fmt: skip
    assert states == {"good": "success", "patient": "timeout"}
    janitor.ends(0, "fix", "--sweep", "acme/rl/s1", "--objective", "auto")
    assert set(emulator.counts.edits.values()) == {1}
