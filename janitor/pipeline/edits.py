"""What a change writes into a summary: the new state, its times, and the marks that explain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from janitor import __version__
from janitor.model import Change, Policy, SweepRunState
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT, Form, Path
from janitor.records.keys import path_of
from janitor.rules import objective_late, resurrected, stale_assignment
from janitor.rules.reading import Reading


@dataclass(frozen=True, slots=True)
class Edits:
    """Values to set (or, where ABSENT, keys to remove) at places of one summary."""

    form: Form
    values: Mapping[Path, Any]
    note: str | None = None
    """What could not be done beside them, for the report."""

    def before(self, summary: Mapping[str, Any]) -> dict[Path, Any]:
        """What stands at these places now; ABSENT where nothing does."""
        return {path: summaries.get(summary, path) for path in self.values}

    def applied(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of the summary with the edits made, all other keys untouched."""
        return summaries.edited(summary, self.values)

    def stand_in(self, summary: Mapping[str, Any]) -> bool:
        """Whether the summary holds every one of the edits."""
        return all(
            summaries.same_or_absent(summaries.get(summary, path), value)
            for path, value in self.values.items()
        )


def edits_for(change: Change, reading: Reading, policy: Policy, at: datetime) -> Edits:
    """The edits that carry out a change.

    Args:
        change: What is to become of the run.
        reading: The run as it was just read.
        policy: Names the namespace and the words.
        at: The moment of the write, UTC.

    Raises:
        ValueError: a name is not one of :data:`WRITTEN_NAMES`, so that no undo would restore it.

    """
    if change.rule == resurrected.ID:
        named = _resurrection(change, reading, policy, at)
    elif change.rule == stale_assignment.ID:
        named = {**_reopening(change, policy, at), **_marks(change, reading, at)}
    else:
        named = {**_state(change, reading, policy, at), **_marks(change, reading, at)}
        if change.rule == objective_late.ID:
            named = {**_without_our_guess(reading, policy), **named}
    if unknown := named.keys() - WRITTEN_NAMES:
        raise ValueError(f"the janitor does not write {', '.join(sorted(unknown))}")
    values = {
        path: value
        for name, value in named.items()
        for path in summaries.places(reading.form, policy.namespace, name)
    }
    marks = summaries.nested_path(policy.namespace, "janitor")
    if summaries.get(reading.run.summary, marks) == {}:
        values = _as_one_object(values, marks)
    return Edits(reading.form, values)


def _as_one_object(values: Mapping[Path, Any], marks: Path) -> dict[Path, Any]:
    """The marks as one object, where an empty one is there: so an undo restores that one."""
    inside = {path[-1]: value for path, value in values.items() if path[:-1] == marks}
    outside = {path: value for path, value in values.items() if path[:-1] != marks}
    written = {name: value for name, value in inside.items() if value is not ABSENT}
    return outside | ({marks: written} if written else {})


def _state(change: Change, reading: Reading, policy: Policy, at: datetime) -> dict[str, Any]:
    last_alive, created_at = reading.vitals.last_alive, reading.vitals.created_at
    named: dict[str, Any] = {"state": policy.word(change.to), "last_update": at.isoformat()}
    if last_alive is not None:
        named[_time_of_end(change.to)] = last_alive.isoformat()
    if change.to is not SweepRunState.SUCCESS and _is_missing(reading, policy, "error"):
        named["error"] = _error(change.to, change.reason, change.rule)
    if (
        last_alive is not None
        and created_at is not None
        and last_alive >= created_at
        and _is_missing(reading, policy, "runtime_seconds")
    ):
        named["runtime_seconds"] = (last_alive - created_at).total_seconds()
    return named


def _reopening(change: Change, policy: Policy, at: datetime) -> dict[str, Any]:
    """A task that waits again: it has no end, and is not assigned."""
    named: dict[str, Any] = dict.fromkeys(stale_assignment.ASSIGNMENT, ABSENT)
    return named | {"state": policy.word(change.to), "last_update": at.isoformat()}


