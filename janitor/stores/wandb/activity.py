"""Leaves out runs that have been silent for long, and proves that no other is left out with them.

W&B is asked for the runs that showed life since a moment. How a server compares times, and what
it makes of a heartbeat that is null, is not known; so with the first page it is also asked how
many runs there are in all, and how many are silent. Where the three counts do not add up, or the
server refuses the filter, the target is read whole.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from janitor.errors import StoreError
from janitor.model import Target

Counter = Callable[[Sequence[Mapping[str, Any]]], Sequence[int]]
_SWEEPS_AT_ONCE = 30
"""Sweeps whose runs are counted in one request, thrice each."""

_log = logging.getLogger("janitor.stores.wandb")


class Activity:
    """Which runs of a target are asked for.

    Args:
        since: Runs without a sign of life since then are left out; None to leave out none.

    """

    def __init__(self, since: datetime | None) -> None:
        self._since = since
        self._read_whole: set[Target] = set()
        self._quiet: dict[Target, int] = {}

    def is_limited(self, target: Target) -> bool:
        """Whether silent runs of this target are left out."""
        return self._since is not None and target not in self._read_whole

    def active(self, target: Target, filters: Mapping[str, Any]) -> dict[str, Any]:
        """The filters, for the runs that are not left out.

        A run without heartbeats is always read: other evidence may speak for it.
        """
        return self._recent(filters) if self.is_limited(target) else dict(filters)

    def _recent(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        if self._since is None:
            raise TypeError("no run is left out")
        recent = {"$gte": self._since.isoformat()}
        signs = [{"heartbeat_at": recent}, {"created_at": recent}, {"heartbeat_at": None}]
        return both(filters, {"$or": signs})

    def silent(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """The filters, for the runs that are left out."""
        if self._since is None:
            raise TypeError("no run is left out")
        earlier = {"$lt": self._since.isoformat()}
        return both(filters, {"heartbeat_at": earlier, "created_at": earlier})

    def find_quiet(self, targets: Sequence[Target], count: Counter) -> None:
        """Find the sweeps of a project without active runs, whose runs need not be requested.

        ``count`` returns the number of runs for each filter. If it fails, no sweep is quiet.
        """
        if self._since is None:
            return
        for start in range(0, len(targets), _SWEEPS_AT_ONCE):
            some = targets[start : start + _SWEEPS_AT_ONCE]
            filters = [{"sweep": target.name} for target in some]
            asked = [f(each) for each in filters for f in (self._recent, self.silent, dict)]
            try:
                found = count(asked)
            except StoreError:
                return  # the scan of each sweep fails with it too, and reports it
            for target, active, silent, total in zip(
                some, found[::3], found[1::3], found[2::3], strict=True
            ):
                if active == 0 and silent == total:
                    self._quiet[target] = total

    def silent_runs_of(self, target: Target) -> int | None:
        """How many runs a sweep has that is known to be quiet; None of any other."""
        return self._quiet.get(target)

    def adds_up(self, target: Target, *, active: int, silent: int, total: int) -> bool:
        """Whether every run is either active or silent; else the target is read whole."""
        if active + silent == total:
            return True
        self.read_whole(
            target,
            f"W&B counts {active} active and {silent} silent of {total} runs, which do not add up",
        )
        return False

    def read_whole(self, target: Target, why: str) -> None:
        """Leave out nothing of this target from now on."""
        self._read_whole.add(target)
        _log.warning("%s is read whole, whatever active_since says: %s", target, why)


def both(filters: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The runs that pass both filters; neither replaces a condition of the other."""
    if filters.keys() & more.keys():
        return {"$and": [dict(filters), dict(more)]}
    return {**filters, **more}
