"""Settled runs: what a pass remembers of the runs that it need not read again.

A run is settled if W&B says that it ended, its own state is terminal (or it has none), and no rule
has anything to say about it. Each is remembered as 13 bytes: a hash of its id, the time of its last
sign of life, and its state. So a million runs take 13 MB, in parts of a few thousand runs each.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from math import floor
from typing import Final

from janitor.errors import StateFileError
from janitor.model import Clean, SweepRunState, Untracked
from janitor.model.evidence import parse_time
from janitor.rules import Judgement

UNTRACKED: Final = "untracked"
_WORDS: Final = (UNTRACKED, *SweepRunState)
"""A state as a byte is its place here. States are only ever added, at the end."""
_CODES: Final = {word: code for code, word in enumerate(_WORDS)}
_AHEAD: Final = timedelta(minutes=1)
_LATEST: Final = 2**32 - 1


def hashed(run_id: str) -> int:
    """The hash by which a run is remembered, 64 bits."""
    digest = blake2b(run_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


@dataclass(slots=True)
class Settled:
    """Settled runs. The three arrays are parallel, and in the order of the hashes when packed."""

    hashes: array[int] = field(default_factory=lambda: array("Q"))
    signs: array[int] = field(default_factory=lambda: array("I"))
    """The last sign of life or the creation, whichever is later: seconds since 1970, rounded
    down."""
    states: array[int] = field(default_factory=lambda: array("B"))

    def add(self, hash_: int, sign: int, state: int) -> None:
        """Add a run that is not in it."""
        self.hashes.append(hash_)
        self.signs.append(sign)
        self.states.append(state)

    def rows(self) -> Iterator[tuple[int, int, int]]:
        """Each run's hash, sign and state."""
        return zip(self.hashes, self.signs, self.states, strict=True)

    def count(self, since: int | None = None) -> Counter[str]:
        """The runs by state; with a sign of life since then, if a moment is given."""
        if since is None:
            codes = Counter(self.states)
        else:
            pairs = zip(self.signs, self.states, strict=True)
            codes = Counter(state for sign, state in pairs if sign >= since)
        return Counter({str(_WORDS[code]): count for code, count in codes.items()})

    def without(self, hashes: set[int]) -> Settled:
        """The runs with other hashes."""
        if hashes.isdisjoint(self.hashes):
            return self
        return Settled.of(row for row in self.rows() if row[0] not in hashes)

    def packed(self) -> bytes:
        """As bytes, the smallest hash first."""
        ordered = Settled.of(sorted(self.rows()))
        return b"".join(part.tobytes() for part in (ordered.hashes, ordered.signs, ordered.states))

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> Settled:
        """The runs of these rows."""
        made = cls()
        for row in rows:
            made.add(*row)
        return made

    @classmethod
    def unpacked(cls, data: bytes) -> Settled:
        """The runs of :meth:`packed`.

        Raises:
            StateFileError: the bytes are not those.

        """
        count, rest = divmod(len(data), _ROW)
        made = cls()
        if rest:
            raise StateFileError(f"{len(data)} bytes are not rows of {_ROW} bytes")
        made.hashes.frombytes(data[: 8 * count])
        made.signs.frombytes(data[8 * count : 12 * count])
        made.states.frombytes(data[12 * count :])
        if count and max(made.states) >= len(_WORDS):
            raise StateFileError("a state is not known")
        return made


_ROW: Final = 13


@dataclass(slots=True)
class Learned:
    """What a scan of one target found: the settled runs, and the ids of all others."""

    settled: Settled = field(default_factory=Settled)
    others: set[str] = field(default_factory=set)

    def add(self, judgement: Judgement, now: datetime) -> None:
        """Add a run that is not in it."""
        row = settled_row(judgement, now)
        if row is None:
            self.others.add(judgement.run.id)
        else:
            self.settled.add(hashed(judgement.run.id), *row)


def settled_row(judgement: Judgement, now: datetime) -> tuple[int, int] | None:
    """The last sign and the state of a settled run; None of any other."""
    run, verdict, reading = judgement.run, judgement.verdict, judgement.reading
    if not run.wandb_state.has_ended or run.defect is not None:
        return None
    if run.trial is not None and run.trial.is_open:
        return None
    if isinstance(verdict, Untracked):
        state: str = UNTRACKED
    elif isinstance(verdict, Clean) and reading is not None and not reading.state.is_open:
        state = reading.state
    else:
        return None
    signs = parse_time(run.created_at), parse_time(run.heartbeat_at)
    if signs[0] is None or signs[1] is None or max(signs[0], signs[1]) > now + _AHEAD:
        return None
    sign = floor(max(signs[0], signs[1]).timestamp())
    return (sign, _CODES[state]) if 0 <= sign <= _LATEST else None
