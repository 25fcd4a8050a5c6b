"""Which run a manager works on, and whether this process reports for it."""

from __future__ import annotations

import os
from typing import Any

from janitor.lifecycle.current import current_run
from janitor.lifecycle.messages import logger
from janitor.lifecycle.ranks import has_own_run, rank_variables
from janitor.lifecycle.run_access import RunAccess, open_run
from janitor.lifecycle.run_state import RunRecord
from janitor.lifecycle.settings import Settings


class RunChoice:
    """The run that was given to a manager; without one, the latest ``wandb.run``."""

    def __init__(self, wandb_run: Any, settings: Settings) -> None:
        self._given = wandb_run
        self._settings = settings
        self._run: Any = None
        self._record: RunRecord | None = None
        self._left_out: Any = None
        """A run that another rank reports for."""
        self._has_warned = False

    def record(self) -> RunRecord | None:
        """The record of the run.

        None without a run, in a forked child, and where another rank reports. A warning says so
        once, except on ranks that have no run: there another rank has it.
        """
        if self._settings.is_silent:
            return None
        run = current_run() if self._given is None else self._given
        if run is not None and run is self._left_out:
            return None
        if self._record is None or (run is not None and run is not self._run):
            access = open_run(run)
            if access is None:
                self._warn_of_no_run()
                return None
            if self._settings.launcher_rank and not has_own_run(run, os.environ):
                self._leave_out(run, access)
                return None
            self._run, self._record = run, self._record_of(access)
        return None if self._record.is_foreign else self._record

    def _record_of(self, access: RunAccess) -> RunRecord:
        trial = self._settings.trial_run
        is_trial = bool(trial) and access.run_id == trial
        return RunRecord(access, self._settings.namespace, is_trial=is_trial)

    def _warn_of_no_run(self) -> None:
        if not self._has_warned and not self._settings.launcher_rank:
            self._has_warned = True
            logger.warning("no active wandb run; state not recorded")

    def _leave_out(self, run: Any, access: RunAccess) -> None:
        self._left_out = run
        logger.warning(
            "this process (%s) does not report the state of run %s: rank 0 reports for a run that"
            " several processes share. If only this process works on the run, pass rank=0",
            rank_variables(os.environ),
            access.name,
        )
