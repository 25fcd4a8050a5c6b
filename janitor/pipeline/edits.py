"""What a change writes into a summary: the new state, its times and the marks that explain it."""

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
    """Values to set at paths of one summary; ABSENT removes the key."""

    form: Form
    values: Mapping[Path, Any]
    note: str | None = None
    """What an undo does not restore, for the report."""

    def before(self, summary: Mapping[str, Any]) -> dict[Path, Any]:
        """The present values at these paths; ABSENT if there is none."""
        return {path: summaries.get(summary, path) for path in self.values}

    def applied(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """A copy of the summary with the edits; all other keys are unchanged."""
        return summaries.edited(summary, self.values)

    def stand_in(self, summary: Mapping[str, Any]) -> bool:
        """Whether the summary contains all the edits."""
        return all(
            summaries.same_or_absent(summaries.get(summary, path), value)
            for path, value in self.values.items()
        )


def edits_for(change: Change, reading: Reading, policy: Policy, at: datetime) -> Edits:
    """The edits that carry out a change.

    Args:
        change: The verdict to carry out.
        reading: The run as it was just read.
        policy: Defines the namespace and the names of the states.
        at: The time of the write, UTC.

    Raises:
        ValueError: a name is not in :data:`WRITTEN_NAMES`, so an undo could not restore it.

    """
    if change.rule == resurrected.ID:
        named = _resurrection(change, reading, policy, at)
    elif change.rule == stale_assignment.ID:
        named = {**_reopening(change, policy, at), **_marks(change, reading, at)}
    else:
        named = {**_state(change, reading, policy, at), **_marks(change, reading, at)}
        if change.rule == objective_late.ID:
            named = {**_without_guessed_end(reading, policy), **named}
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
    """The marks as one object, which replaces an empty one, so that an undo restores that one."""
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
    """The edits of a task that waits again: it has no time of end and no assignment."""
    named: dict[str, Any] = dict.fromkeys(stale_assignment.ASSIGNMENT, ABSENT)
    return named | {"state": policy.word(change.to), "last_update": at.isoformat()}


def _resurrection(change: Change, reading: Reading, policy: Policy, at: datetime) -> dict[str, Any]:
    """The state it had. One mark replaces what was written when the run was marked as ended."""
    named: dict[str, Any] = dict.fromkeys((f"janitor.{name}" for name in _MARKS), ABSENT)
    named |= {"state": policy.word(change.to), "last_update": at.isoformat()}
    if _runtime_was_computed(reading, policy):
        named["runtime_seconds"] = ABSENT
    named |= _without_guessed_end(reading, policy)
    return named | {"janitor.resurrected_at": at.isoformat()}


def _without_guessed_end(reading: Reading, policy: Policy) -> dict[str, Any]:
    """Removes the time of end and the error that the janitor wrote when it closed the run."""
    named: dict[str, Any] = {_time_of_end(reading.state): ABSENT}
    ours = _error(reading.state, reading.mark("reason", policy), reading.mark("rule", policy))
    if summaries.read(reading.run.summary, policy.namespace, "error") == ours:
        named["error"] = ABSENT
    return named


def _runtime_was_computed(reading: Reading, policy: Policy) -> bool:
    """Whether the janitor computed the runtime, from the time that it wrote as the run's end."""
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
        reading.former_state,
        change.to.value,
        change.reason,
        at.isoformat(),
        __version__,
    )
    marks = {f"janitor.{name}": value for name, value in zip(_MARKS, values, strict=True)}
    return marks | ({"janitor.adopted": True} if reading.is_new else {})


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
        "janitor.adopted",
    }
)
"""Every name under the namespace that the janitor writes or removes. Journals and reports are
input: they cannot make it write other names."""


@lru_cache(64)
def _written_places(form: Form, namespace: str) -> frozenset[Path]:
    return frozenset(
        path for name in WRITTEN_NAMES for path in summaries.places(form, namespace, name)
    )


def foreign_keys(values: Mapping[str, Any], form: Form, namespace: str) -> list[str]:
    """The keys of a journal or report that the janitor never writes."""
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
