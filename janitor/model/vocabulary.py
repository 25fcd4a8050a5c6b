"""Which states a word in a run's summary can stand for."""

from __future__ import annotations

from collections.abc import Mapping

from janitor.model.states import SweepRunState

_ALWAYS_FAILURE = "failed"
"""The word that one of the design documents uses; read as failure under any vocabulary."""


def meanings_of(word: str, vocabulary: Mapping[SweepRunState, str]) -> tuple[SweepRunState, ...]:
    """Our states that a word can stand for: by the vocabulary, else by our own names."""
    states = tuple(state for state in SweepRunState if vocabulary.get(state, state) == word)
    if word == _ALWAYS_FAILURE and SweepRunState.FAILURE not in states:
        states += (SweepRunState.FAILURE,)
    return states or tuple(state for state in SweepRunState if state == word)
