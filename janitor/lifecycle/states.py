"""Which moves between states are legal, and which state an end of a process means.

Open states (initializing, running, evaluating) may be followed by any state. A terminal state is
final, but for three cases: it is *reopened* on purpose; a *new attempt* of the run begins (it was
preempted and requeued, so W&B resumed it); or it was a *guess*: the janitor wrote it from outside,
and the run's own process knows better.
"""

from __future__ import annotations

import signal
from enum import Enum
from typing import Any

from janitor.model import SweepRunState


class IllegalMoveError(ValueError):
    """A move out of a final state, or a word that is no state. Raised only with ``strict=True``."""


class Step(Enum):
    """What a request to set a state comes to."""

    MOVE = "move"
    """An ordinary move out of an open state, or the run's first state."""
    REOPEN = "reopen"
    """Out of a terminal state into an open one: a new attempt, whose traces start afresh."""
    CORRECT = "correct"
    """From a guess to the terminal state that is true."""
    REPEAT = "repeat"
    """The terminal state that is there already: only the caller's fields are added."""
    REFUSE = "refuse"
    """Out of a final state: illegal."""


def step(
    stored: SweepRunState | None,
    target: SweepRunState,
    *,
    is_guess: bool = False,
    is_new_attempt: bool = False,
) -> Step:
    """What moving from the stored state to the target comes to."""
    if stored is None or stored.is_open:
        return Step.MOVE
    if target.is_open:
        return Step.REOPEN if is_guess or is_new_attempt else Step.REFUSE
    if is_guess:
        return Step.CORRECT
    return Step.REPEAT if target is stored else Step.REFUSE


def parse_state(word: Any) -> SweepRunState:
    """The state that a word names; ``failed`` is read as failure.

    Raises:
        IllegalMoveError: the word names no state.

    """
    if isinstance(word, str):
        word = word.strip().lower()
        if word == "failed":
            return SweepRunState.FAILURE
        if word in _WORDS:
            return SweepRunState(word)
    known = ", ".join(SweepRunState)
    raise IllegalMoveError(f"{word!r} is no state; the states are {known}")


_WORDS = frozenset(SweepRunState)


def stored_state(word: Any) -> SweepRunState | None:
    """The state that a summary's word names, None for no word and for one that is not ours."""
    try:
        return parse_state(word)
    except IllegalMoveError:
        return None


def state_of_exception(exception: BaseException) -> SweepRunState:
    """The state that an exception which ends the run means.

    ``TimeoutError`` → timeout, ``KeyboardInterrupt`` → cancelled, ``SystemExit`` with code 0 or
    None → success, all else → failure.
    """
    match exception:
        case TimeoutError():
            return SweepRunState.TIMEOUT
        case KeyboardInterrupt():
            return SweepRunState.CANCELLED
        case SystemExit(code=None | 0):
            return SweepRunState.SUCCESS
    return SweepRunState.FAILURE


def state_of_returncode(returncode: int) -> SweepRunState:
    """The state that a child's return code means, as ``subprocess`` gives it (-N for signal N).

    Shells and wrappers pass a signal on as 128 + N, so that reads the same.
    """
    number = -returncode if returncode < 0 else returncode - 128
    if number == signal.SIGINT:
        return SweepRunState.CANCELLED
    if returncode == 0:
        return SweepRunState.SUCCESS
    if returncode < 0 or number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        return SweepRunState.CRASHED
    return SweepRunState.FAILURE
