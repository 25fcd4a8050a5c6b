"""Tracks one run while this process works on it: its moves, its heartbeats and its end."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from janitor.lifecycle import payload, wandb_internals
from janitor.lifecycle.exit_hooks import GUARD
from janitor.lifecycle.heartbeat import Pace
from janitor.lifecycle.run_choice import RunChoice
from janitor.lifecycle.run_state import RunRecord, Stored
from janitor.lifecycle.settings import Settings
from janitor.lifecycle.sigterm import SIGNAL_PATIENCE, SIGTERM_CODE, SIGTERM_ERROR, Sigterm
from janitor.lifecycle.states import (
    IllegalMoveError,
    Step,
    state_of_exception,
    state_of_exit_code,
    step,
)
from janitor.model import SweepRunState

UNTIL_NEXT_LOOK = 1.0
"""Seconds until a heartbeat looks again whether there is a run."""


class RunTracker:
    """Tracks one run. Nothing here raises, except :class:`IllegalMoveError`."""

    def __init__(self, wandb_run: Any, settings: Settings) -> None:
        self.settings = settings
        self.pace = Pace(settings.heartbeat_interval)
        self.is_in_block = False
        """Whether a ``with`` block is running; its normal end is the run's success."""
        self._choice = RunChoice(wandb_run, settings)
        self._record: RunRecord | None = None
        self._born_at = settings.clock.now()
        self._open_state: SweepRunState | None = None
        self._sigterm = Sigterm(settings)
        self._is_finished = False
        if settings.is_silent:
            self.pace.stop()

    @property
    def key(self) -> tuple[str, str] | None:
        """The same for all managers of one state; None if there is no run."""
        record = self._active()
        return (self.settings.namespace, record.access.run_id) if record else None

    def look(self) -> Stored | None:
        """What the summary holds now; None on other ranks, in a forked child, without a run."""
        record = self._active()
        return record.look() if record else None

    @property
    def has_pending(self) -> bool:
        """Whether something could not be written yet."""
        return self._record is not None and self._record.has_pending

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
        """Move to a state, and write ``names`` with it.

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
            kind = self._step(stored, target, is_new_attempt=is_new or must_reopen)
            if kind is Step.REFUSE:
                refused.append(f"run {record.access.name} is {stored.state}, which is final")
                return None
            if kind is Step.REPEAT:
                return {
                    key: payload.plain(names[key]) for key in names if key not in payload.TRACES
                }
            if kind is Step.MOVE and is_entry and (is_new or stored.is_marked):
                # A run that somebody prepared, and that nobody has entered: its first attempt.
                is_prepared = stored.state is SweepRunState.INITIALIZING and not stored.attempts
                kind = Step.MOVE if is_prepared else Step.REOPEN
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
        is_mere_exit: bool = False,
    ) -> None:
        """Write how the run ended, unless its state is final already.

        After a SIGTERM that the process survived, only a success changes what SIGTERM wrote:
        whatever else happens then is a consequence of the signal. An exit with code 0 alone, as
        SIGTERM handlers do, is a success only with an objective.
        """
        record = self._active()
        if record is None:
            return

        def decide(stored: Stored) -> Mapping[str, Any] | None:
            is_proved = stored.objective is not None or not is_mere_exit
            if self._sigterm.wrote(stored) and not (state is SweepRunState.SUCCESS and is_proved):
                return None
            kind = self._step(stored, state)
            if kind in (Step.MOVE, Step.CORRECT):
                return self._moved(stored, kind, state, names or {})
            return None

        record.change(decide, patience=patience)
        self._settle(record, state)

    def end_by_exception(self, exception: BaseException) -> None:
        """Write the state that the exception means."""
        exception = wandb_internals.raised_by_training(exception)
        if wandb_internals.is_agents_stop(exception):
            self.end(SweepRunState.CANCELLED, {"error": "the sweep's agent stopped the run"})
            return
        state = state_of_exception(exception)
        if isinstance(exception, SystemExit):
            state = self._sigterm.state_of_exit(state, exception.code)
        is_success = state is SweepRunState.SUCCESS
        error = None if is_success else payload.of_error(exception)
        self.end(state, error, is_mere_exit=isinstance(exception, SystemExit))

    def beat(self, progress: Any) -> None:
        """Write a heartbeat now. It reopens a run that the janitor marked as ended."""
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
            if self._sigterm.wrote(stored) and (outlived := self._sigterm.take_outlived(now)):
                self._open_state = outlived
                return payload.of_reopening() | self._values(outlived, names)
            return None

        record.change(decide)
        self._pace_after(record)

    # Called by the exit guard.

    @property
    def handles_sigterm(self) -> bool:
        """Whether SIGTERM means a state."""
        return self.settings.on_sigterm is not None

    def end_by_signal(self, *, is_last: bool) -> None:
        """SIGTERM: write its state; if the process dies now, upload it first.

        If the process goes on (it has a handler of its own, or is the first one of a container),
        the state is provisional: see :meth:`end`.
        """
        record, state = self._active(), self.settings.on_sigterm
        if record is None or state is None:
            return
        if self._open_state is not None:
            self._sigterm.came(self._open_state)
        names = {} if state.is_open else {"error": SIGTERM_ERROR}
        self.end(state, names, patience=SIGNAL_PATIENCE)
        if is_last:
            self._is_finished = True
            record.finish(SIGTERM_CODE)

    def end_by_exit(self, code: int) -> None:
        """The process exits by itself, outside of any ``with`` block.

        Exit code 0 is a success if the objective is recorded. Otherwise the run stays open:
        another process may come to evaluate it, and if none does, the janitor closes it.
        """
        record = self._active()
        if record is None:
            return
        if code:
            self._end_by_code(code, f"SystemExit: {code}")
        elif not self._is_finished:
            self._end_well(record)
        elif record.has_pending:
            record.look()

    def end_by_finish(self, code: int) -> None:
        """The live run is about to finish, with this code; later only the server can be asked."""
        record = self._active()
        if record is None or self._is_finished:
            return
        exception = sys.exception()  # the one that ends a ``with wandb.init()`` block
        if not code:
            self._end_well(record)
        elif exception is not None:
            self.end_by_exception(exception)
        else:
            self._end_by_code(code, f"the run finished with exit code {code}")
        self._is_finished = True
        if self._open_state is None and not record.has_pending:
            GUARD.remove(self)

    # Details.

    def _active(self) -> RunRecord | None:
        """The record of the run; a new one after each ``wandb.init()``."""
        record = self._choice.record()
        if record is not None and record is not self._record:
            self._record = record
            self._is_finished, self._open_state = False, None
            self._sigterm.forget()
        return record

    def _step(self, stored: Stored, target: SweepRunState, *, is_new_attempt: bool = False) -> Step:
        is_provisional = self._sigterm.wrote(stored)
        is_guess = stored.is_marked or is_provisional
        kind = step(stored.state, target, is_guess=is_guess, is_new_attempt=is_new_attempt)
        return Step.CORRECT if kind is Step.REOPEN and is_provisional else kind

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
        elif stored.attempts is None and stored.state in (None, SweepRunState.INITIALIZING):
            values["attempts"] = 1
        return values if kind is Step.MOVE else payload.of_reopening() | values

    def _end_by_code(self, code: int, error: str) -> None:
        state = self._sigterm.state_of_exit(state_of_exit_code(code), code)
        self.end(state, None if state.is_open else {"error": error})

    def _end_well(self, record: RunRecord) -> None:
        if self.is_in_block or payload.is_finite_number(record.look().objective):
            self.end(SweepRunState.SUCCESS)

    def _settle(self, record: RunRecord, state: SweepRunState) -> None:
        """After a write: watch how the process ends while the run is open, or not yet uploaded."""
        self._open_state = state if state.is_open else None
        if state.is_open:
            record.enter(self.end_by_finish)
            GUARD.add(self)
        elif not record.has_pending and (self._is_finished or not record.access.is_buffered):
            GUARD.remove(self)
        self._pace_after(record)

    def _pace_after(self, record: RunRecord) -> None:
        now = self.settings.clock.monotonic()
        if record.has_pending:
            self.pace.failed(now)
        else:
            self.pace.wrote(now)
