"""Lists in pages: selecting, ordering and cutting runs; cursors are offsets, as in W&B."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from janitor.emulator.filters import compile_filter, only_sweep, parse_filter
from janitor.emulator.records import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from janitor.emulator.fields import RunFields
    from janitor.emulator.records import Project, Run

Item = TypeVar("Item")
DEFAULT_ORDER = "+created_at"
_KEPT = 16
_FAR = datetime.max.replace(tzinfo=UTC)


class PageError(ValueError):
    """The server does not answer a page of this size or cursor."""


def cursor_at(offset: int) -> str:
    """The cursor after ``offset`` items."""
    return base64.b64encode(f"offset:{offset}".encode()).decode()


def offset_of(cursor: str | None) -> int:
    """The offset of a cursor; raises PageError."""
    if not cursor:
        return 0
    try:
        name, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        offset = int(number)
    except ValueError as error:
        raise PageError(f"invalid cursor {cursor!r}") from error
    if name != "offset" or offset < 0:
        raise PageError(f"invalid cursor {cursor!r}")
    return offset


@dataclass(slots=True)
class Edge(Generic[Item]):
    """An item of a page and its cursor."""

    node: Item
    cursor: str


@dataclass(slots=True)
class Page(Generic[Item]):
    """A part of a list, as GraphQL answers it."""

    edges: list[Edge[Item]]
    end_cursor: str | None
    has_next_page: bool
    total: int


def cut_page(
    items: Sequence[Item], first: int | None, after: str | None, *, start: int | None = None
) -> Page[Item]:
    """The page of ``first`` items (all, if None) after a cursor, or from ``start`` on.

    Raises PageError.
    """
    if first is not None and first < 0:
        raise PageError(f"first must not be negative: {first}")
    start = offset_of(after) if start is None else start
    end = len(items) if first is None else start + first
    edges = [
        Edge(item, cursor_at(offset))
        for offset, item in enumerate(items[start:end], start=start + 1)
    ]
    last = edges[-1].cursor if edges else None
    return Page(edges, last, has_next_page=end < len(items), total=len(items))


@dataclass(slots=True)
class _Answer:
    revision: int
    runs: list[Run]
    first: datetime
    last: datetime
    """The answer is valid from the first to the last of these moments."""


class RunLists:
    """Selects and orders a project's runs, and keeps the latest answers while they are valid."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str, str, bool, float], _Answer] = {}

    def select(
        self, project: Project, filters: str | None, order: str | None, fields: RunFields
    ) -> list[Run]:
        """The runs that pass the filter, in order.

        Raises FilterError, UnknownFieldError.
        """
        wanted = order or DEFAULT_ORDER
        key = (project.number, filters or "", wanted, fields.nested_only, fields.crash_after)
        kept = self._kept.get(key)
        holds = kept is not None and kept.first <= fields.now <= kept.last
        if kept is not None and holds and kept.revision == project.revision:
            return kept.runs
        runs = _ordered(_matching(project, filters, fields), wanted, fields)
        last = _next_crash(project, fields) if fields.depends_on_time else _FAR
        self._kept.pop(key, None)
        self._kept[key] = _Answer(project.revision, runs, fields.now, last)
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return runs


def _next_crash(project: Project, fields: RunFields) -> datetime:
    """When the next of the project's runs will count as crashed, if it stays silent."""
    ends = (run.silent_at(fields.crash_after) for run in project.runs.values())
    return min((end for end in ends if end is not None and end >= fields.now), default=_FAR)


def _matching(project: Project, filters: str | None, fields: RunFields) -> list[Run]:
    sweep_name, rest = only_sweep(parse_filter(filters))
    if sweep_name is None:
        runs = list(project.runs.values())
    else:
        sweep = project.sweeps.get(sweep_name)
        runs = list(sweep.runs.values()) if sweep else []
    if not rest:
        return runs
    passes = compile_filter(rest, fields.getter)
    return [run for run in runs if passes(run)]


def _ordered(runs: list[Run], order: str, fields: RunFields) -> list[Run]:
    """Sort by the fields of ``order``, ties by age; runs without a value come last."""
    runs.sort(key=lambda run: run.number)
    for part in reversed(order.split(",")):
        descending = part.startswith("-")
        read = fields.getter(part.strip().lstrip("+-"))
        values = [(run, read(run)) for run in runs]
        present = [pair for pair in values if _is_sortable(pair[1])]
        absent = [run for run, value in values if not _is_sortable(value)]
        present.sort(key=_sort_key, reverse=descending)
        runs = [run for run, _ in present] + absent
    return runs


def _is_sortable(value: Any) -> bool:
    return value is not MISSING and value is not None and not isinstance(value, dict | list)


def _sort_key(pair: tuple[Run, Any]) -> tuple[str, Any]:
    value = pair[1]
    kind = "number" if isinstance(value, int | float) else type(value).__name__
    return kind, value
