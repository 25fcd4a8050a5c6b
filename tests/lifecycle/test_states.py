from __future__ import annotations

import asyncio
import itertools
import signal

import pytest

from janitor.lifecycle import IllegalMoveError, SweepRunState
from janitor.lifecycle.ranks import rank_of
from janitor.lifecycle.states import (
    Step,
    parse_state,
    state_of_exception,
    state_of_returncode,
    step,
    stored_state,
)

OPEN = [state for state in SweepRunState if state.is_open]
TERMINAL = [state for state in SweepRunState if not state.is_open]


@pytest.mark.parametrize("target", SweepRunState)
@pytest.mark.parametrize("stored", [None, *OPEN])
def test_any_state_may_follow_an_open_one(
    stored: SweepRunState | None, target: SweepRunState
) -> None:
    assert step(stored, target) is Step.MOVE


@pytest.mark.parametrize(("stored", "target"), list(itertools.product(TERMINAL, SweepRunState)))
def test_terminal_states_are_final(stored: SweepRunState, target: SweepRunState) -> None:
    expected = Step.REPEAT if stored is target else Step.REFUSE
    assert step(stored, target) is expected


@pytest.mark.parametrize(("stored", "target"), list(itertools.product(TERMINAL, OPEN)))
def test_a_new_attempt_reopens(stored: SweepRunState, target: SweepRunState) -> None:
    assert step(stored, target, is_new_attempt=True) is Step.REOPEN


@pytest.mark.parametrize(("stored", "target"), list(itertools.product(TERMINAL, SweepRunState)))
def test_what_the_janitor_guessed_gives_way(stored: SweepRunState, target: SweepRunState) -> None:
    expected = Step.REOPEN if target.is_open else Step.CORRECT
    assert step(stored, target, is_guess=True) is expected


@pytest.mark.parametrize(("stored", "target"), list(itertools.product(TERMINAL, TERMINAL)))
def test_a_new_attempt_alone_changes_no_end(stored: SweepRunState, target: SweepRunState) -> None:
    assert step(stored, target, is_new_attempt=True) is step(stored, target)


@pytest.mark.parametrize("word", ["success", " Success ", SweepRunState.SUCCESS])
def test_words_name_states(word: str) -> None:
    assert parse_state(word) is SweepRunState.SUCCESS


def test_failed_is_read_as_failure() -> None:
    assert parse_state("failed") is SweepRunState.FAILURE


@pytest.mark.parametrize("word", ["defunct", "", None, 3, ["running"]])
def test_a_word_that_is_not_a_state_is_refused(word: object) -> None:
    with pytest.raises(IllegalMoveError, match="is not a state; the states are initializing"):
        parse_state(word)
    assert stored_state(word) is None


def test_a_near_miss_is_answered_with_a_hint() -> None:
    with pytest.raises(IllegalMoveError, match="'runing' is not a state; did you mean 'running'"):
        parse_state("runing")


@pytest.mark.parametrize(
    ("exception", "state"),
    [
        (TimeoutError(), "timeout"),
        (KeyboardInterrupt(), "cancelled"),
        (SystemExit(), "success"),
        (SystemExit(0), "success"),
        (SystemExit(3), "failure"),
        (SystemExit("no data"), "failure"),
        (ValueError(), "failure"),
        (MemoryError(), "failure"),
        (SystemExit(143), "crashed"),
        (SystemExit(130), "cancelled"),
        (SystemExit(124), "timeout"),
        (SystemExit(255), "failure"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (ExceptionGroup("", [TimeoutError(), TimeoutError()]), "timeout"),
        (ExceptionGroup("", [TimeoutError(), ValueError()]), "failure"),
        (BaseExceptionGroup("", [asyncio.CancelledError()]), "cancelled"),
    ],
)
def test_exceptions_mean_states(exception: BaseException, state: str) -> None:
    assert state_of_exception(exception) == state


@pytest.mark.parametrize(
    ("returncode", "state"),
    [
        (0, "success"),
        (1, "failure"),
        (127, "failure"),
        (-signal.SIGINT, "cancelled"),
        (128 + signal.SIGINT, "cancelled"),
        (-signal.SIGTERM, "crashed"),
        (128 + signal.SIGTERM, "crashed"),
        (-signal.SIGKILL, "crashed"),
        (128 + signal.SIGKILL, "crashed"),
        (-signal.SIGSEGV, "crashed"),
        (255, "failure"),
        (124, "timeout"),
        (128 + signal.SIGSEGV, "crashed"),
        (128 + signal.SIGHUP, "crashed"),
        (128, "failure"),
        (-200, "crashed"),
    ],
)
def test_return_codes_mean_states(returncode: int, state: str) -> None:
    assert state_of_returncode(returncode) == state


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, 0),
        ({"RANK": "3"}, 3),
        ({"SLURM_PROCID": "2"}, 2),
        ({"OMPI_COMM_WORLD_RANK": "1"}, 1),
        ({"PMI_RANK": "1"}, 1),
        ({"RANK": "0", "SLURM_PROCID": "2"}, 0),
        ({"SLURM_PROCID": "0", "LOCAL_RANK": "1"}, 1),
        ({"RANK": "", "SLURM_PROCID": "x"}, 0),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, 1),
    ],
)
def test_the_rank_is_the_launchers(environment: dict[str, str], rank: int) -> None:
    assert rank_of(environment) == rank
