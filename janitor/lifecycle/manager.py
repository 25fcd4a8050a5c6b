"""The manager of one run's state, on the training side."""

from __future__ import annotations

import logging
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
from janitor.lifecycle.ranks import rank_of
from janitor.lifecycle.run_tracker import RunLife, Settings
from janitor.lifecycle.states import IllegalMoveError, parse_state
from janitor.model import SweepRunState

logger = logging.getLogger("janitor.lifecycle")

_Key = tuple[str, str] | None
_Block = tuple["RobustSweepStateManager", _Key]
_blocks: ContextVar[tuple[_Block, ...]] = ContextVar("janitor_blocks", default=())
"""The ``with`` blocks that this thread or task is in, outermost first, and whose runs they are."""


class RobustSweepStateManager:
    """Keeps the state of one run true, from its first moment to its last.

    It writes under ``NAMESPACE.`` into the run's summary, never raises into the training loop but
    with ``strict=True``, and sees to it that the run's end is written, whichever way it comes.
    Safe for threads; silent in forked children and on ranks other than 0.

    Args:
        wandb_run: a live run, a run of ``wandb.Api()``, or None for ``wandb.run``. Without any
            run the manager does nothing, and says so once.
        timeout_minutes: silence after which :meth:`check_timeout` speaks.
        namespace: the first part of the keys in the summary.
        strict: raise :class:`IllegalMoveError` where a warning would be logged.
        on_sigterm: the state that SIGTERM means, or None to leave SIGTERM alone.
        heartbeat_interval: seconds between two written heartbeats, at least.
        rank: this process's rank; None to read it from the launcher's environment variables.
        clock: the time; tests give their own.

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
        rank = rank_of(os.environ) if rank is None else rank
        if rank:
            logger.info("rank %s does not speak for the run: no state is kept", rank)
        settings = Settings(
            namespace=namespace,
            timeout=timedelta(minutes=timeout_minutes),
            heartbeat_interval=heartbeat_interval,
            on_sigterm=None if on_sigterm is None else parse_state(on_sigterm),
            is_silent=rank != 0,
            clock=clock,
        )
        self._life = RunLife(wandb_run, settings)
        self._pace = self._life.pace

    @property
    def state(self) -> SweepRunState | None:
        """The state that the summary holds now; None where there is none, or no run."""
        stored = self._life.look()
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
        """The run is complete, with its observation; ``cost`` in the sweep's own unit.

        An objective that is no finite number makes no success: the run becomes a failure.
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
        """The run failed, and why."""
        self.set_state(SweepRunState.FAILURE, error=error)

    def heartbeat(self, progress: Any = None) -> None:
        """A sign of life, for hot loops: written at most every ``heartbeat_interval`` seconds.

        ``progress`` is whatever tells people how far the run is; the latest is written along.
        """
        if progress is not None:
            self._progress = progress
        if self._monotonic() >= self._pace.due:
            self._life.beat(self._progress)

    def beating(self) -> AbstractContextManager[None]:
        """Heartbeats from a thread, while the block runs: for a long evaluation or a compile."""
        settings = self._life.settings
        if settings.is_silent:
            return nullcontext()
        return beating(self.heartbeat, settings.heartbeat_interval)

    def check_timeout(self) -> bool:
        """Whether the run is open and its stored heartbeat is older than the timeout.

        Any process may ask. Where no heartbeat is stored, the run's beginning counts.
        """
        return self._life.is_overdue()

    def handle_exception(self, exception: BaseException) -> None:
        """Write the state that the exception means, unless the run has ended already."""
        self._life.end_by_exception(exception)

    def reopen(self, state: SweepRunState | str = SweepRunState.RUNNING) -> None:
        """Begin another attempt of a run that has ended; an open run is left as it is.

        Raises:
            IllegalMoveError: with ``strict=True``, if ``state`` is no open state.

        """
        self._move(state, {}, must_reopen=True)

    def start(self) -> None:
        """Set running; a resumed run, and one that the janitor ended, is another attempt.

        This is how a ``with`` block begins; callbacks, which have no block, call it.
        """
        self._move(SweepRunState.RUNNING, {}, is_entry=True)

    def __enter__(self) -> Self:
        """:meth:`start` the run; the good end of the block is its success.

        A block within another one of the same run says nothing by its end: the outer one goes on.
        """
        self.start()
        self._life.is_vouched_for = True
        _blocks.set((*_blocks.get(), (self, self._life.key)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write how the block ended, unless the state is terminal. No exception is swallowed."""
        key, around = self._leave()
        self._life.is_vouched_for = any(manager is self for manager, _ in around)
        if key is not None and any(each == key for _, each in around):
            return
        if exception is None:
            self._life.end(SweepRunState.SUCCESS)
        else:
            self._life.end_by_exception(exception)

    def _leave(self) -> tuple[_Key, tuple[_Block, ...]]:
        """The run of this manager's innermost open block, and the blocks that are still open."""
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
            self._life.move(parse_state(state), names, **how)
        except IllegalMoveError as illegal:
            if self._strict:
                raise
            logger.warning("%s", illegal)
