"""A seeded mix of what can go wrong between a janitor and its server."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.torture.sweep import Scripted, ScriptedSweep

WRITE = {"field": "upsertBucket", "sdk": False}
SCAN = {"field": "project.runs"}
_FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "garbage", "probability": 0.1},
    {"action": "errors", "messages": ["internal error"], "probability": 0.1},
    {"action": "status", "status": 503, "probability": 0.05},
    {"action": "status", "status": 429, "retry_after": 0, "probability": 0.1},
    {"action": "status", "status": 403, "match": WRITE, "probability": 0.05},
    {"action": "reset", "match": WRITE, "probability": 0.1},
    {"action": "reset", "match": WRITE, "probability": 0.1, "applied": True},
    {"action": "garbage", "match": WRITE, "probability": 0.2, "applied": True},
    {"action": "hang", "match": WRITE, "times": 1, "applied": True},
    {"action": "delay", "seconds": 0.1, "probability": 0.3},
    {"action": "duplicate_rows", "rows": 2, "match": SCAN},
    {"action": "missing_rows", "rows": 1, "match": SCAN},
)


@dataclass(slots=True)
class Mischief:
    """The faults of one pass, and what processes do just when their runs are read or written."""

    sweep: ScriptedSweep
    random: Random
    _planned: dict[str, tuple[Scripted, dict[str, Any]]] = field(default_factory=dict)

    def spread(self) -> None:
        """Put it in force."""
        for fault in self.random.sample(_FAULTS, self.random.randint(1, 4)):
            self.sweep.emulator.faults.add({**fault, "seed": self.random.randrange(10**6)})
        for run in self.sweep.runs.values():
            if run.wakes and self.random.random() < 0.7:
                self._plan(run, ends=self.random.random() < 0.3)

    def _plan(self, run: Scripted, *, ends: bool) -> None:
        """Let a process log, or log and end, when a janitor reads or writes its run."""
        keys: dict[str, Any] = {f"meanwhile{self.random.randrange(3)}": self.random.random()}
        change: dict[str, Any] = {"log": keys}
        if ends:
            keys["protein.objective"] = 2.5
            change["finish"] = 0
            run.wakes = False  # until it is known that it did not come to that
        asked = self.random.choice(["project.run", "upsertBucket"])
        (name,) = self.sweep.emulator.faults.add(
            action="change",
            run=run.path,
            change=change,
            match={"field": asked, "run": run.path, "sdk": False},
            when=self.random.choice(["before", "after"]),
            times=1,
        )
        self._planned[name] = run, change

    def end(self, *, killed: bool) -> None:
        """Take it back, and note what came of it, under a pass that was killed or was not."""
        fired = {rule["id"]: rule["fired"] for rule in self.sweep.emulator.faults.list()}
        self.sweep.emulator.faults.clear()
        for name, (run, change) in self._planned.items():
            if fired[name]:
                run.own |= change["log"]
                run.awaits_a_pass = killed and "finish" in change
            elif "finish" in change:
                run.wakes = True
