"""Shards: the sweeps of one pass, divided among several janitors on as many machines.

The limit is W&B's API, not the machine, so shards are for very large organisations. A sweep is
dealt by a hash of its own path alone: whatever else there is, or comes into being between the
starts of two shards, it is in exactly one of them, and never split.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One share of the sweeps.

    Args:
        index: Which, from 1.
        count: Of how many.

    Raises:
        ValueError: there is no such share.

    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise ValueError(f"there is no shard {self.index} of {self.count}")

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def owns(self, path: str) -> bool:
        """Whether the sweep or group at this path (ENTITY/PROJECT/SWEEP) belongs to it."""
        digest = sha256(path.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1
