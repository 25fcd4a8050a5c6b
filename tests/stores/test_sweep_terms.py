"""The ledger on a server without a compare-and-set: no interleaving loses or replaces an entry."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from janitor.errors import StateFileError, StoreError, TransientError
from janitor.model.ledger_items import LedgerEntry
from janitor.stores.wandb_sweeps.terms import LedgerTerms, Place, Term

T = TypeVar("T")


class KilledError(BaseException):
    """The process was killed at this point."""


@dataclass
class Turns:
    """Lets one process at a time do one thing; which one, the seed decides."""

    seed: int
    waiting: dict[str, threading.Event] = field(default_factory=dict)
    alive: set[str] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, name: str) -> None:
        """Wait until it is this process's turn."""
        turn = threading.Event()
        with self.changed:
            self.waiting[name] = turn
            self.changed.notify_all()
        turn.wait()

    def leave(self, name: str) -> None:
        """The process is over."""
        with self.changed:
            self.alive.discard(name)
            self.changed.notify_all()

    def run(self, processes: dict[str, Callable[[], None]]) -> None:
        """Run all of them to their ends."""
        chooser = random.Random(self.seed)
        self.alive = set(processes)
        threads = [threading.Thread(target=each) for each in processes.values()]
        for thread in threads:
            thread.start()
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.alive <= set(self.waiting))
                if not self.alive:
                    break
                turn = self.waiting.pop(chooser.choice(sorted(self.alive)))
            turn.set()
        for thread in threads:
            thread.join()


@dataclass
class Server:
    """What the server holds."""

    terms: dict[int, Term] = field(default_factory=dict)
    files: dict[Place, LedgerEntry] = field(default_factory=dict)


@dataclass
class Process:
    """A shelf as one process sees it: each request is a turn, and may be the last."""

    name: str
    server: Server
    turns: Turns
    chooser: random.Random
    deaths: float = 0.0
    losses: float = 0.0

    def create(self, term: int) -> bool:
        def first() -> bool:
            if term in self.server.terms:
                return False
            self.server.terms[term] = Term(term)
            return True

        return self._request(first)

    def terms(self) -> Iterable[Term]:
        return self._request(lambda: sorted(self.server.terms.values(), key=lambda t: -t.number))

    def record(self, term: Term) -> None:
        self._request(lambda: self.server.terms.__setitem__(term.number, term))

    def put(self, place: Place, entry: LedgerEntry) -> None:
        assert place not in self.server.files, "a file is written twice"
        self._request(lambda: self.server.files.__setitem__(place, entry))

    def get(self, places: Sequence[Place]) -> Sequence[LedgerEntry]:
        return self._request(lambda: [self.server.files[place] for place in places])

    def _request(self, do: Callable[[], T]) -> T:
        self.turns.take(self.name)
        fate = self.chooser.random()
        if fate < self.deaths / 2:
            raise KilledError
        answer = do()
        if fate < self.deaths:
            raise KilledError
        if fate < self.deaths + self.losses:
            raise TransientError("no answer")
        return answer


def entry(number: int, nonce: str) -> LedgerEntry:
    return LedgerEntry(number, nonce, "2026-01-01T00:00:00+00:00", "facts", ())


@dataclass
class History:
    """What processes were told."""

    appended: dict[int, str] = field(default_factory=dict)
    confirmed: list[list[str]] = field(default_factory=list)


def append_some(shelf: Process, count: int, history: History) -> Callable[[], None]:
    def process() -> None:
        try:
            for step in range(count):
                try:
                    one_step(LedgerTerms(shelf, lambda _: None), shelf, step, history)
                except StoreError:
                    continue
        except KilledError:
            pass
        finally:
            shelf.turns.leave(shelf.name)

    return process


def confirm_some(shelf: Process, count: int, history: History) -> Callable[[], None]:
    """A process that only looks, and acts on what it makes final."""

    def process() -> None:
        try:
            for _ in range(count):
                ledger = LedgerTerms(shelf, lambda _: None)
                try:
                    known = [one.nonce for one in ledger.entries()]
                    if ledger.confirm():
                        history.confirmed.append(known)
                except StoreError:
                    continue
        except KilledError:
            pass
        finally:
            shelf.turns.leave(shelf.name)

    return process


def one_step(ledger: LedgerTerms, shelf: Process, step: int, history: History) -> None:
    known = list(ledger.entries())
    for part in range(2):
        if shelf.chooser.random() < 0.3 and ledger.confirm():
            history.confirmed.append([one.nonce for one in known])
        number, nonce = len(known) + 1, f"{shelf.name}-{step}-{part}"
        if ledger.append(entry(number, nonce)):
            assert number not in history.appended, "two processes appended the same number"
            history.appended[number] = nonce
            known.append(entry(number, nonce))
        else:
            known = list(ledger.entries())


def check(server: Server, history: History) -> int:
    turns = Turns(0)
    reader = Process("reader", server, turns, random.Random(0))
    found: list[str] = []

    def read() -> None:
        try:
            found.extend(one.nonce for one in LedgerTerms(reader, lambda _: None).entries())
        finally:
            turns.leave("reader")

    turns.run({"reader": read})
    for number, nonce in history.appended.items():
        assert found[number - 1] == nonce, f"entry {number} was lost"
    for prefix in history.confirmed:
        assert found[: len(prefix)] == prefix, "what a process acted on was replaced"
    return len(found)


@pytest.mark.parametrize("seed", [*range(300), 3897, 3997, 4081, 4471, 4900])
def test_no_interleaving_loses_or_replaces_an_entry(seed: int) -> None:
    chooser = random.Random(seed)
    server, history, turns = Server(), History(), Turns(seed)
    deaths, losses = chooser.choice([(0.0, 0.0), (0.02, 0.0), (0.0, 0.05), (0.02, 0.05)])
    names = [f"p{number}" for number in range(chooser.randint(2, 4))]
    shelves = {
        name: Process(name, server, turns, random.Random(f"{seed}{name}"), deaths, losses)
        for name in names
    }
    looking = Process("look", server, turns, random.Random(f"{seed}look"))
    processes = {name: append_some(shelf, 4, history) for name, shelf in shelves.items()}
    turns.run({**processes, "look": confirm_some(looking, 8, history)})
    check(server, history)


def test_a_process_alone_uses_one_term() -> None:
    server, history, turns = Server(), History(), Turns(1)
    shelf = Process("p", server, turns, random.Random(1))

    def process() -> None:
        ledger = LedgerTerms(shelf, lambda _: None)
        assert not ledger.entries()
        for number in range(1, 6):
            assert ledger.append(entry(number, f"n{number}"))
            history.appended[number] = f"n{number}"
        turns.leave("p")

    turns.run({"p": process})
    assert list(server.terms) == [1]
    assert check(server, history) == 5


def test_a_missing_term_is_named() -> None:
    server, turns = Server(), Turns(1)
    server.terms[3] = Term(3, Place(2, 1), 2)
    shelf = Process("p", server, turns, random.Random(1))
    problems: list[str] = []

    def process() -> None:
        with pytest.raises(StateFileError, match="term 1, which wrote entry 2, is missing") as told:
            LedgerTerms(shelf, lambda _: None).entries()
        problems.append(str(told.value))
        turns.leave("p")

    turns.run({"p": process})
    assert problems
