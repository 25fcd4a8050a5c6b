"""What scripts have logged to W&B so far, as reports of jobs.

A script that only uses wandb reports nowhere else while it runs. Steps are read exactly, in pages
of their numbers as wandb's own scan does it: a request for more rows than its ``samples`` would be
answered with a random choice of them. Points can be read some seconds after they were logged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from janitor.model.jobs import Report
from janitor.stores.wandb.failures import known_form
from janitor.stores.wandb_sweeps.server import SweepServer

_PAGE: Final = 1000
"""Steps per request."""


@dataclass(slots=True)
class _Read:
    """What was read of one run."""

    reports: list[Report] = field(default_factory=list)
    next_step: int = 0


class WandbHistory:
    """The histories of a project's runs. It reads on where it was.

    Args:
        server: The project.

    """

    def __init__(self, server: SweepServer) -> None:
        self._server = server
        self._read: dict[str, _Read] = {}

    def reports(self, run: str) -> Sequence[Report]:
        """What a run has logged, in the order of its steps; nothing if it does not exist.

        Raises:
            StoreError: W&B does not answer, or answers with an error.

        """
        read = self._read.setdefault(run, _Read())
        first = read.next_step
        while True:
            rows, last = self._server.history(run, first, first + _PAGE)
            with known_form(self._server.door.address):
                for row in rows:
                    self._take(read, row)
            first += _PAGE
            if last < first:
                return list(read.reports)

    def _take(self, read: _Read, text: str) -> None:
        row: Mapping[str, Any] = json.loads(text)
        step = row.get("_step")
        if not isinstance(step, int) or step < read.next_step:
            return
        metrics = {name: value for name, value in row.items() if not name.startswith("_")}
        at = row.get("_timestamp")
        read.reports.append(Report(float(step), metrics, at if isinstance(at, float) else None))
        read.next_step = step + 1
