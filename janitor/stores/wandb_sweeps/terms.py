"""A ledger on a server that has no compare-and-set, but creates each name only once.

A *term* is the right to append. The process that creates the term with the next number owns it,
and fences all lower terms. Only its owner writes its record: ``base``, the entry on which the term
builds, and ``last``, its newest entry. An entry's file is written once, before ``last`` names it.
So the record of the newest open term, followed from base to base, is the ledger.

Why an entry that was appended stays: its owner writes ``last``, and then looks whether there is a
newer term. There is none: every later owner creates its term first and reads afterwards, so it
finds the entry. There is one: the entry may or may not be in that term's base, so the owner takes a
new term, which settles it, and looks. At each step at least one of the two sees the other, as in
Dekker's algorithm (E. W. Dijkstra, "Cooperating sequential processes", 1965).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from janitor.errors import StateFileError, StoreError
from janitor.model.ledger_items import LedgerEntry

_MOST_TRIES: Final = 25


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry is: its number, and the term that wrote it."""

    number: int
    term: int


START: Final = Place(0, 0)
"""Before the first entry."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term, as its record has it."""

    number: int
    base: Place | None = None
    """The entry on which it builds; None until its owner has opened it."""
    last: int = 0
    """Its newest entry; the number of its base if it has none."""


class Shelf(Protocol):
    """Where terms and entries are. Every failure raises a StoreError; what it did is not known."""

    def create(self, term: int) -> bool:
        """Create the term; True only for the one call, of all processes, that did."""

    def terms(self) -> Iterable[Term]:
        """The terms, the newest first, as they are while this is read."""

    def record(self, term: Term) -> None:
        """Replace the record of a term that this process owns."""

    def put(self, place: Place, entry: LedgerEntry) -> None:
        """Write an entry's file, which has this name for the first time."""

    def get(self, places: Sequence[Place]) -> Sequence[LedgerEntry]:
        """Read the files of entries."""


class LedgerTerms:
    """One ledger, for one process.

    Args:
        shelf: Where it is.
        pause: Waits a moment before the try of this number, so that two processes that disturb
            each other get out of step.

    """

    def __init__(self, shelf: Shelf, pause: Callable[[int], None]) -> None:
        self._shelf = shelf
        self._pause = pause
        self._entries: dict[Place, LedgerEntry] = {}
        self._chain: list[int] = []
        """The term of each entry, by number from 1, as last read."""
        self._shown = START
        """The newest entry that the caller was shown, or appended."""
        self._owned: Term | None = None

    def entries(self, after: int = 0) -> Sequence[LedgerEntry]:
        """The entries after this number. The newest may not be final; see :meth:`confirm`.

        Raises:
            StateFileError: one is damaged or missing, or is of a newer version.
            StoreError: they cannot be read.

        """
        self._read()
        self._shown = self._head
        places = [Place(number, term) for number, term in enumerate(self._chain, 1)]
        missing = [place for place in places if place not in self._entries]
        for place, entry in zip(missing, self._shelf.get(missing), strict=True):
            if entry.number != place.number:
                raise StateFileError(f"ledger entry {place.number} has the number {entry.number}")
            self._entries[place] = entry
        return [self._entries[place] for place in places[after:]]

    def last_number(self) -> int:
        """The number of the last entry; 0 if there is none."""
        self._read()
        return self._head.number

    def append(self, entry: LedgerEntry) -> bool:
        """Append an entry; False if the ledger is not what the caller was shown any more.

        Raises:
            StoreError: it cannot be written. It may have been, which the next look shows.

        """
        try:
            return self._append(entry)
        except StoreError:
            self._owned = None
            raise

    def confirm(self) -> bool:
        """Make what the caller was shown final; False if the ledger is something else by now.

        Raises:
            StoreError: it cannot be read or written.

        """
        newest = self._read()
        if self._head == self._shown and newest is not None and newest.base is not None:
            return True  # every later term is created, and reads, after this
        if self._head == self._shown == START and newest is None:
            return True
        self._open()
        return self._head == self._shown

    @property
    def _head(self) -> Place:
        return Place(len(self._chain), self._chain[-1]) if self._chain else START

    def _append(self, entry: LedgerEntry) -> bool:
        if self._owned is None:
            self._open()
        for _ in range(_MOST_TRIES):
            if self._head != self._shown or entry.number <= self._head.number:
                return self._has(entry)
            if entry.number > self._head.number + 1:
                raise StateFileError(
                    f"the ledger has no entry {entry.number - 1}, so it cannot get {entry.number}"
                )
            owned = self._write(entry)
            if self._newest() == owned.number:
                self._take(entry, owned)
                return True
            self._owned = None
            self._open()
            if self._has(entry):
                return True
        raise self._busy()

    def _write(self, entry: LedgerEntry) -> Term:
        """The entry in the term that is owned, which may be fenced meanwhile."""
        owned = self._owned
        if owned is None:
            raise self._busy()
        self._shelf.put(Place(entry.number, owned.number), entry)
        written = Term(owned.number, owned.base, entry.number)
        self._shelf.record(written)
        return written

    def _take(self, entry: LedgerEntry, owned: Term) -> None:
        self._owned = owned
        self._chain.append(owned.number)
        self._shown = self._head
        self._entries[self._head] = entry

    def _has(self, entry: LedgerEntry) -> bool:
        """Whether the ledger, which this process has just settled, has this entry."""
        if len(self._chain) < entry.number:
            return False
        place = Place(entry.number, self._chain[entry.number - 1])
        if place not in self._entries:
            (self._entries[place],) = self._shelf.get([place])
        is_ours = self._entries[place].nonce == entry.nonce
        if is_ours and place == self._head:
            self._shown = place
        return is_ours

    def _open(self) -> None:
        """Take a new term that builds on all that is there."""
        for number in range(_MOST_TRIES):
            newest = self._newest()
            if not self._shelf.create(newest + 1):
                self._pause(number)
                continue
            self._read()
            mine = Term(newest + 1, self._head, self._head.number)
            self._shelf.record(mine)
            if self._newest() == mine.number:
                self._owned = mine
                return
            self._pause(number)
        raise self._busy()

    def _newest(self) -> int:
        """The number of the newest term; 0 if there is none."""
        return next((term.number for term in self._shelf.terms()), 0)

    def _read(self) -> Term | None:
        """Read the chain again; returns the newest term, open or not."""
        newest: Term | None = None
        wanted: Place | None = None
        parts: list[tuple[Place, int, int]] = []
        for term in self._shelf.terms():
            newest = newest or term
            if term.base is None or (wanted is not None and term.number != wanted.term):
                continue
            last = term.last if wanted is None else wanted.number
            parts.append((term.base, last, term.number))
            wanted = term.base
            if self._knows(wanted):
                break
        if wanted is not None and not self._knows(wanted):
            raise StateFileError(
                f"the ledger is damaged: term {wanted.term}, which wrote entry {wanted.number}, is"
                " missing"
            )
        for base, last, number in reversed(parts):
            self._chain[base.number :] = [number] * (last - base.number)
        return newest

    def _knows(self, place: Place) -> bool:
        """Whether the chain up to this entry is known."""
        if place == START:
            return True
        return len(self._chain) >= place.number and self._chain[place.number - 1] == place.term

    def _busy(self) -> StoreError:
        return StoreError("other processes keep writing the ledger; try again")
