"""A sweep at an emulated server, and janitors that people start and stop there."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from janitor.emulator import Emulator
from janitor.records.journal import JournaledWrite, JournalRecord, journals, read_journal
from tests.end_to_end.janitor_process import Ended, Janitor, Runs, checked
from tests.support.waiting import wait_until

__all__ = ["Begun", "House", "Pass", "Runs", "path_of", "wait_until"]

PATIENCE = 60


def path_of(name: str) -> str:
    """The path of a run of the sweep."""
    return f"acme/rl/{name}"


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass that has ended."""

    ended: Ended
    report: dict[str, Any]
    """Empty where the janitor got to write none."""
    journal: JournalRecord | None
    """Its journal; None for a dry run."""

    @property
    def totals(self) -> dict[str, int]:
        """How many runs there were of each kind, without the kinds that there were none of."""
        return {kind: count for kind, count in self.report["totals"].items() if count}

    @property
    def outcomes(self) -> dict[str, str]:
        """What became of each change, by the run's name."""
        return {one["run"].split("/")[-1]: one["outcome"] for one in self.report["changes"]}

    def change(self, name: str) -> dict[str, Any]:
        """What the report says of a run's change."""
        (found,) = [one for one in self.report["changes"] if one["run"] == path_of(name)]
        return dict(found)

    def held(self, name: str) -> str:
        """Why a run was held."""
        (found,) = [one for one in self.report["held"] if one["run"] == path_of(name)]
        return str(found["reason"])

    def writes(self, name: str) -> list[JournaledWrite]:
        """What the journal says of a run."""
        assert self.journal is not None
        return [write for write in self.journal.writes if write.run == path_of(name)]


@dataclass(slots=True)
class House:
    """An emulator with one sweep, acme/rl/s1, and the folders of its janitors."""

    emulator: Emulator
    janitor: Janitor
    passes: int = field(default=0)

    @property
    def journals(self) -> list[Path]:
        """The journals of all passes, the oldest first."""
        return journals(self.janitor.folder / "journals")

    def seed(self, runs: Runs) -> None:
        """Make runs, and forget what was counted so far."""
        self.emulator.seed(runs.seeds)
        self.emulator.reset_counts()

    def fix(self, *words: str, code: int = 0, **environ: str) -> Pass:
        """One ``janitor fix``, which must end with this code."""
        done = self.begin("fix", "--sweep", "acme/rl/s1", *words, **environ).end()
        assert done.ended.code == code, done.ended
        return done

    def begin(self, *words: str, **environ: str) -> Begun:
        """Start a janitor, with a report and a journal of its own."""
        self.passes += 1
        report = self.janitor.folder / f"report{self.passes}.json"
        known = set(self.journals)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "janitor", *words),
                *("--report", str(report), "--journal", "journals"),
            ],
            env={**self.janitor.environment, **environ},
            cwd=self.janitor.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Begun(self, process, report, known)

    def begin_fix(self, *words: str, **environ: str) -> Begun:
        """Start a ``janitor fix``."""
        return self.begin("fix", "--sweep", "acme/rl/s1", *words, **environ)

    def fix_with_small_files(self, largest: int, *words: str) -> subprocess.CompletedProcess[str]:
        """One ``janitor fix`` on a machine where no file can grow beyond so many bytes."""
        limits = (largest, largest)
        return subprocess.run(
            [
                *(sys.executable, "-m", "janitor", "fix", "--sweep", "acme/rl/s1"),
                *("--journal", "journals", *words),
            ],
            env=self.janitor.environment,
            cwd=self.janitor.folder,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def undo(self, file: Path, *words: str, code: int = 0) -> Pass:
        """One ``janitor undo``, which must end with this code."""
        done = self.begin("undo", str(file), *words).end()
        assert done.ended.code == code, done.ended
        return done

    def summary(self, name: str) -> dict[str, Any]:
        """A run's summary at the server."""
        return dict(self.emulator.run(path_of(name)).summary)

    def state(self, name: str) -> Any:
        """The state of a run, of either form."""
        summary = self.summary(name)
        return summary.get("protein.state") or summary.get("protein", {}).get("state")

    def states(self, *names: str) -> list[Any]:
        """The states of several runs."""
        return [self.state(name) for name in names]

    def hold_write(self, name: str, **rule: Any) -> None:
        """Let the server keep the next write of a run back, until it is released."""
        self.emulator.faults.add(
            action="hold",
            match={"field": "upsertBucket", "run": path_of(name), "sdk": False},
            **{"times": 1, **rule},
        )

    def wait_for_held(self, count: int = 1) -> None:
        """Wait until the server keeps so many requests back."""
        wait_until(lambda: self.emulator.faults.waiting >= count)


@dataclass(slots=True)
class Begun:
    """A janitor at work."""

    house: House
    process: subprocess.Popen[str]
    report: Path
    known: set[Path]
    """The journals that there were before."""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it with SIGKILL, and see it gone."""
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    @property
    def journal(self) -> Path | None:
        """Its journal, if it has got to write one."""
        new = [path for path in self.house.journals if path not in self.known]
        return new[-1] if new else None

    def end(self, *, may_trace: bool = False) -> Pass:
        """Wait for its end."""
        begun = time.monotonic()
        out, err = self.process.communicate(timeout=PATIENCE)
        seconds = time.monotonic() - begun
        ended = checked(Ended(self.process.returncode, out, err, seconds), may_trace=may_trace)
        report = json.loads(self.report.read_text()) if self.report.exists() else {}
        journal = None if self.journal is None else read_journal(self.journal)
        return Pass(ended, report, journal)
