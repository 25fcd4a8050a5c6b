"""The run of an attempt without wandb, as the state manager sees it: a file in its folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from janitor.lifecycle.run_access import Edits, RunAccess
from janitor.lifecycle.trial.files import read_json, replace
from janitor.model import summary as summaries

FILE = "tool.json"


class AttemptRun(RunAccess):
    """Keeps the summary of an attempt in ``tool.json``; in memory outside a sweep."""

    def __init__(self, run: str, folder: Path | None) -> None:
        self.name = self.run_id = run or f"pid-{os.getpid()}"
        self._path = None if folder is None else folder / FILE
        self._summary: dict[str, Any] = {}

    def read(self) -> Mapping[str, Any]:
        """The summary."""
        stored = read_json(self._path) if self._path is not None else None
        return self._summary if stored is None else stored

    def write(self, edits: Edits, base: Mapping[str, Any]) -> None:
        """Replace the file."""
        self._summary = json.loads(json.dumps(summaries.edited(base, edits), default=str))
        if self._path is not None:
            replace(self._path, self._summary)
