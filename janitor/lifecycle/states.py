"""Which moves between states are legal, and which state the end of a process means.

Any state may follow an open one (initializing, running, evaluating). A terminal state is final,
with three exceptions: the run is *reopened* on purpose; a *new attempt* begins (the run was
preempted and queued again, and W&B resumed it); or the state was a *guess* (the janitor wrote it
from outside, or SIGTERM announced an end that did not come).
"""

from __future__ import annotations

import signal
from asyncio import CancelledError
from enum import Enum
from typing import Any, Final

from janitor.model import SweepRunState


class IllegalMoveError(ValueError):
    """A move out of a final state, or an unknown state. Raised only with ``strict=True``."""


class Step(Enum):
    """The effect of a request to set a state."""

    MOVE = "move"
    """An ordinary move out of an open state, or the run's first state."""
    REOPEN = "reopen"
    """From a terminal state to an open one: a new attempt. Its error and times are removed."""
    CORRECT = "correct"
    """From a guess to the true state. No new attempt."""
    REPEAT = "repeat"
    """The run already has this terminal state: only the caller's fields are added."""
    REFUSE = "refuse"
    """Out of a final state: illegal."""


def step(
    stored: SweepRunState | None,
    target: SweepRunState,
    *,
    is_guess: bool = False,
    is_new_attempt: bool = False,
) -> Step:
    """The effect of a move from the stored state to the target."""
    if stored is None or stored.is_open:
        return Step.MOVE
    if target.is_open:
        return Step.REOPEN if is_guess or is_new_attempt else Step.REFUSE
    if is_guess:
        return Step.CORRECT
    return Step.REPEAT if target is stored else Step.REFUSE


def parse_state(word: Any) -> SweepRunState:
    """The state with this name; ``failed`` is read as failure.

    Raises:
        IllegalMoveError: no state has this name.

    """
    if isinstance(word, str):
        word = word.strip().lower()
        if word == "failed":
            return SweepRunState.FAILURE
        if word in _WORDS:
            return SweepRunState(word)
    from janitor.model.wording import did_you_mean  # noqa: PLC0415 - imports humanize

    known = f"he states are {', '.join(SweepRunState)}"
    hint = did_you_mean(word, map(str, _WORDS)) if isinstance(word, str) else ""
    raise IllegalMoveError(f"{word!r} is not a state" + (f"{hint} T" if hint else "; t") + known)


_WORDS: Final = frozenset(SweepRunState)


def stored_state(word: Any) -> SweepRunState | None:
    """The state that a summary names; None if it names none, or one that is not ours."""
    is_known = isinstance(word, str) and word.strip().lower() in {*_WORDS, "failed"}
    return parse_state(word) if is_known else None


def state_of_exception(exception: BaseException) -> SweepRunState:
    """The state of a run that this exception ends.

    ``TimeoutError`` is a timeout. ``KeyboardInterrupt``, ``asyncio.CancelledError`` and
    ``GeneratorExit`` (somebody closed the generator that was running) are cancelled. ``SystemExit``
    means what its exit code means. A group means what all its exceptions mean, if they agree.
    Anything else is a failure.
    """
    match exception:
        case TimeoutError():
            return SweepRunState.TIMEOUT
        case KeyboardInterrupt() | CancelledError() | GeneratorExit():
            return SweepRunState.CANCELLED
        case SystemExit(code=None):
            return SweepRunState.SUCCESS
        case SystemExit(code=int(code)):
            return state_of_exit_code(code)
        case BaseExceptionGroup(exceptions=several):
            states = {state_of_exception(each) for each in several}
            return states.pop() if len(states) == 1 else SweepRunState.FAILURE
    return SweepRunState.FAILURE


TIMEOUT_CODE: Final = 124
"""The exit code of ``timeout(1)`` when the time is over, and of programs that pass it on."""


def state_of_exit_code(code: int) -> SweepRunState:
    """The state that an exit code means.

    128 + N is signal N, as shells report it: SIGINT is cancelled, every other signal is crashed.
    ``timeout(1)`` exits with 124: timeout. 0 is success, anything else is a failure.
    """
    number = signal_of_exit_code(code)
    if number is not None:
        is_interrupt = number is signal.SIGINT
        return SweepRunState.CANCELLED if is_interrupt else SweepRunState.CRASHED
    if code == TIMEOUT_CODE:
        return SweepRunState.TIMEOUT
    return SweepRunState.FAILURE if code else SweepRunState.SUCCESS


def signal_of_exit_code(code: int) -> signal.Signals | None:
    """The signal that an exit code above 128 stands for; None for any other code."""
    try:
        return signal.Signals(code - 128) if code > 128 else None
    except ValueError:
        return None


def state_of_returncode(returncode: int) -> SweepRunState:
    """The state that a child's return code means, as ``subprocess`` gives it (-N for signal N)."""
    if returncode >= 0:
        return state_of_exit_code(returncode)
    is_interrupt = returncode == -signal.SIGINT
    return SweepRunState.CANCELLED if is_interrupt else SweepRunState.CRASHED