def _resurrection(change: Change, reading: Reading, policy: Policy, at: datetime) -> dict[str, Any]:
    """The state it had; what we wrote when we called the run over gives way to one mark."""
    named: dict[str, Any] = dict.fromkeys((f"janitor.{name}" for name in _MARKS), ABSENT)
    named |= {"state": policy.word(change.to), "last_update": at.isoformat()}
    if _runtime_is_ours(reading, policy):
        named["runtime_seconds"] = ABSENT
    named |= _without_our_guess(reading, policy)
    return named | {"janitor.resurrected_at": at.isoformat()}


def _without_our_guess(reading: Reading, policy: Policy) -> dict[str, Any]:
    """The end and the error that the janitor wrote into a run that it closed, removed."""
    named: dict[str, Any] = {_time_of_end(reading.state): ABSENT}
    ours = _error(reading.state, reading.mark("reason", policy), reading.mark("rule", policy))
    if summaries.read(reading.run.summary, policy.namespace, "error") == ours:
        named["error"] = ABSENT
    return named


def _runtime_is_ours(reading: Reading, policy: Policy) -> bool:
    """Whether the runtime is the one that we reckoned from the time that we took for its end."""
    summary, created_at = reading.run.summary, reading.vitals.created_at
    ended_at = parse_time(summaries.read(summary, policy.namespace, _time_of_end(reading.state)))
    runtime = summaries.read(summary, policy.namespace, "runtime_seconds")
    if ended_at is None or created_at is None:
        return False
    return bool(summaries.same(runtime, (ended_at - created_at).total_seconds()))


def _time_of_end(state: SweepRunState) -> str:
    return "completion_time" if state is SweepRunState.SUCCESS else "failure_time"


def _error(state: SweepRunState, reason: Any, rule: Any) -> str:
    return f"{state}: {reason} (found by the janitor, rule {rule})"


def _is_missing(reading: Reading, policy: Policy, name: str) -> bool:
    value = summaries.read(reading.run.summary, policy.namespace, name)
    return value is None or value is ABSENT


_MARKS: Final = ("rule", "previous_state", "state", "reason", "at", "version")


def _marks(change: Change, reading: Reading, at: datetime) -> dict[str, Any]:
    values = (
        change.rule,
        reading.state.value,
        change.to.value,
        change.reason,
        at.isoformat(),
        __version__,
    )
    return {f"janitor.{name}": value for name, value in zip(_MARKS, values, strict=True)}


WRITTEN_NAMES: Final = frozenset(
    {
        "state",
        "last_update",
        "failure_time",
        "completion_time",
        "error",
        "runtime_seconds",
        *stale_assignment.ASSIGNMENT,
        *(f"janitor.{name}" for name in _MARKS),
        "janitor.resurrected_at",
    }
)
"""Every name under the namespace that the janitor writes or removes. Journals and reports are
input: nothing else is written because of them."""


@lru_cache(64)
def _written_places(form: Form, namespace: str) -> frozenset[Path]:
    return frozenset(
        path for name in WRITTEN_NAMES for path in summaries.places(form, namespace, name)
    )


def foreign_keys(values: Mapping[str, Any], form: Form, namespace: str) -> list[str]:
    """The keys of a journal or report, by their names there, that the janitor never writes."""
    places = _written_places(form, namespace)
    marks = summaries.nested_path(namespace, "janitor")
    foreign = []
    for key, value in values.items():
        try:
            place = path_of(key, form, namespace)
        except ValueError:
            foreign.append(key)
            continue
        if place not in places and not (place == marks and _are_marks(value)):
            foreign.append(key)
    return foreign


def _are_marks(value: Any) -> bool:
    """Whether a value is an object of the janitor's marks, which replaces an empty object."""
    names = {name.removeprefix("janitor.") for name in WRITTEN_NAMES if name.startswith("janitor.")}
    return isinstance(value, Mapping) and value.keys() <= names
