"""The manager of one run's state, on the training side."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from janitor.lifecycle import payload
from janitor.lifecycle.clock import Clock
from janitor.lifecycle.heartbeat import beating
from janitor.lifecycle.messages import logger
from janitor.lifecycle.ranks import rank_of
from janitor.lifecycle.run_tracker import RunTracker
from janitor.lifecycle.settings import TRIAL_RUN, Settings
from janitor.lifecycle.states import IllegalMoveError, parse_state
from janitor.model import SweepRunState

_Key = tuple[str, str] | None
_Block = tuple["RobustSweepStateManager", _Key]
_blocks: ContextVar[tuple[_Block, ...]] = ContextVar("janitor_blocks", default=())
"""The ``with`` blocks that this thread or task is in, outermost first, and their runs."""


class RobustSweepStateManager:
    """Keeps the state of one run correct, from start to end.

    It writes under ``NAMESPACE.`` into the run's summary, and records the end of the run in
    whatever way the process ends. It never raises into the training loop, except with
    ``strict=True``. It can be used from several threads, and does nothing in forked children.

    Within a trial of a sweep controller (``JANITOR_TRIAL_RUN`` is set) the end of a block ends an
    attempt, not the run: the objective is recorded, and the state stays open until the controller
    decides.

    In a distributed job, rank 0 reports for a run that several processes share. A process that
    created its own run reports for it on any rank. A warning names the runs that are left out.

    Args:
        wandb_run: a live run, a run of ``wandb.Api()``, or None for ``wandb.run``. Without a run
            the manager does nothing, and logs one warning.
        timeout_minutes: :meth:`check_timeout` is true after this many minutes without a heartbeat.
        namespace: the first part of the keys in the summary.
        strict: raise :class:`IllegalMoveError` instead of logging a warning.
        on_sigterm: the state that SIGTERM means, or None to ignore SIGTERM. While the process
            goes on after SIGTERM, in a handler of its own, the state is provisional: a later
            success replaces it.
        heartbeat_interval: the minimum number of seconds between two written heartbeats.
        rank: 0 to report for the run, anything else not to; None to decide by the launcher's
            environment variables and by who created the run.
        clock: the time; tests pass their own.

    """

    def __init__(  # noqa: PLR0913 - the list of settings that a training script has
        self,
        wandb_run: Any = None,
        timeout_minutes: float = 30,
        *,
        namespace: str = "protein",
        strict: bool = False,
        on_sigterm: SweepRunState | str | None = SweepRunState.CRASHED,
        heartbeat_interval: float = 30.0,
        rank: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or Clock()
        self._strict = strict
        self._monotonic = clock.monotonic
        self._progress: Any = None
        settings = Settings(
            namespace=namespace,
            timeout=timedelta(minutes=timeout_minutes),
            heartbeat_interval=heartbeat_interval,
            on_sigterm=None if on_sigterm is None else parse_state(on_sigterm),
            is_silent=bool(rank),
            launcher_rank=rank_of(os.environ) if rank is None else 0,
            clock=clock,
            trial_run=os.environ.get(TRIAL_RUN, ""),
        )
        self._tracker = RunTracker(wandb_run, settings)
        self._pace = self._tracker.pace

    @property
    def state(self) -> SweepRunState | None:
        """The state that the summary holds now; None if there is none, or no run."""
        stored = self._tracker.look()
        return stored.state if stored else None

    def set_state(
        self, state: SweepRunState | str, error: str | BaseException | None = None, **values: Any
    ) -> None:
        """Move the run to a state; each of ``values`` is written under the namespace.

        Raises:
            IllegalMoveError: with ``strict=True``, for a move out of a final state.

        """
        self._move(state, values | payload.of_error(error))

    def set_success(self, objective: Any, cost: Any = None) -> None:
        """Record a complete run with its observation; ``cost`` is in the sweep's own unit.

        If the objective is not a finite number, the run becomes a failure.
        """
        names = {"objective": payload.plain(objective)}
        if cost is not None:
            names["cost"] = cost
        if payload.is_finite_number(names["objective"]):
            self.set_state(SweepRunState.SUCCESS, **names)
        else:
            reason = f"the objective is {payload.text(objective)}, not a finite number"
            self.set_state(SweepRunState.FAILURE, error=reason, **names)

    def set_failed(self, error: str | BaseException) -> None:
        """Record that the run failed, and why."""
        self.set_state(SweepRunState.FAILURE, error=error)

    def heartbeat(self, progress: Any = None) -> None:
        """Record that the run is alive; written at most every ``heartbeat_interval`` seconds.

        Cheap enough for hot loops. ``progress`` shows people how far the run is; the latest value
        is written with the heartbeat.
        """
        if progress is not None:
            self._progress = progress
        if self._monotonic() >= self._pace.due:
            self._tracker.beat(self._progress)

    def beating(self) -> AbstractContextManager[None]:
        """Send heartbeats from a thread while the block runs, such as a long evaluation."""
        settings = self._tracker.settings
        if settings.is_silent:
            return nullcontext()
        return beating(self.heartbeat, settings.heartbeat_interval)

    def check_timeout(self) -> bool:
        """Whether the run is open and its stored heartbeat is older than the timeout.

        Any process may ask. If no heartbeat is stored, the start of the run counts.
        """
        return self._tracker.is_overdue()

    def handle_exception(self, exception: BaseException) -> None:
        """Write the state that the exception means, unless the run has ended already."""
        self._tracker.end_by_exception(exception)

    def reopen(self, state: SweepRunState | str = SweepRunState.RUNNING) -> None:
        """Begin another attempt of a run that has ended; an open run is left as it is.

        Raises:
            IllegalMoveError: with ``strict=True``, if ``state`` is not an open state.

        """
        self._move(state, {}, must_reopen=True)

    def start(self) -> None:
        """Set running. A resumed run, or one that the janitor ended, begins another attempt.

        A ``with`` block begins with this; callbacks, which have no block, call it.
        """
        self._move(SweepRunState.RUNNING, {}, is_entry=True)

    def __enter__(self) -> Self:
        """:meth:`start` the run; the normal end of the block is its success.

        The end of a block inside another block of the same run has no effect.
        """
        self.start()
        self._tracker.is_in_block = True
        _blocks.set((*_blocks.get(), (self, self._tracker.key)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write how the block ended, unless the state is terminal. No exception is swallowed."""
        key, around = self._leave()
        self._tracker.is_in_block = any(manager is self for manager, _ in around)
        if key is not None and any(each == key for _, each in around):
            return
        if exception is None:
            self._tracker.end(SweepRunState.SUCCESS)
        else:
            self._tracker.end_by_exception(exception)

    def _leave(self) -> tuple[_Key, tuple[_Block, ...]]:
        """The key of this manager's innermost open block, and the blocks that are still open."""
        blocks = _blocks.get()
        for place in reversed(range(len(blocks))):
            manager, key = blocks[place]
            if manager is self:
                around = blocks[:place] + blocks[place + 1 :]
                _blocks.set(around)
                return key, around
        return None, blocks  # it was entered in another thread or task

    def _move(self, state: SweepRunState | str, names: Mapping[str, Any], **how: bool) -> None:
        try:
            self._tracker.move(parse_state(state), names, **how)
        except IllegalMoveError as illegal:
            if self._strict:
                raise
            logger.warning("%s", illegal)
