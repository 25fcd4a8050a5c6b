"""Names and random numbers of trials, from hashes. Pure: nothing depends on order or time."""

from __future__ import annotations

import hashlib
from typing import Final

_BITS: Final = 64


def run_id(sweep: str, index: int, repeat: int = 0) -> str:
    """The run of a trial: ``NAME-0007``; of a further repeat ``NAME-0007-r1``."""
    return f"{sweep}-{index:04d}{f'-r{repeat}' if repeat else ''}"


def seed_of(sweep: str, index: int, repeat: int, purpose: str) -> int:
    """A seed of 32 bits, which fits where frameworks take one."""
    return _hash(sweep, index, repeat, purpose) >> 32


class Numbers:
    """Uniform random numbers in [0, 1): a hash chain, the same on every machine.

    Args:
        key: What the chain is for. Another key gives independent numbers.

    """

    def __init__(self, *key: object) -> None:
        self._key = key
        self._count = 0

    def next(self) -> float:
        """The next number; 53 bits, as many as a float holds."""
        self._count += 1
        return (_hash(*self._key, self._count) >> (_BITS - 53)) / 2**53


def _hash(*key: object) -> int:
    text = "\x1f".join(map(str, key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[: _BITS // 8], "big")
