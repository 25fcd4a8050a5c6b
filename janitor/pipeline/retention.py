"""How long journals are kept: by age and by size, and never less than they are needed."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import Final

from janitor.errors import JournalError
from janitor.model import Liveness
from janitor.records.journal import JournalRecord, journals, read_journal
from janitor.runtime.log import Logger

_LONGEST_PASS: Final = timedelta(days=1)
"""A pass that has not written its journal for longer is not running any more."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Which journals stay in their folder when a pass makes a new one."""

    max_age: timedelta = timedelta(days=30)
    """Since the last record was written."""
    max_bytes: int = 500_000_000
    """Of all earlier journals in the folder together; the oldest go first."""


@dataclass(frozen=True, slots=True)
class _Surplus:
    """A journal beyond one of the limits."""

    path: Path
    age: timedelta
    is_too_old: bool


def drop_old_journals(folder: Path, ours: Path, retention: Retention) -> None:
    """Remove the journals that are too old or too large together; never ``ours``.

    A journal stays whatever its age if its pass may still be running, or if it holds a write that
    is not known to have arrived and that no later pass has settled. One that cannot be read stays
    until it is too old. Only journals that would go are read, so that the cost does not grow with
    the folder. All ages are those of the file system, measured from our own new file: a server
    with a wrong clock must not cost the journals.
    """
    log = Logger("janitor.journal")
    surplus = tuple(_surplus(folder, ours, retention))
    for path in [one.path for one in surplus if not _must_stay(one, folder)]:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            message = f"cannot remove the old journal {path}: {error.strerror}"
            log.warning(message)


def _surplus(folder: Path, ours: Path, retention: Retention) -> Iterator[_Surplus]:
    """The journals beyond the limits, the latest first."""
    now, total = ours.stat().st_mtime, 0
    for path in reversed(journals(folder)):
        try:
            found = path.lstat()
        except FileNotFoundError:  # another pass removed it
            continue
        if path == ours or not stat.S_ISREG(found.st_mode):
            continue
        total += found.st_size
        age = timedelta(seconds=now - found.st_mtime)
        is_too_old = age > retention.max_age
        if is_too_old or total > retention.max_bytes:
            yield _Surplus(path, age, is_too_old)


def _must_stay(found: _Surplus, folder: Path) -> bool:
    record = _read(found.path)
    if record is None:
        return not found.is_too_old
    if found.age < _LONGEST_PASS and record.liveness is not Liveness.DEAD:
        return True
    unsettled = {write.run for write in record.writes if not write.is_settled}
    return bool(unsettled) and bool(unsettled - _settled_since(record, journals(folder)))


def _settled_since(record: JournalRecord, paths: Sequence[Path]) -> set[str]:
    """The runs that this or a later journal says are settled."""
    later = takewhile(lambda path: path != record.path, reversed(paths))
    settled = set(record.looked_after)
    for one in map(_read, later):
        settled.update(() if one is None else one.looked_after)
    return settled


def _read(path: Path) -> JournalRecord | None:
    try:
        return read_journal(path, found=True)
    except JournalError:
        return None
