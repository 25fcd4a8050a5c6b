""":func:`janitor.trial`: what a training script asks about its trial, and tells about it.

Outside a sweep everything works as well: no parameters, nothing is recorded.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final, Self

from janitor.lifecycle.ranks import rank_of
from janitor.lifecycle.trial.files import append_report, open_reports, replace, say

_PREFIX: Final = "JANITOR_TRIAL_"
_LOOK_UP: Final = 1.0
"""Seconds between two looks at whether the trial should stop."""


class Trial:
    """The trial that this process works on.

    It never disturbs the training: what cannot be written is told once on stderr. As a context
    manager it does nothing at the end but close its file: how the attempt ended is decided by the
    exit code.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self.run: str = self._get("RUN") or ""
        """The run; empty outside a sweep."""
        self.sweep: str = self._get("SWEEP") or ""
        self.kind: str = self._get("KIND") or "train"
        """``train`` or ``eval``."""
        self.attempt: int = int(self._get("ATTEMPT") or 1)
        self.seed: int = int(self._get("SEED") or 0)
        """The same for the same trial and attempt, on every machine."""
        self.repeat: int = int(self._get("REPEAT") or 0)
        budget = self._get("BUDGET")
        self.budget: float | None = float(budget) if budget else None
        """The total amount of the resource at which the job should end."""
        self.policy_uri: str | None = self._get("POLICY_URI")
        """What the training left to evaluate; for evaluations."""
        self.params: dict[str, Any] = self._read_params()
        self._handle: int | None = None
        self._folder = Path(folder) if (folder := self._get("DIR")) else None
        self._is_asked = False
        self._next_look = 0.0
        self._has_told = False
        self._pid = os.getpid()
        self._before: Any = None
        """The handler of SIGTERM before the block."""
        self._open()

    def _get(self, name: str) -> str | None:
        return self._environment.get(f"{_PREFIX}{name}") or None

    @property
    def is_in_sweep(self) -> bool:
        """Whether a sweep controller started this process."""
        return self._folder is not None

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints go; kept across attempts. Created if it is missing."""
        place = self._get("CHECKPOINT_DIR")
        folder = Path(place) if place else Path("checkpoints")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def resume_from(self) -> Path | None:
        """The checkpoint folder to start from; None to start from the beginning."""
        place = self._get("RESUME_FROM")
        return Path(place) if place else None

    def report(self, step: float | None = None, **metrics: float) -> None:
        """Record metrics; what was reported survives a kill of this process.

        In a distributed job only the reports of rank 0 are recorded.
        """
        if self._handle is None:
            return
        try:
            append_report(self._handle, step, metrics, time.time())
        except (OSError, TypeError, ValueError) as error:
            self._tell(f"metrics cannot be recorded: {error}")

    @property
    def should_stop(self) -> bool:
        """Whether the trial should save its state and end: the controller stops it."""
        if self._is_asked or self._folder is None:
            return self._is_asked
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_UP
            self._is_asked = (self._folder / "stop.json").exists()
        return self._is_asked

    def save_policy(self, uri: str) -> None:
        """Record what this training leaves to evaluate; the evaluation gets it."""
        if self._folder is None:
            return
        try:
            replace(self._folder / "policy.json", {"uri": uri})
        except OSError as error:
            self._tell(f"the policy cannot be recorded: {error}")

    def __enter__(self) -> Self:
        """The trial; SIGTERM makes ``should_stop`` true during the block."""
        if self.is_in_sweep and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._heed)
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open. An exception passes through."""
        if self._before is not None and os.getpid() == self._pid:
            signal.signal(signal.SIGTERM, self._before)
            self._before = None
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _heed(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._pid:  # a forked child, such as a data loader: end as without us
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        self._is_asked = True
        if callable(self._before):
            self._before(number, frame)

    def _read_params(self) -> dict[str, Any]:
        path = self._get("PARAMS")
        if path is None:
            return {}
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        return dict(document)

    def _rank(self) -> int:
        """The rank that the trial's own launcher gave to this process; only rank 0 reports."""
        pairs = (pair.partition("=") for pair in (self._get("RANKS") or "").split())
        inherited = {name: value for name, _, value in pairs}
        own = {
            name: value for name, value in self._environment.items() if inherited.get(name) != value
        }
        return rank_of(own)

    def _open(self) -> None:
        if self._folder is None or self._rank() != 0:
            return
        try:
            self._handle = open_reports(self._folder)
        except OSError as error:
            self._tell(f"metrics cannot be recorded: {error}")

    def _tell(self, sentence: str) -> None:
        if not self._has_told:
            self._has_told = True
            say(f"janitor: {sentence}")


def trial() -> Trial:
    """The trial that this process works on.

    Use it as ``with janitor.trial() as trial:`` and call ``trial.report(step, loss=…)``.
    """
    return Trial()
