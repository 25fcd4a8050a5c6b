"""A local store's words for the states of a run, and ours: complete in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from janitor.errors import RejectedError
from janitor.model import Policy, SweepRunState
from janitor.model import summary as summaries
from janitor.model.vocabulary import meanings_of

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Words(Generic[_Word]):
    """The words of one store.

    Args:
        ours: Each of its words → our state.
        theirs: Each of our states → its word. If several share one, the janitor's mark on the run
            decides.

    """

    ours: Mapping[_Word, SweepRunState]
    theirs: Mapping[SweepRunState, _Word]

    def state(self, word: _Word, summary: Mapping[str, Any], policy: Policy) -> SweepRunState:
        """Our state for a run with this word."""
        mark = summaries.read(summary, policy.namespace, "janitor.state")
        for state, shared in self.theirs.items():
            if shared is word and state == mark:
                return state
        return self.ours[word]

    def word(self, summary: Mapping[str, Any], policy: Policy) -> _Word:
        """The store's word for a run that gets this summary.

        Raises:
            RejectedError: the summary names no state.

        """
        written = summaries.get(summary, summaries.flat_path(policy.namespace, "state"))
        mark = summaries.read(summary, policy.namespace, "janitor.state")
        meanings = meanings_of(written, policy.vocabulary) if isinstance(written, str) else ()
        if not meanings:
            raise RejectedError(f"{written!r:.60} is not a state, so it cannot be written")
        return self.theirs[next((state for state in meanings if state == mark), meanings[0])]
