"""The index of known runs: an SQLite file next to the journals.

A cache. It may be deleted at any time, and nothing in it is believed against the server: a pass
compares its counts with the server's, and reads everything if they differ. Each entry belongs to
one target of one server under one policy, and is checked by digests when it is read.

The settled runs of a target are kept in buckets by their hashes, so that a pass that learns of a
few runs rewrites a few kilobytes.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from threading import RLock
from typing import Any, Final

from janitor.errors import StateFileError
from janitor.pipeline.settled import Learned, Settled

FILE_NAME: Final = "known-runs.sqlite3"
VERSION: Final = 1
_BUCKET: Final = 4096
"""Runs of a bucket, on average, when a target is written as a whole."""
_WAIT: Final = 5.0
"""Seconds to wait for another process that writes."""
_TABLES: Final = """
CREATE TABLE target (key TEXT PRIMARY KEY, entry TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE bucket (
    key TEXT NOT NULL, number INTEGER NOT NULL, runs BLOB NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (key, number)
);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one target."""

    policy: str
    """The digest of the policy, and of what else a judgement depends on."""
    watermark: float
    """The server's time before the pass that last read the target: seconds since 1970."""
    full_at: float
    """The same of the pass that last read every run of it."""
    settled: int
    """How many settled runs there are."""
    others: tuple[str, ...]
    """The ids of all other runs."""
    bits: int = 0
    """How many bits of a hash are the number of its bucket."""
    generation: int = 0
    """Counts the changes of this entry."""


class RunIndex:
    """The index of one folder. Safe from many threads, and from several processes.

    Args:
        path: The file.
        read_only: Whether nothing may be changed. A file that does not exist is empty; the first
            change makes it.

    Raises:
        StateFileError: the file is of a later version, or cannot be opened.

    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._lock = RLock()
        self._is_closed = False
        self._database = self._opened()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database, self._is_closed = None, True

    def entry(self, key: str) -> Entry | None:
        """What is known of a target; None if that is nothing.

        Raises:
            StateFileError: the entry is damaged.

        """
        rows = self._read("SELECT entry, digest FROM target WHERE key = ?", key)
        for text, digest in rows:
            if digest != _digest(key, text):
                raise StateFileError(f"{self.path}: the entry of {key} is damaged")
            try:
                found = json.loads(text)
                return Entry(**found | {"others": tuple(found["others"])})
            except (TypeError, ValueError, KeyError) as error:
                raise StateFileError(f"{self.path}: the entry of {key} is malformed") from error
        return None

    def buckets(self, key: str) -> Iterator[tuple[int, Settled]]:
        """The settled runs of a target, bucket by bucket.

        Raises:
            StateFileError: a bucket is damaged.

        """
        for (number,) in self._read("SELECT number FROM bucket WHERE key = ?", key):
            yield number, self._bucket(key, number)

    def write(self, key: str, entry: Entry, learned: Learned) -> None:
        """Put what a scan of all runs found in the place of what was known.

        Raises:
            StateFileError: the file cannot be written.

        """
        settled = learned.settled
        bits = max(0, (len(settled.hashes) // _BUCKET).bit_length())
        order = sorted(range(len(settled.hashes)), key=settled.hashes.__getitem__)
        with self._changing() as database:
            _delete(database, key)
            for number, places in groupby(order, lambda i: _number(settled.hashes[i], bits)):
                rows = ((settled.hashes[i], settled.signs[i], settled.states[i]) for i in places)
                _put(database, key, number, Settled.of(rows))
            _put_entry(database, key, replace(entry, settled=len(order), bits=bits))

    def update(
        self, key: str, known: Entry, entry: Entry, read: set[int], learned: Settled
    ) -> None:
        """Replace what was known of the runs that were read.

        Nothing is changed if another process changed the entry meanwhile: what it knows holds.

        Args:
            key: The target.
            known: The entry on which the scan was based.
            entry: The entry from now on; bits and generation follow from the known one.
            read: The hashes of all runs that were read.
            learned: Those of them that are settled.

        Raises:
            StateFileError: the file cannot be written, or is damaged.

        """
        added: dict[int, list[tuple[int, int, int]]] = {}
        for row in learned.rows():
            added.setdefault(_number(row[0], known.bits), []).append(row)
        touched: dict[int, set[int]] = {number: set() for number in added}
        for hash_ in read:
            touched.setdefault(_number(hash_, known.bits), set()).add(hash_)
        with self._changing() as database:
            now = self.entry(key)
            if now is None or now.generation != known.generation or now.full_at != known.full_at:
                return
            settled = known.settled
            for number, gone in touched.items():
                before = self._bucket(key, number)
                rows = [*before.without(gone).rows(), *added.get(number, ())]
                settled += len(rows) - len(before.hashes)
                _put(database, key, number, Settled.of(rows))
            generation = known.generation + 1
            changed = replace(entry, settled=settled, bits=known.bits, generation=generation)
            _put_entry(database, key, changed)

    def forget(self, key: str) -> None:
        """Remove a target."""
        with self._changing() as database:
            _delete(database, key)

    def _bucket(self, key: str, number: int) -> Settled:
        query = "SELECT runs, digest FROM bucket WHERE key = ? AND number = ?"
        for data, digest in self._read(query, key, number):
            if digest != _digest(f"{key}\n{number}", data):
                raise StateFileError(f"{self.path}: a part of what is known of {key} is damaged")
            return Settled.unpacked(data)
        return Settled()

    def _read(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        with self._lock, _as_state_file(self.path):
            return (
                [] if self._database is None else self._database.execute(query, values).fetchall()
            )

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of its changes, or none of them."""
        if self._is_closed or self.read_only:
            raise StateFileError(f"{self.path} is not open for writing")
        with self._lock, _as_state_file(self.path):
            if self._database is None:
                _make(self.path)
                self._database = self._connected()
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise

    def _opened(self) -> sqlite3.Connection | None:
        if self.path.is_symlink():
            raise StateFileError(f"{self.path} is a symbolic link, so it is not used")
        if not self.path.exists():
            return None  # the first change makes it
        try:
            return self._connected()
        except StateFileError as error:
            if self.read_only or isinstance(error, _LaterVersionError):
                raise
        for suffix in ("", "-journal"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        _make(self.path)
        return self._connected()

    def _connected(self) -> sqlite3.Connection:
        """The open file. A new one gets its tables, and so does one of an earlier version."""
        mode = "ro" if self.read_only else "rw"
        with _as_state_file(self.path):
            database = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_WAIT,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._check_version(database)
            except BaseException:
                database.close()
                raise
            return database

    def _check_version(self, database: sqlite3.Connection) -> None:
        with closing(database.execute("PRAGMA user_version")) as found:
            version = int(found.fetchone()[0])
        if version > VERSION:
            raise _LaterVersionError(f"{self.path} is of a later version of the janitor")
        if version == VERSION:
            database.execute("SELECT count(*) FROM target").fetchone()
        elif self.read_only or database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StateFileError(f"{self.path} is not an index of known runs")
        else:
            database.executescript(f"{_TABLES} PRAGMA user_version = {VERSION};")


class _LaterVersionError(StateFileError):
    """The file is of a later version: it is left as it is."""


def _make(path: Path) -> None:
    """Make an empty file that only the user can read."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise StateFileError(f"{path} cannot be made: {error.strerror}") from error


@contextmanager
def _as_state_file(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StateFileError(f"{path} cannot be used: {error}") from error


def _number(hash_: int, bits: int) -> int:
    return hash_ >> (64 - bits)


def _digest(place: str, data: str | bytes) -> str:
    content = data.encode() if isinstance(data, str) else data
    return sha256(place.encode("utf-8", "surrogatepass") + b"\0" + content).hexdigest()


def _put(database: sqlite3.Connection, key: str, number: int, settled: Settled) -> None:
    data = settled.packed()
    values = (key, number, data, _digest(f"{key}\n{number}", data))
    database.execute("INSERT OR REPLACE INTO bucket VALUES (?, ?, ?, ?)", values)


def _put_entry(database: sqlite3.Connection, key: str, entry: Entry) -> None:
    text = json.dumps(asdict(entry))
    values = (key, text, _digest(key, text))
    database.execute("INSERT OR REPLACE INTO target VALUES (?, ?, ?)", values)


def _delete(database: sqlite3.Connection, key: str) -> None:
    for table in ("bucket", "target"):
        database.execute(f"DELETE FROM {table} WHERE key = ?", (key,))  # noqa: S608 - both names are given here
