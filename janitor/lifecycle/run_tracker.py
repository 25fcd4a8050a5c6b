"""One run's life as this process lives it: moves, heartbeats, and the end, however it comes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from janitor.lifecycle import payload
from janitor.lifecycle.clock import Clock
from janitor.lifecycle.current import current_run
from janitor.lifecycle.exit_hooks import GUARD
from janitor.lifecycle.heartbeat import Pace
from janitor.lifecycle.run_access import open_run
from janitor.lifecycle.run_state import RunRecord, Stored
from janitor.lifecycle.states import IllegalMoveError, Step, state_of_exception, step
from janitor.model import SweepRunState

logger = logging.getLogger("janitor.lifecycle")

SIGTERM_CODE = 143
"""The exit code that shells give a process which SIGTERM ended."""
UNTIL_NEXT_LOOK = 1.0
"""Seconds until a heartbeat looks again whether there is a run by now."""
SIGNAL_PATIENCE = 1.0
"""Seconds that the SIGTERM handler waits for another thread's write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training script has settled about its run's state."""

    namespace: str = "protein"
    timeout: timedelta = timedelta(minutes=30)
    heartbeat_interval: float = 30.0
    """Seconds."""
    on_sigterm: SweepRunState | None = SweepRunState.CRASHED
    is_silent: bool = False
    """Whether this process is not the one that speaks for the run."""
    clock: Clock = field(default_factory=Clock)


class RunLife:
    """The life of one run; nothing here raises but :class:`IllegalMoveError`."""

    def __init__(self, wandb_run: Any, settings: Settings) -> None:
        self.settings = settings
        self.pace = Pace(settings.heartbeat_interval)
        self.is_vouched_for = False
        """Whether a ``with`` block is running, whose good end is the run's success."""
        self._wandb_run = wandb_run
        self._run: Any = None
        """The run of the record: the one given, or the latest ``wandb.run`` that there was."""
        self._record: RunRecord | None = None
        self._born_at = settings.clock.now()
        self._open_state: SweepRunState | None = None
        self._is_finished = False
        self._has_said_none = False
        if settings.is_silent:
            self.pace.stop()

    @property
    def key(self) -> tuple[str, str] | None:
        """What all managers of one state have in common; None where there is no run."""
        record = self._active()
        return (self.settings.namespace, record.access.run_id) if record else None

    def look(self) -> Stored | None:
        """What the summary says now; None on other ranks, in a forked child, without a run."""
        record = self._active()
        return record.look() if record else None

    def is_overdue(self) -> bool:
        """Whether the run is open, and its stored heartbeat older than the timeout."""
        record = self._active()
        if record is None:
            return False
        stored = record.look()
        if stored.state is not None and not stored.state.is_open:
            return False
        last = stored.last_sign or record.started_at or self._born_at
        return self.settings.clock.now() - last > self.settings.timeout

    def move(
        self,
        target: SweepRunState,
        names: Mapping[str, Any],
        *,
        is_entry: bool = False,
        must_reopen: bool = False,
    ) -> None:
        """Move to a state, writing ``names`` along.

        Raises:
            IllegalMoveError: the run is in a final state.

        """
        record = self._active()
        if record is None:
            return
        if must_reopen and not target.is_open:
            raise IllegalMoveError(f"a run is reopened as an open state, not as {target}")
        refused: list[str] = []

        def decide(stored: Stored) -> Mapping[str, Any] | None:
            is_new = record.access.is_new_attempt
            if must_reopen and (stored.state is None or stored.state.is_open):
                return None
            kind = step(
                stored.state,
                target,
                is_guess=stored.is_marked,
                is_new_attempt=is_new or must_reopen,
            )
            if kind is Step.REFUSE:
                refused.append(f"run {record.access.name} is {stored.state}, which is final")
                return None
            if kind is Step.REPEAT:
                return {
                    key: payload.plain(names[key]) for key in names if key not in payload.TRACES
                }
            if kind is Step.MOVE and is_entry and (is_new or stored.is_marked):
                kind = Step.REOPEN
            return self._moved(stored, kind, target, names)

        record.change(decide)
        if refused:
            raise IllegalMoveError(f"{refused[0]}: it cannot become {target}")
        self._settle(record, target)

    def end(
        self,
        state: SweepRunState,
        names: Mapping[str, Any] | None = None,
        *,
        patience: float = -1,
    ) -> None:
        """Write how the run ended, unless its state is final already."""
        record = self._active()
        if record is None:
            return

        def decide(stored: Stored) -> Mapping[str, Any] | None:
            kind = step(stored.state, state, is_guess=stored.is_marked)
            if kind in (Step.MOVE, Step.CORRECT):
                return self._moved(stored, kind, state, names or {})
            return None

        record.change(decide, patience=patience)
        self._settle(record, state)

    def end_by_exception(self, exception: BaseException) -> None:
        """Write the state that the exception means."""
        state = state_of_exception(exception)
        is_success = state is SweepRunState.SUCCESS
        self.end(state, None if is_success else payload.of_error(exception))

    def beat(self, progress: Any) -> None:
        """Write a heartbeat now. A run that the janitor gave up on comes back by it."""
        now = self.settings.clock.monotonic()
        record = self._active()
        if record is None:
            is_over = self.settings.is_silent or self._record is not None
            self.pace.due = float("inf") if is_over else now + UNTIL_NEXT_LOOK
            return
        self.pace.take(now)

        def decide(stored: Stored) -> Mapping[str, Any] | None:
            names = {} if progress is None else {"progress": progress}
            if stored.state is None or stored.state.is_open:
                values = self._values(stored.state or SweepRunState.RUNNING, names)
                del values["state"]
                return values
            if stored.is_marked and self._open_state is not None:
                return payload.of_reopening() | self._values(self._open_state, names)
            return None

        record.change(decide)
        self._pace_after(record)

    # What the exit guard calls.

    @property
    def minds_sigterm(self) -> bool:
        """Whether SIGTERM means a state."""
        return self.settings.on_sigterm is not None

    def end_by_signal(self, *, is_last: bool) -> None:
        """SIGTERM: write its state, and upload it where there is no later moment for that."""
        record, state = self._active(), self.settings.on_sigterm
        if record is None or state is None:
            return
        names = {} if state.is_open else {"error": "SIGTERM: the process was terminated"}
        self.end(state, names, patience=SIGNAL_PATIENCE)
        if is_last:
            self._is_finished = True
            record.finish(SIGTERM_CODE)

    def end_by_exit(self, code: int) -> None:
        """The process ends in good order outside of any ``with`` block.

        A code other than 0 is a failure. With 0 the run is a success if its objective is recorded;
        otherwise it is left open: another process may come to evaluate it, and if none does, the
        janitor sees to it.
        """
        record = self._active()
        if record is None:
            return
        if code:
            self.end(SweepRunState.FAILURE, {"error": f"SystemExit: {code}"})
        elif not self._is_finished:
            self._end_well(record)
        elif record.has_pending:
            record.look()

    def end_by_finish(self, code: int) -> None:
        """The live run is about to finish, with this code; later there is only the server."""
        record = self._active()
        if record is None or self._is_finished:
            return
        exception = sys.exception()  # the one that ends a ``with wandb.init()`` block
        if not code:
            self._end_well(record)
        elif exception is not None:
            self.end_by_exception(exception)
        else:
            self.end(SweepRunState.FAILURE, {"error": f"the run finished with exit code {code}"})
        self._is_finished = True
        if self._open_state is None and not record.has_pending:
            GUARD.disarm(self)

    # How it is done.

    def _active(self) -> RunRecord | None:
        if self.settings.is_silent:
            return None
        run = current_run() if self._wandb_run is None else self._wandb_run
        if self._record is None or (run is not None and run is not self._run):
            access = open_run(run)
            if access is None:
                if not self._has_said_none:
                    self._has_said_none = True
                    logger.warning("there is no wandb run in this process: no state is kept")
                return None
            self._run, self._record = run, RunRecord(access, self.settings.namespace)
            self._is_finished, self._open_state = False, None
        return None if self._record.is_foreign else self._record

    def _values(self, state: SweepRunState, names: Mapping[str, Any]) -> dict[str, Any]:
        now = self.settings.clock.now()
        began = (self._record.started_at if self._record else None) or self._born_at
        runtime = max((now - began).total_seconds(), 0.0)
        plain = {name: payload.plain(value) for name, value in names.items()}
        return plain | payload.of_state(state, now, runtime)

    def _moved(
        self, stored: Stored, kind: Step, state: SweepRunState, names: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What a move of this kind writes."""
        values = self._values(state, names)
        if kind is Step.REOPEN:
            values["attempts"] = (stored.attempts or 1) + 1
        elif stored.state is None and stored.attempts is None:
            values["attempts"] = 1
        return values if kind is Step.MOVE else payload.of_reopening() | values

    def _end_well(self, record: RunRecord) -> None:
        if self.is_vouched_for or payload.is_finite_number(record.look().objective):
            self.end(SweepRunState.SUCCESS)

    def _settle(self, record: RunRecord, state: SweepRunState) -> None:
        """After a write: watch how the process ends while the run is open, or not yet uploaded."""
        self._open_state = state if state.is_open else None
        if state.is_open:
            record.enter(self.end_by_finish)
            GUARD.arm(self)
        elif not record.has_pending and (self._is_finished or not record.access.is_buffered):
            GUARD.disarm(self)
        self._pace_after(record)

    def _pace_after(self, record: RunRecord) -> None:
        now = self.settings.clock.monotonic()
        if record.has_pending:
            self.pace.failed(now)
        else:
            self.pace.wrote(now)
