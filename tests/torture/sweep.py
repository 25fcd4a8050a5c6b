"""A sweep of runs of all kinds, whose processes live by a script; what each run must keep."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random
from typing import Any

from janitor.emulator import Emulator

PROJECT, SWEEP = "acme/rl", "s1"
_OURS = ("state", "last_update", "completion_time", "failure_time", "error", "runtime_seconds")
_VALUES: tuple[Any, ...] = (
    *(0, 1.5, -0.0, math.inf, -math.inf, 2**80, 1e-320, "", "ünï\u2028cødé", "\ud800", True, None),
    *([1, [2, {"x": None}]], {"deep": {"er": [math.inf]}}, "x" * 3000),
)

Kind = tuple[str, dict[str, Any], dict[str, Any], str]
"""Name, the run at the server, its own keys under our namespace, the state that it must end in."""

DEAD: tuple[Kind, ...] = (
    ("done", {"state": "finished"}, {"state": "running", "objective": 0.5}, "success"),
    ("done-silent", {"state": "running"}, {"state": "evaluating", "objective": 3}, "success"),
    ("infinite", {"state": "finished"}, {"state": "running", "objective": math.inf}, "failure"),
    ("failed", {"state": "failed"}, {"state": "running"}, "failure"),
    ("killed", {"state": "killed"}, {"state": "initializing"}, "cancelled"),
    ("crashed", {"state": "crashed"}, {"state": "running", "error": "its own"}, "crashed"),
    ("silent", {"state": "running"}, {"state": "running"}, "timeout"),
    ("ended", {"state": "finished"}, {"state": "evaluating"}, "timeout"),
    ("clean", {"state": "finished"}, {"state": "success", "objective": 1}, "success"),
    ("ignored", {"state": "failed", "tags": ["janitor:ignore"]}, {"state": "running"}, "running"),
    ("unknown", {"state": "failed"}, {"state": "odd"}, "odd"),
)


def own_part(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary without the keys that the janitor may write."""
    rest = {
        key: value
        for key, value in summary.items()
        if not key.startswith("protein.janitor.")
        and key not in {f"protein.{name}" for name in _OURS}
    }
    if isinstance(rest.get("protein"), dict):
        nested = {k: v for k, v in rest["protein"].items() if k not in {*_OURS, "janitor"}}
        rest["protein"] = nested
    return rest


def state_of(summary: dict[str, Any]) -> Any:
    """The state in a summary, of either form."""
    return summary.get("protein.state", summary.get("protein", {}).get("state"))


def moment_of(summary: dict[str, Any]) -> Any:
    """When the janitor marked the run; None where it did not."""
    nested = summary.get("protein", {}).get("janitor", {}).get("at")
    return summary.get("protein.janitor.at", nested)


@dataclass(slots=True)
class Scripted:
    """One run, and what is known of it apart from the server."""

    path: str
    own: dict[str, Any]
    """What its own process has put into the summary, less the keys that the janitor may write."""
    final: str
    """The state that it must end in."""
    lives: bool = False
    """Whether its process shows life all the time, so that no janitor may mark it."""
    wakes: bool = False
    """Whether its process is silent for hours, and then goes on."""
    awaits_a_pass: bool = False
    """Whether it ended under a pass that was killed, so that the next may have to see to it."""


@dataclass(slots=True)
class ScriptedSweep:
    """The sweep."""

    emulator: Emulator
    random: Random
    runs: dict[str, Scripted] = field(default_factory=dict)

    def make(self, count: int) -> None:
        """Make runs: so many that are over, and some that live or are only silent."""
        seeds = [self._dead(number) for number in range(count)]
        seeds += [self._living(f"lives{number}", "-5s", lives=True) for number in range(6)]
        seeds += [self._living(f"wakes{number}", "-3h", lives=False) for number in range(4)]
        self.random.shuffle(seeds)
        self.emulator.seed(seeds)

    def _dead(self, number: int) -> dict[str, Any]:
        kind, fields, keys, final = DEAD[number % len(DEAD)]
        return self._seed(f"{kind}{number}", keys, final, heartbeat_at="-3h", **fields)

    def _living(self, name: str, heard: str, *, lives: bool) -> dict[str, Any]:
        seed = self._seed(
            name, {"state": "running"}, "success", heartbeat_at=heard, state="running"
        )
        run = self.runs[f"{PROJECT}/{name}"]
        run.lives, run.wakes = lives, not lives
        return seed

    def _seed(self, name: str, keys: dict[str, Any], final: str, **fields: Any) -> dict[str, Any]:
        flat = self.random.random() < 0.5
        chosen = self.random.sample(range(len(_VALUES)), 3)
        summary: dict[str, Any] = {f"metric.{index}": _VALUES[index] for index in chosen}
        summary |= {f"protein.{key}": value for key, value in keys.items()} if flat else {}
        summary |= {} if flat else {"protein": keys}
        self.runs[f"{PROJECT}/{name}"] = Scripted(f"{PROJECT}/{name}", own_part(summary), final)
        place = {"project": PROJECT, "sweep": SWEEP, "name": name, "created_at": "-9h"}
        return {**place, "summary": summary, **fields}

    # -- what the processes do

    def act(self) -> None:
        """One process that lives, or wakes up, logs something or shows life."""
        run = self.random.choice([run for run in self.runs.values() if run.lives or run.wakes])
        if run.lives and self.random.random() < 0.3:
            self.emulator.change(run.path, heartbeat=True)
        else:
            self.log(run, {f"logged{self.random.randrange(5)}": self.random.choice(_VALUES)})

    def log(self, run: Scripted, keys: dict[str, Any]) -> None:
        """A process logs: it sends its whole summary."""
        run.own |= keys
        self.emulator.change(run.path, log=keys)

    def pass_time(self, seconds: float) -> None:
        """Move the clock, while no janitor is at work; every live process shows it."""
        self.emulator.advance(seconds)
        for run in self.runs.values():
            if run.lives:
                self.emulator.change(run.path, heartbeat=True)

    def end(self) -> None:
        """Every process ends with an objective; then hours go by."""
        for run in self.runs.values():
            if run.lives or run.wakes:
                self.log(run, {"protein.objective": 1.0})
                self.emulator.change(run.path, finish=0)
                run.lives = run.wakes = False
        self.emulator.advance(4 * 3600)

    # -- what must hold

    def check_living(self) -> None:
        """No run whose process lives carries a mark, or a state that it did not set."""
        for run in self.runs.values():
            if run.lives:
                summary = self.emulator.run(run.path).summary
                assert state_of(summary) == "running", (run, summary)
                assert moment_of(summary) is None, (run, summary)

    def check_kept(self) -> None:
        """No key is lost or altered but ours, of runs whose process does nothing."""
        for run in self.runs.values():
            if not run.lives and not run.wakes and not run.awaits_a_pass:
                found = own_part(self.emulator.run(run.path).summary)
                assert repr(sorted(found.items())) == repr(sorted(run.own.items())), run.path

    def check_repaired(self) -> None:
        """Every run has the state that it must end in."""
        found = {path: state_of(self.emulator.run(path).summary) for path in self.runs}
        assert found == {path: run.final for path, run in self.runs.items()}
