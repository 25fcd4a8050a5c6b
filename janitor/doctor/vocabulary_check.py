"""The state names that the runs of the targets use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from janitor.doctor.findings import Finding, ok, warn
from janitor.model import Policy, RunInfo, SweepRunState
from janitor.model import summary as summaries
from janitor.model.vocabulary import meanings_of
from janitor.model.wording import counted
from janitor.report.headline import WITHOUT_A_STATE, none_tracked
from janitor.rules.objective import is_object, read_objective
from janitor.rules.selection import policy_for

_MISREAD = ("timeout", "crashed")
"""State names that readers which know only success and failure take for successes."""


@dataclass(slots=True)
class Census:
    """Counts runs by the name of their state.

    Args:
        policy: Names the namespace and the vocabulary.

    """

    policy: Policy
    runs: int = 0
    words: Counter[str] = field(default_factory=Counter)
    untracked: int = 0
    unreadable: int = 0
    """Summaries that cannot be read, and states that are not a text."""
    open: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    """Objectives that are objects, by the number that counts; "" if none does."""

    def add(self, run: RunInfo) -> None:
        """Count a run."""
        self.runs += 1
        policy = policy_for(run, self.policy)
        if run.defect is None and is_object(run, policy):
            found = read_objective(run, policy)
            self.objects["" if isinstance(found.value, Mapping) else found.key] += 1
        if is_untracked(run, self.policy):
            self.untracked += 1
            return
        word = summaries.read(run.summary, self.policy.namespace, "state")
        if run.defect is not None or not isinstance(word, str):
            self.unreadable += 1
            return
        self.words[word] += 1
        meanings = meanings_of(word, self.policy.vocabulary)
        self.open += bool(meanings) and meanings[0].is_open

    def findings(self) -> Iterator[Finding]:
        """The findings about the state names."""
        key = f"{self.policy.namespace}.state"
        if self.runs and self.untracked == self.runs:
            yield warn(
                "vocabulary",
                f"{none_tracked(self.runs, self.policy.namespace)}",
                WITHOUT_A_STATE,
            )
            return
        strange = {
            word: count
            for word, count in self.words.most_common()
            if not meanings_of(word, self.policy.vocabulary)
        }
        for word, count in strange.items():
            yield warn(
                "vocabulary",
                f"{_runs(count)} {_say(count)} {word!r:.60}, which is unknown: held",
                "correct the word where the run's code writes it. Only if your tools use this word"
                " on purpose, put it under vocabulary for the state that it stands for: the"
                " janitor then also writes it",
            )
        if self.unreadable:
            yield warn(
                "vocabulary",
                f"{_runs(self.unreadable)} with a state that is not a text, or an unreadable"
                " summary: held",
                f"look at {key} with `janitor explain`",
            )
        yield from self._objects()
        if not strange and not self.unreadable:
            said = ", ".join(f"{word} {count}" for word, count in self.words.most_common())
            yield ok("vocabulary", f"all state names are known: {said or 'no runs yet'}")
        yield self._consumers()

    def _objects(self) -> Iterator[Finding]:
        """Objectives for which ``define_metric(summary=...)`` made W&B store an object."""
        for key, count in sorted(self.objects.items()):
            if key:
                yield ok("objective", f"{_runs(count)} with an object as objective: {key} is used")
                continue
            yield warn(
                "objective",
                f"{_runs(count)} with an object as objective, as define_metric(summary=...) makes"
                " it, and it is not known which of its numbers counts: held",
                "name the number, as in objective: val/acc.max, or set metric.goal in the sweep",
            )

    def _consumers(self) -> Finding:
        """State names that a reader of the sweep may misunderstand."""
        found = {word: self.words[word] for word in _MISREAD if self.words[word]}
        written = [word for word in _MISREAD if self.policy.word(SweepRunState(word)) == word]
        mapping = "vocabulary: {timeout: failure, crashed: failure}"
        if found:
            said = " and ".join(
                f"{_runs(count)} {_say(count)} {word}" for word, count in found.items()
            )
            return warn(
                "consumers",
                f"{said}: a reader that knows only success and failure"
                " takes these for successes with a score of 0",
                f"if such a reader learns from this sweep, set {mapping}",
            )
        if written:
            words = " and ".join(written)
            return ok(
                "consumers",
                f"no run says timeout or crashed yet; the janitor will write {words} (for readers"
                f" that know only success and failure, set {mapping})",
            )
        return ok("consumers", "no run says timeout or crashed, and the janitor writes neither")


def is_untracked(run: RunInfo, policy: Policy) -> bool:
    """Whether a run that can be read has no state."""
    return run.defect is None and summaries.form_of(run.summary, policy.namespace) is None


def _runs(count: int) -> str:
    return counted(count, "run")


def _say(count: int) -> str:
    return "says" if count == 1 else "say"
