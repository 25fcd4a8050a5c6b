"""Which states a name in a run's summary can stand for."""

from __future__ import annotations

from collections.abc import Mapping

from janitor.model.states import SweepRunState

_ALWAYS_FAILURE = "failed"
"""The name that one of the design documents uses; it is always read as failure."""

_OWN_NAMES = {state.value: (state,) for state in SweepRunState}
"""What our own names stand for without a vocabulary."""


def meanings_of(word: str, vocabulary: Mapping[SweepRunState, str]) -> tuple[SweepRunState, ...]:
    """Our states that a name can stand for: by the vocabulary, or else by our own names."""
    if not vocabulary and word in _OWN_NAMES:
        return _OWN_NAMES[word]
    states = tuple(state for state in SweepRunState if vocabulary.get(state, state) == word)
    if word == _ALWAYS_FAILURE and SweepRunState.FAILURE not in states:
        states += (SweepRunState.FAILURE,)
    return states or tuple(state for state in SweepRunState if state == word)
