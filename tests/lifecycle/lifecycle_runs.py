"""Runs and time for the tests of the training side, and real training processes."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from janitor.emulator import Handle
from janitor.lifecycle import Clock, RobustSweepStateManager
from tests.lifecycle.training_process import Training

START = datetime(2026, 1, 1, tzinfo=UTC)


class FakeTime:
    """Time that stands still until it is told."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.clock = Clock(now=self.now, monotonic=lambda: self.seconds)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def pass_by(self, seconds: float) -> str:
        """Let time pass; the moment it is then, as it is written."""
        self.seconds += seconds
        return self.now().isoformat()


class FakeSummary(dict[str, Any]):
    """A summary that counts its updates, and can fail."""

    def __init__(self) -> None:
        super().__init__()
        self.updates: list[dict[str, Any]] = []
        self.failures: list[Exception] = []

    def update(self, values: dict[str, Any]) -> None:  # type: ignore[override] # wandb's own form
        if self.failures:
            raise self.failures.pop(0)
        self.updates.append(dict(values))
        super().update(values)


class FakeRun:
    """As much of a live run as a manager needs."""

    def __init__(self, *, resumed: bool = False, summary: Mapping[str, Any] | None = None) -> None:
        self.id = "r1"
        self.resumed = resumed
        self.start_time = START.timestamp()
        self.summary = FakeSummary()
        dict.update(self.summary, summary or {})
        self.exit_codes: list[int | None] = []

    def finish(self, exit_code: int | None = None) -> None:
        self.exit_codes.append(exit_code)

    def protein(self) -> dict[str, Any]:
        """What stands under ``protein.``, flat."""
        prefix = "protein."
        return {
            key.removeprefix(prefix): value
            for key, value in self.summary.items()
            if key.startswith(prefix)
        }

    def again(self) -> FakeRun:
        """The run as the next process finds it, resumed by W&B."""
        return FakeRun(resumed=True, summary=self.summary)


def manage(run: Any, time: FakeTime, **settings: Any) -> RobustSweepStateManager:
    """A manager on a fake clock."""
    return RobustSweepStateManager(run, clock=time.clock, **settings)


PRELUDE = """
import json, os, signal, sys, time, pathlib
import wandb
from janitor.lifecycle import *

def protein(run):
    summary = run.summary if isinstance(run.summary, dict) else run.summary._as_dict()
    return {k.removeprefix("protein."): v for k, v in summary.items() if k.startswith("protein.")}

"""
INIT = 'wandb_run = wandb.init(entity="acme", project="rl", id="r1")\n'


def training_environment(folder: Path, mode: str) -> dict[str, str]:
    """The environment of a process that logs to no server."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("WANDB_", "JANITOR_", "SLURM_", "OMPI_"))
    }
    for name in ("WANDB_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "HOME"):
        (folder / name.lower()).mkdir(exist_ok=True)
        environment[name] = str(folder / name.lower())
    return environment | {
        "WANDB_MODE": mode,
        "WANDB_SILENT": "true",
        "WANDB_ERROR_REPORTING": "false",
    }


def start_training(
    folder: Path,
    code: str,
    emulator: Handle | None = None,
    mode: str = "offline",
    **environment: str,
) -> Training:
    """Start a process that trains: with the emulator as its server, else in ``mode``."""
    base = emulator.environment(folder) if emulator else training_environment(folder, mode)
    return Training(PRELUDE + textwrap.dedent(code), base | environment, folder)


def train(
    folder: Path,
    code: str,
    emulator: Handle | None = None,
    mode: str = "offline",
    returncode: int = 0,
) -> Any:
    """Run such a process to its end; what its last line of output says, as JSON."""
    process = start_training(folder, code, emulator, mode)
    out, err = process.communicate(timeout=120)
    assert process.returncode == returncode, err
    lines = out.strip().splitlines()
    return json.loads(lines[-1]) if lines else None
