"""Passes, and what takes them back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from janitor.pipeline.undo import restorations, undo
from janitor.records.report import Report
from tests.support.passes import Scene
from tests.support.run_samples import MINUTE, make_run


@dataclass(slots=True)
class Undoing:
    """Repairs runs in memory, and takes the repairs back."""

    scene: Scene

    def fix(self, *summaries: dict[str, Any]) -> tuple[Report, Path]:
        for number, summary in enumerate(summaries, start=1):
            self.scene.store.add(make_run(summary, id=f"r{number}"))
        report = self.scene.fix()
        return report, self.scene.journaled().path

    def undo(self, file: Path, *runs: str, dry_run: bool = False) -> Report:
        wanted, _ = restorations(file, runs)
        self.scene.clock.move(MINUTE)
        if dry_run:
            return undo(wanted, self.scene.work(None))
        journal = self.scene.journal("undo")
        try:
            return undo(wanted, self.scene.work(self.scene.writer(journal)))
        finally:
            journal.close()

    def summary(self, number: int = 1) -> dict[str, Any]:
        return self.scene.store.summary(f"acme/rl/r{number}")
