"""Replays a ledger: every entry of decisions is computed again from the entries before it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Item, Launch, LedgerEntry
from janitor.sweep.decide import decide
from janitor.sweep.limits import Limits
from janitor.sweep.opening import config_of
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.ports import Optimizer, Scheduler
from janitor.sweep.schedulers import scheduler_of
from janitor.sweep.step import versions


class Comparison(StrEnum):
    """How a decision compares with the one that was computed again."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not comparable"
    """The version of the janitor or the machine's architecture differs."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One decision of the ledger, computed again."""

    entry: int
    subject: str
    """What was decided: ``launch NAME-0003``."""
    comparison: Comparison
    detail: str = ""


def verify(name: str, entries: Sequence[LedgerEntry]) -> Iterator[Checked]:
    """Compute each decision again, in order, and name each entry that was altered."""
    ledger = Ledger(name)
    parts: dict[int, tuple[Limits, Scheduler, Optimizer]] = {}
    for entry in entries:
        yield from _stored(entry)
        if entry.role == "decisions":
            version = ledger.spec.version
            if version not in parts:
                config = config_of(ledger)
                parts[version] = config.limits, scheduler_of(config), optimizer_of(config)
            yield from _compare(ledger, entry, *parts[version])
        ledger.add(entry)


def _stored(entry: LedgerEntry) -> Iterator[Checked]:
    """What is wrong with an entry itself."""
    if entry.is_altered:
        detail = "it was altered after it was written"
        yield Checked(entry.number, entry.role, Comparison.DIFFERENT, detail)


def _compare(
    ledger: Ledger, entry: LedgerEntry, limits: Limits, scheduler: Scheduler, optimizer: Optimizer
) -> Iterator[Checked]:
    decided = decide(ledger, limits, scheduler, optimizer, datetime.fromisoformat(entry.at))
    is_comparable = entry.versions == versions(optimizer)
    found, again = list(entry.items), list(decided.decisions)
    for number in range(max(len(found), len(again))):
        ours = found[number] if number < len(found) else None
        theirs: Any = again[number] if number < len(again) else None
        yield _checked(entry.number, ours, theirs, is_comparable=is_comparable)


def _checked(entry: int, ours: Item | None, theirs: Any, *, is_comparable: bool) -> Checked:
    shown = ours if ours is not None else theirs
    subject = f"{shown.item} {getattr(shown, 'run', '')}".strip()
    if ours is not None and theirs is not None and _plain(ours) == _plain(theirs):
        return Checked(entry, subject, Comparison.SAME)
    comparison = Comparison.DIFFERENT if is_comparable else Comparison.NOT_COMPARABLE
    return Checked(entry, subject, comparison, _difference(ours, theirs))


def _plain(item: Any) -> str:
    return json.dumps(asdict(item), sort_keys=True, default=str)


def _difference(ours: Any, theirs: Any) -> str:
    if ours is None:
        return "the ledger does not have it"
    if theirs is None:
        return "the ledger has it, and it is not decided again"
    if type(ours) is not type(theirs):
        return f"the ledger has {ours.item}, and {theirs.item} is decided again"
    left, right = asdict(ours), asdict(theirs)
    names = [name for name in left if _plain_value(left[name]) != _plain_value(right[name])]
    what = names[0] if names else "its values"
    if isinstance(ours, Launch) and names:
        return f"{what} is {left[what]!r:.80} in the ledger and {right[what]!r:.80} again"
    return f"{what} differs"


def _plain_value(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
