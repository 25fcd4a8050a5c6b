"""Shards: the sweeps of one pass, divided among several janitors on different machines.

The limit is W&B's API, not the machine, so shards are for very large organisations. The shard of a
sweep depends only on a hash of the sweep's path. A sweep is therefore in exactly one shard and is
never split, even if other sweeps are created between the starts of two shards.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One share of the sweeps.

    Args:
        index: The number of this shard, from 1.
        count: The number of shards.

    Raises:
        ValueError: the index is not between 1 and the count.

    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise ValueError(f"shard {self.index} of {self.count} does not exist")

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def owns(self, path: str) -> bool:
        """Whether the sweep or group at this path (ENTITY/PROJECT/SWEEP) belongs to it."""
        digest = sha256(path.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1
