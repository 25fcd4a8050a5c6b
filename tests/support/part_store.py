"""A store in memory that filters runs as W&B's server does; faults as in the memory store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from janitor.model import AnyTarget, RunInfo, RunPage
from janitor.model.evidence import parse_time
from janitor.model.parts import Changed, Created, LeftOut, Named, Part, Unchanged, Whole
from tests.support.memory_store import MemoryStore, _is_of

ENDED = {"finished", "failed", "crashed", "killed", "preempted"}


def _is_before(raw: object, moment: datetime) -> bool:
    time = parse_time(raw)
    return time is not None and time < moment


def is_in(run: RunInfo, part: Part, active_since: datetime | None) -> bool:
    """Whether a run is in a part; written apart from the filters of the store of W&B."""
    is_left_out = (
        active_since is not None
        and _is_before(run.heartbeat_at, active_since)
        and _is_before(run.created_at, active_since)
    )
    match part:
        case Whole():
            return True
        case LeftOut():
            return is_left_out
    if is_left_out:
        return False
    match part:
        case Changed(since) | Unchanged(since):
            still = (
                run.wandb_state in ENDED
                and _is_before(run.heartbeat_at, since)
                and _is_before(run.created_at, since)
            )
            return still is isinstance(part, Unchanged)
        case Named(ids):
            return run.id in ids
        case Created(start, end):
            at = parse_time(run.created_at)
            is_late = start is None or (at is not None and at >= start)
            return is_late and (end is None or (at is not None and at < end))
    raise AssertionError(part)


@dataclass(slots=True)
class PartStore(MemoryStore):
    """The runs of a target, and parts of them."""

    active_since: datetime | None = None
    asked: list[Part] = field(default_factory=list)
    """The parts of which a page was fetched."""
    counted: int = 0
    """How often parts were counted."""
    change_counts: list[Callable[[list[int]], list[int]]] = field(default_factory=list)
    before_part: list[Callable[[Part], object]] = field(default_factory=list)

    def paths(self, wandb_state: str | None = None) -> list[str]:
        """The paths of all runs, or of those in this state of W&B; sorted."""
        found = self._runs.items()
        return sorted(p for p, run in found if wandb_state in {None, run.wandb_state})

    def fetch_part(self, target: AnyTarget, part: Part, after: str | None = None) -> RunPage:
        with self._lock:
            for hook in self.before_part:
                hook(part)
            self.asked.append(part)
            start, found = int(after or 0), self._of(target, part)
            end = start + self.page_size
            more = str(end) if end < len(found) else None
            return RunPage(tuple(found[start:end]), len(found), more)

    def count_parts(self, target: AnyTarget, parts: Sequence[Part]) -> Sequence[int]:
        with self._lock:
            self.counted += 1
            counts = [len(self._of(target, part)) for part in parts]
            for change in self.change_counts:
                counts = change(counts)
            return counts

    def _of(self, target: AnyTarget, part: Part) -> list[RunInfo]:
        return [
            self.run(path)
            for path, run in self._runs.items()
            if _is_of(run, target) and is_in(run, part, self.active_since)
        ]
