"""A run as the rules see it: its state in our words, its objective, its evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from janitor.model import Hold, Policy, RunInfo, SweepRunState, Untracked
from janitor.model import summary as summaries
from janitor.model.evidence import Vitals, take_vitals
from janitor.model.summary import ABSENT, Form
from janitor.model.vocabulary import meanings_of


@dataclass(frozen=True, slots=True)
class Reading:
    """A run that is ours, read under a policy at one moment."""

    run: RunInfo
    form: Form
    state: SweepRunState
    vitals: Vitals
    objective: Any
    """As it stands in the summary; ABSENT where the key is missing or null."""

    @property
    def age(self) -> timedelta | None:
        """Time since the last sign of life."""
        return self.vitals.age

    @property
    def has_objective(self) -> bool:
        """Whether the objective is a finite number."""
        if isinstance(self.objective, bool):
            return False
        return isinstance(self.objective, int) or (
            isinstance(self.objective, float) and math.isfinite(self.objective)
        )

    def mark(self, name: str, policy: Policy) -> Any:
        """What our own mark ``NAMESPACE.janitor.name`` says, or ABSENT."""
        return self.own(f"janitor.{name}", policy)

    def own(self, name: str, policy: Policy) -> Any:
        """What stands under ``NAMESPACE.name``, or ABSENT."""
        return summaries.read(self.run.summary, policy.namespace, name)


def read_run(run: RunInfo, policy: Policy, now: datetime) -> Reading | Hold | Untracked:
    """Read a run; a Hold where its state cannot be told, Untracked where it has none."""
    if run.defect is not None:
        return Hold("none", f"the summary cannot be read: {run.defect}")
    form = summaries.form_of(run.summary, policy.namespace)
    if form is None:
        return Untracked()
    state = _read_state(run.summary, form, policy)
    if isinstance(state, Hold):
        return state
    return Reading(run, form, state, take_vitals(run, policy, now), _read_objective(run, policy))


def _read_state(summary: Mapping[str, Any], form: Form, policy: Policy) -> SweepRunState | Hold:
    words = [
        summaries.get(summary, path) for path in summaries.places(form, policy.namespace, "state")
    ]
    if len(words) == 2 and not summaries.same(*words):
        return Hold(
            "none",
            f"two states: {policy.namespace}.state is {_quote(words[0])} as a flat key"
            f" and {_quote(words[1])} nested",
        )
    word = words[0]
    meanings = meanings_of(word, policy.vocabulary) if isinstance(word, str) else ()
    if not meanings:
        return Hold("none", f"unknown state {_quote(word)}: no word of the vocabulary")
    mark = summaries.read(summary, policy.namespace, "janitor.state")
    return _decide(meanings, word, mark, policy)


def _decide(
    meanings: tuple[SweepRunState, ...], word: str, mark: Any, policy: Policy
) -> SweepRunState | Hold:
    """Which of several states that share a word is meant.

    Our mark decides. Without it an open run is read as the state with the longest timeout, and
    one that may be open or terminal is nobody's to judge.
    """
    for state in meanings:
        if state == mark:
            return state
    if len({state.is_open for state in meanings}) > 1:
        shared = " and ".join(meanings)
        return Hold("none", f"ambiguous state {_quote(word)}: the vocabulary gives it to {shared}")
    if meanings[0].is_open:
        return max(meanings, key=policy.timeout)
    return next((state for state in meanings if state == word), meanings[0])


def _read_objective(run: RunInfo, policy: Policy) -> Any:
    """The objective of the form that counts first; null there is nothing, and the other counts."""
    if policy.objective is None:
        values = summaries.readings(run.summary, policy.namespace, "objective")
    else:
        values = summaries.findings(run.summary, policy.objective)
    return next((value for value in values if value is not None and value is not ABSENT), ABSENT)


def _quote(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
