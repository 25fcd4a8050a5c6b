"""Passes over seeded runs: what is sent, what is written, what the process ends with."""

from __future__ import annotations

import json
from pathlib import Path

from janitor.emulator import Emulator
from tests.end_to_end.janitor_process import Janitor, Runs


def some_runs() -> list[dict[str, object]]:
    return (
        Runs()
        .done("done")
        .silent("silent")
        .alive("alive")
        .add("clean", state="finished", summary={"protein.state": "success"})
        .add("not-ours", state="finished", summary={"loss": 1})
        .seeds
    )


def state(emulator: Emulator, run: str) -> object:
    return emulator.run(f"acme/rl/{run}").summary.get("protein.state")


def test_a_dry_run_sends_no_mutation_and_makes_no_file(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(some_runs())
    dry = janitor.fix("--dry-run")
    assert emulator.counts.mutations == 0
    assert "planned: acme/rl/done (done): running -> success" in dry.out
    assert "totals: 5 runs, 0 repaired, 2 planned" in dry.out
    assert dry.err == ""
    assert janitor.files() == []
    assert journals(janitor) == []


def test_a_second_pass_right_after_the_first_writes_nothing(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(some_runs())
    janitor.fix()
    assert emulator.counts.mutations == 2
    assert (state(emulator, "done"), state(emulator, "silent")) == ("success", "timeout")
    assert (state(emulator, "alive"), state(emulator, "not-ours")) == ("running", None)
    emulator.reset_counts()
    again = janitor.fix()
    assert emulator.counts.mutations == 0
    assert "totals: 5 runs, 0 repaired, 0 planned" in again.out


def test_every_format_of_the_report_is_written(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    names = ["r.json", "r.csv", "r.md"]
    janitor.fix(*(word for name in names for word in ("--report", name)))
    assert {*names} <= {*janitor.files()}
    told = json.loads((janitor.folder / "r.json").read_text())
    assert told["schema"] == "janitor.report/1"
    assert told["totals"] == {
        "runs": 5, "untracked": 1, "clean": 1, "held": 1, "written": 2, "planned": 0,
        "superseded": 0, "failed": 0,
    }  # fmt: skip
    assert told["targets"][0]["runs_expected"] == told["targets"][0]["runs_seen"] == 5
    assert told["states_after"]["success"] == 2
    (done,) = [change for change in told["changes"] if change["run"] == "acme/rl/done"]
    assert done["before"] == {"protein.state": "running"}
    assert done["after"]["protein.state"] == "success"
    assert "acme/rl/done" in (janitor.folder / "r.csv").read_text()
    assert "acme/rl/done" in (janitor.folder / "r.md").read_text()


def test_all_other_keys_of_a_summary_stay_as_they_are(emulator: Emulator, janitor: Janitor) -> None:
    mine = {"loss": 1, "protein.note": "ours, but not the janitor's", "größe": [None, {"x": 0}]}
    nested = {"protein": {"state": "running", "objective": 1, "deep": {"k": [1]}}, **mine}
    flat = {"protein.state": "running", "protein.objective": 1, **mine}
    runs = Runs().done("flat", summary=flat).done("nested", summary=nested)
    emulator.seed(runs.seeds)
    janitor.fix()
    after = emulator.run("acme/rl/flat").summary
    assert {key: after[key] for key in flat if key != "protein.state"} == {
        key: flat[key] for key in flat if key != "protein.state"
    }
    inner = emulator.run("acme/rl/nested").summary["protein"]
    assert (inner["state"], inner["objective"], inner["deep"]) == ("success", 1, {"k": [1]})
    assert inner["janitor"]["previous_state"] == "running"
    assert not [key for key in emulator.run("acme/rl/nested").summary if key == "protein.state"]


def test_exit_code_4_says_that_changes_are_pending(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    janitor.fix("--dry-run", "--exit-code", code=4)
    janitor.ends(4, "plan", "--sweep", "acme/rl/s1", "--exit-code")
    assert emulator.counts.mutations == 0
    janitor.fix("--exit-code")
    janitor.fix("--dry-run", "--exit-code")


def test_exit_code_3_says_that_the_brake_is_on_and_force_overrules_it(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(some_runs())
    braked = janitor.fix("--max-changes", "1", code=3)
    assert "max_changes" in braked.out
    assert "2 planned" in braked.out
    assert emulator.counts.mutations == 0
    janitor.fix("--max-changes", "1", "--force")
    assert emulator.counts.mutations == 2


def test_a_write_that_fails_is_exit_code_1_and_stops_no_other(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(some_runs())
    emulator.faults.add(
        action="status", status=400, match={"field": "upsertBucket", "run": "acme/rl/done"}
    )
    failed = janitor.fix(code=1)
    assert "failed: acme/rl/done" in failed.out
    assert (state(emulator, "done"), state(emulator, "silent")) == ("running", "timeout")


def test_an_unknown_target_is_exit_code_1_while_the_others_are_repaired(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(some_runs())
    partly = janitor.fix("--sweep", "acme/rl/s9", code=1)
    assert "sweep s9 does not exist in project acme/rl" in partly.out
    assert state(emulator, "done") == "success"


def test_undo_puts_back_what_stood_before(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    before = emulator.run("acme/rl/done").summary
    janitor.fix("--journal", "journals")
    (journal,) = (janitor.folder / "journals").iterdir()
    janitor.ends(0, "undo", str(journal))
    assert emulator.run("acme/rl/done").summary == before


def test_explain_shows_each_rule_and_why(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    told = janitor.ends(0, "explain", "acme/rl/silent")
    assert "heartbeatAt: " in told.out
    assert "heartbeat-expired: becomes timeout: silent for 2 hours" in told.out
    assert emulator.counts.mutations == 0


def journals(janitor: Janitor) -> list[Path]:
    return list(Path(janitor.environment["HOME"]).rglob("janitor-*.jsonl"))
