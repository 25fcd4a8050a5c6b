"""Summaries as they come in the wild: held with a reason, or handled; no key is ever lost."""

from __future__ import annotations

import json
import math
from typing import Any

from janitor.emulator import Emulator
from janitor.model.summary import same
from tests.end_to_end.janitor_process import Janitor, Runs

OURS = {"protein.state": "running", "protein.objective": 0.5}
FULL: dict[str, dict[str, Any]] = {
    "unicode": {"größe": 1, "损失": {"训练": [1, "ok"]}, "🚀": "\u202eabc\x00", "": "empty name"},
    "numbers": {
        "inf": math.inf,
        "minus": -math.inf,
        "nan": math.nan,
        "deep": [{"x": math.nan}],
        "big": 2**80,
        "tiny": 5e-324,
        "zero": -0.0,
        "float": 1.0,
    },
    "large": {f"metric/{number}": "x" * 500 for number in range(10_000)},
    "odd": {"protein": "a text", "protein.janitor": 7, "_wandb": {"runtime": 1}, "null": None},
    "deep": {"a": {"b": {"c": {"d": [[[[1]]]]}}}, "protein.nested": {"k": {}}},
}


def test_every_other_key_of_a_repaired_run_survives(emulator: Emulator, janitor: Janitor) -> None:
    runs = Runs()
    for name, summary in FULL.items():
        runs.done(name, summary=OURS | summary)
    emulator.seed(runs.seeds)
    done = janitor.fix("--report", "report.json", "--report", "report.csv", "--report", "report.md")
    assert "5 of 5 runs were repaired" in done.out
    for name, before in FULL.items():
        after = emulator.run(f"acme/rl/{name}").summary
        assert after["protein.state"] == "success"
        assert {key for key in before if not same(after.get(key), before[key])} == set(), name
    assert len(emulator.run("acme/rl/large").summary_text or "") > 5_000_000


def test_what_cannot_be_understood_is_held_with_its_reason(
    emulator: Emulator, janitor: Janitor
) -> None:
    finished: dict[str, Any] = {"state": "finished", "heartbeat_at": "-2h"}
    odd: dict[str, dict[str, Any]] = {
        "list": {"summary_text": "[1, 2]"},
        "text": {"summary_text": '"running"'},
        "torn": {"summary_text": '{"protein.state": "runn'},
        "number": {"summary": {"protein.state": 3}},
        "object": {"summary": {"protein.state": {"now": "running"}}},
        "word": {"summary": {"protein.state": "runnign"}},
        "two": {"summary": {"protein.state": "running", "protein": {"state": "success"}}},
        "times": {"summary": OURS, "created_at": "soon", "heartbeat_at": "?", "state": "running"},
    }
    runs = Runs()
    for name, seed in odd.items():
        runs.add(name, **(finished | seed))
    emulator.seed(runs.seeds)
    janitor.fix("--report", "report.json")
    assert emulator.counts.mutations == 0
    report = json.loads((janitor.folder / "report.json").read_text())
    reasons = {held["run"].rpartition("/")[2]: held["reason"] for held in report["held"]}
    assert reasons.keys() == odd.keys()
    assert "JSON list, not an object" in reasons["list"]
    assert "unknown state 3" in reasons["number"]
    assert "unknown state 'runnign'" in reasons["word"]
    assert "two states" in reasons["two"]


def test_the_report_in_json_is_strict_whatever_the_values(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(Runs().done("diverged", objective=math.inf).seeds)
    janitor.fix("--report", "report.json")
    text = (janitor.folder / "report.json").read_text()
    json.loads(text, parse_constant=refuse)
    assert emulator.run("acme/rl/diverged").summary["protein.objective"] == math.inf
    assert '{"$number": "Infinity"}' in " ".join(text.split())


def refuse(name: str) -> None:
    raise AssertionError(f"{name} is not strict JSON")
