"""A run as the rules see it: its state in our terms, its objective, its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from janitor.model import Hold, Policy, RunInfo, SweepRunState, Untracked
from janitor.model import summary as summaries
from janitor.model.evidence import Vitals, take_vitals
from janitor.model.summary import Form
from janitor.model.vocabulary import meanings_of
from janitor.model.wording import format_age
from janitor.rules.adoption import may_adopt
from janitor.rules.objective import is_finite, read_objective

UNTRACKED: Final = "untracked"
"""In reports and marks, the state of a run that had none."""


@dataclass(frozen=True)
class Reading:
    """A tracked run, read under a policy at one moment."""

    run: RunInfo
    policy: Policy
    now: datetime
    """Aware, UTC."""
    form: Form
    state: SweepRunState
    objective: Any
    """The value, as in the summary; ABSENT if the key is missing or null. Of an object that
    W&B's ``define_metric`` made, the number that counts; the object itself if none does."""
    is_new: bool = False
    """Whether the run has no state of its own yet: it is judged because of ``adopt``."""
    objective_key: str = ""
    """Where the objective was found: ``val/acc.max`` if it is a number in such an object."""

    @cached_property
    def vitals(self) -> Vitals:
        """The run's signs of life, read when a rule asks for them: of most runs, none does."""
        return take_vitals(self.run, self.policy, self.now)

    @property
    def former_state(self) -> str:
        """The state that the summary says: ``untracked`` if there is none."""
        return UNTRACKED if self.is_new else self.state.value

    @property
    def age(self) -> timedelta | None:
        """Time since the last sign of life."""
        return self.vitals.age

    @property
    def silence(self) -> timedelta | None:
        """The same without the time of outages: what thresholds are compared with."""
        return self.vitals.silence

    @property
    def silence_in_words(self) -> str:
        """``"40 minutes (not counting an outage of 2 hours)"``; for a run that was seen alive."""
        if self.silence is None:
            return "an unknown time"
        if not self.vitals.outage:
            return format_age(self.silence)
        outage = format_age(self.vitals.outage)
        return f"{format_age(self.silence)} (not counting an outage of {outage})"

    @property
    def has_objective(self) -> bool:
        """Whether the objective is a finite number."""
        return is_finite(self.objective)

    def mark(self, name: str, policy: Policy) -> Any:
        """The value of our own mark ``NAMESPACE.janitor.name``, or ABSENT."""
        return self.own(f"janitor.{name}", policy)

    def own(self, name: str, policy: Policy) -> Any:
        """The value under ``NAMESPACE.name``, or ABSENT."""
        return summaries.read(self.run.summary, policy.namespace, name)


def read_run(run: RunInfo, policy: Policy, now: datetime) -> Reading | Hold | Untracked:
    """Read a run; a Hold if its state cannot be determined, Untracked if it has none."""
    if run.defect is not None:
        return Hold("none", f"the summary cannot be read: {run.defect}")
    form = summaries.form_of(run.summary, policy.namespace)
    is_new = form is None
    if form is None:
        if not may_adopt(run, policy):
            return Untracked()
        form = summaries.form_for_new_keys(run.summary, policy.namespace)
    state = SweepRunState.RUNNING if is_new else _read_state(run.summary, form, policy)
    if isinstance(state, Hold):
        return state
    objective = read_objective(run, policy)
    return Reading(
        run,
        policy,
        now,
        form,
        state,
        objective.value,
        is_new=is_new,
        objective_key=objective.key,
    )


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
        return Hold("none", f"unknown state {_quote(word)}: it is not a known state name")
    mark = summaries.read(summary, policy.namespace, "janitor.state")
    return _decide(meanings, word, mark, policy)


def _decide(
    meanings: tuple[SweepRunState, ...], word: str, mark: Any, policy: Policy
) -> SweepRunState | Hold:
    """Which of several states that share a name is meant.

    Our mark decides. Without it an open run is read as the state with the longest timeout, and
    a run that may be open or terminal is not judged.
    """
    for state in meanings:
        if state == mark:
            return state
    if len({state.is_open for state in meanings}) > 1:
        shared = " and ".join(meanings)
        return Hold("none", f"ambiguous state {_quote(word)}: it stands for {shared}")
    if meanings[0].is_open:
        return max(meanings, key=policy.timeout)
    return next((state for state in meanings if state == word), meanings[0])


def _quote(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
