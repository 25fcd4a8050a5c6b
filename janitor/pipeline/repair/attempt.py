"""A write that was sent, and its result: the read behind it, what of it the server holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from janitor.model import Outcome, RunInfo
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT, Path
from janitor.model.wording import and_more
from janitor.pipeline.edits import Edits
from janitor.pipeline.repair.proposal import Proposal
from janitor.records.keys import key_of

_NAMED: Final = 5
"""Keys that a message names; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A write that was sent."""

    proposal: Proposal | None
    """What decides again if the run changed; None if it is then left to a later judgement."""
    run: RunInfo
    """As it was read right before."""
    edits: Edits
    before: Mapping[Path, Any]
    written: Mapping[str, Any]
    """The whole summary that was sent."""
    at: datetime
    """The moment of the judgement behind it."""
    window: float | None = None
    """Seconds between the start of the fresh read and the answer to the write; None without an
    answer."""

    def lacking(self, found: RunInfo) -> str | None:
        """The places where the run now differs from what was sent, by name; None for none."""
        names = sorted(self._name(path) for path, _, _ in self._differences(found))
        if not names:
            return None
        return and_more(names[:_NAMED], len(names))

    def marks_in(self, found: RunInfo) -> bool:
        """Whether the run holds something that only this write can have put there.

        That is each value with the moment of the write. An undo writes no such value: there, every
        value that it changed counts.
        """
        moment = self.at.isoformat()
        marks = {path: value for path, value in self._changed() if _holds(value, moment)}
        return any(
            summaries.same_or_absent(summaries.get(found.summary, path), value)
            for path, value in (marks or dict(self._changed())).items()
        )

    def damage(self, found: RunInfo) -> tuple[str, list[str]] | None:
        """What the server did to values that it was to keep, although it took the write.

        Returns the verb and the names of the places; None where the server kept everything. Only
        meaningful where the run's own process did not work meanwhile.
        """
        if not self.marks_in(found):
            return None
        lost: list[str] = []
        altered: list[str] = []
        for path, sent, now in self._differences(found):
            is_own = any(path[: len(own)] == own for own in self.edits.values)
            if sent is ABSENT or (is_own and not isinstance(sent, float)):
                continue
            (lost if now is ABSENT or now is None else altered).append(self._name(path))
        if lost:
            return "loses", sorted(lost)
        return ("alters", sorted(altered)) if altered else None

    def result(self, outcome: Outcome, error: str | None = None) -> Result:
        """What became of it."""
        return Result(self.run.path, outcome, error, attempt=self)

    def _changed(self) -> Iterator[tuple[Path, Any]]:
        for path, value in self.edits.values.items():
            if value is not ABSENT and not summaries.same_or_absent(self.before[path], value):
                yield path, value

    def _differences(self, found: RunInfo) -> Iterator[tuple[Path, Any, Any]]:
        return summaries.differences(self.written, found.summary)

    def _name(self, path: Path) -> str:
        return key_of(path, self.edits.form)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one run that was to be written."""

    path: str
    outcome: Outcome
    error: str | None = None
    """Why it failed, or how the run moved on."""
    state: str | None = None
    """The state of a superseded run, where it is known."""
    attempt: Attempt | None = None
    """The write that was sent last; None if none was."""


def _holds(value: Any, moment: str) -> bool:
    return value == moment or (isinstance(value, Mapping) and moment in value.values())
