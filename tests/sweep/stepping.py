"""A sweep in a folder, stepped by processes that can be killed, with trials that the test releases.

Each trial appends a line to ``trained`` when it begins, and ends when the test creates its file in
``release``.
"""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from janitor.config import Config, parse_target
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Ended
from janitor.records.report import Report
from janitor.records.sweep_step import StepReport
from janitor.runtime.clock import utc_now
from janitor.session import fix
from janitor.stores.sweep_files import SweepFiles, SweepFolder
from janitor.sweep.config import SweepConfig
from janitor.sweep.controller import SweepController
from janitor.sweep.crash_points import VARIABLE
from janitor.sweep.dispatchers import LocalDispatcher
from janitor.sweep.opening import start_sweep
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.schedulers import scheduler_of

GATED = """\
name=$JANITOR_TRIAL_RUN.$JANITOR_TRIAL_KIND.a$JANITOR_TRIAL_ATTEMPT
echo $name >> trained
until [ -e release/$name ]; do sleep 0.02; done
. ./release/$name
"""
SWEEP = """\
method: grid
command: [sh, trial.sh, "${args}"]
metric: {name: score, goal: maximize}
parameters:
  x: {values: [1, 2, 3]}
  y: {values: [1, 2]}
janitor:
  max_parallel_jobs: 2
  collect: stdout
  evaluation: {command: [sh, trial.sh]}
"""


@dataclass
class Stepping:
    """A sweep under test."""

    folder: Path
    store: SweepFiles
    config: SweepConfig

    @classmethod
    def start(cls, folder: Path, text: str = SWEEP) -> Stepping:
        """A sweep that was created, and not stepped yet."""
        (folder / "release").mkdir(parents=True)
        (folder / "trial.sh").write_text(GATED)
        (folder / "sweep.yaml").write_text(text)
        config = SweepConfig.load(folder / "sweep.yaml")
        catalog = SweepFolder(folder / ".janitor", utc_now)
        start_sweep(catalog, config, utc_now)
        return cls(folder, catalog.open(config.name), config)

    def controller(self, dispatcher: LocalDispatcher | None = None) -> SweepController:
        """A controller that knows nothing of an earlier one."""
        store = SweepFiles(self.store.folder, utc_now)

        def repair() -> Report:
            settings = Config(journal=self.folder / "journals")
            return fix([parse_target("store", store.target)], settings)

        return SweepController(
            scheduler_of(self.config),
            optimizer_of(self.config),
            dispatcher or LocalDispatcher(self.folder / ".janitor"),
            store,
            self.config,
            repair=repair,
            now=utc_now,
            nonce=lambda: secrets.token_hex(8),
        )

    def step(self, dispatcher: LocalDispatcher | None = None) -> StepReport:
        """A step in this process."""
        return self.controller(dispatcher).run_step()

    def step_apart(self, crash_at: str | None = None) -> int:
        """Start a step in a process of its own; returns its id."""
        pid = os.fork()
        if pid:
            return pid
        if crash_at is not None:
            os.environ[VARIABLE] = crash_at
        code = 1
        try:
            self.step()
            code = 0
        finally:
            os._exit(code)

    def ledger(self) -> Ledger:
        """The ledger as it is now."""
        store = SweepFiles(self.store.folder, utc_now)
        return Ledger.of(store.name, store.entries())

    def is_done(self) -> bool:
        """Whether a step would say that the sweep is done."""
        return self.controller().plan().state == "done"

    def open_jobs(self) -> list[str]:
        """The jobs that did not end, as the trials call them."""
        return [
            f"{job.launch.run}.{'eval' if 'eval' in job.launch.kind else 'train'}"
            f".a{job.launch.attempt}"
            for _, job in self.ledger().open_jobs()
        ]

    def release(self, name: str, script: str = "echo score=1") -> None:
        """Let a trial end, and wait until its worker has recorded it."""
        aside = self.folder / "aside"
        aside.write_text(script + "\n")
        aside.rename(self.folder / "release" / name)
        run, kind, attempt = name.rsplit(".", 2)
        place = f"eval.{attempt}" if kind == "eval" else attempt
        wait_for(self.store.folder / "runs" / run / place / "exit.json")

    def trained(self) -> list[str]:
        """Each job that a worker began, as often as it began."""
        path = self.folder / "trained"
        return sorted(path.read_text().split()) if path.exists() else []

    def decisions(self) -> list[dict[str, Any]]:
        """The decisions and the ends of the ledger, without times and nonces."""
        found = []
        for entry in self.store.entries():
            for item in entry.items:
                values = asdict(item)
                if isinstance(item, Ended):
                    for name in ("seconds", "cost", "host"):
                        values.pop(name)
                if values["item"] != "spec":
                    found.append(values)
        return found


def wait_for(path: Path, seconds: float = 60) -> None:
    """Wait until a file exists."""
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.01)
