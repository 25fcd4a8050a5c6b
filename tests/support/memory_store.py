"""An honest store in memory: pages by offset, writes replace the whole summary.

Faults are callables in lists: ``before_read``, ``after_read``, ``before_write`` and so on are each
called in turn with what is being asked for, and may raise, or act as other clients of the server
would. The summaries are kept as text, as a server keeps them: what is read shares nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any

from janitor.errors import NotFoundError, StoreError
from janitor.model import (
    AnyTarget,
    ResolvedTarget,
    RunInfo,
    RunPage,
    Target,
    TargetKind,
    WandbState,
    on_wandb,
)
from janitor.model import summary as summaries
from janitor.model.ports import Store

SWEEP = Target(TargetKind.SWEEP, "acme", "rl", "s1")

OnPath = Callable[[str], object]


@dataclass(slots=True)
class MemoryStore:
    """Runs by path, in the order of their creation."""

    page_size: int = 1000
    write_moves_heartbeat: str | None = None
    """A server that counts our write as a sign of life: what heartbeatAt becomes."""
    before_page: list[Callable[[str | None], object]] = field(default_factory=list)
    before_read: list[OnPath] = field(default_factory=list)
    before_write: list[OnPath] = field(default_factory=list)
    after_write: list[OnPath] = field(default_factory=list)
    change_page: list[Callable[[RunPage], RunPage]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    """The path of each write that was applied."""
    reads: list[tuple[str, ...]] = field(default_factory=list)
    """The paths of each fresh read."""
    refuses_reads: StoreError | None = None
    """Why no run at all can be read again, such as a login that expired."""
    uploads: dict[str, tuple[dict[str, Any], Any]] = field(default_factory=dict)
    last_rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The last row of each run's history, where it is known."""
    unknown: set[AnyTarget] = field(default_factory=set)
    empty: set[AnyTarget] = field(default_factory=lambda: {SWEEP})
    """Targets that exist though no run is in them."""
    _runs: dict[str, RunInfo] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    # -- what the server's other clients do

    def add(self, *runs: RunInfo) -> None:
        for run in runs:
            self._runs[run.path] = run
            self._texts[run.path] = summaries.dump(run.summary)

    def remove(self, path: str) -> None:
        with self._lock:
            del self._runs[path], self._texts[path]

    def run(self, path: str) -> RunInfo:
        try:
            return replace(self._runs[path], summary=self.summary(path))
        except ValueError as error:
            return replace(self._runs[path], summary={}, defect=str(error))

    def summary(self, path: str) -> dict[str, Any]:
        return summaries.parse(self._texts[path])

    def put_text(self, path: str, text: str) -> None:
        """Another writer replaces a run's summary with a text, which may be no JSON."""
        with self._lock:
            self._texts[path] = text

    def change(self, path: str, summary: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """What a run's own process does: log, beat, end."""
        with self._lock:
            if "wandb_state" in fields:
                fields["wandb_state"] = WandbState(fields["wandb_state"])
            self._runs[path] = replace(self._runs[path], **fields)
            if summary is not None:
                self._texts[path] = summaries.dump(summary)

    # -- SweepReader

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        if target in self.unknown or not self._holds(target):
            raise NotFoundError(f"{target.kind} {target} does not exist")
        if target.kind is not TargetKind.PROJECT:
            return (ResolvedTarget(target, on_wandb(target).name),)
        target = on_wandb(target)
        found = [run for run in self._runs.values() if _is_of(run, target)]
        names = dict.fromkeys(run.sweep for run in found if run.sweep)
        return tuple(
            ResolvedTarget(Target(TargetKind.SWEEP, target.entity, target.project, name), name)
            for name in names
        )

    def _holds(self, target: AnyTarget) -> bool:
        return target in self.empty or any(_is_of(run, target) for run in self._runs.values())

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        with self._lock:
            for hook in self.before_page:
                hook(after)
            start = int(after or 0)
            runs = [self.run(path) for path, run in self._runs.items() if _is_of(run, target)]
            end = start + self.page_size
            more = str(end) if end < len(runs) else None
            page = RunPage(tuple(runs[start:end]), len(runs), more)
            for change in self.change_page:
                page = change(page)
            return page

    # -- SummaryReader, LastWordReader, SummaryWriter

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        with self._lock:
            self.reads.append(tuple(paths))
            if self.refuses_reads is not None:
                raise self.refuses_reads
            return {path: self._fetch(path) for path in paths}

    def _fetch(self, path: str) -> RunInfo | StoreError:
        try:
            for hook in self.before_read:
                hook(path)
        except StoreError as error:
            return error
        if path not in self._runs:
            return NotFoundError(f"run {path} does not exist")
        return self.run(path)

    def fetch_uploaded_summary(self, path: str) -> tuple[Mapping[str, Any], Any] | None:
        return self.uploads.get(path)

    def fetch_last_row(self, path: str) -> Mapping[str, Any] | None:
        return self.last_rows.get(path)

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        with self._lock:
            for hook in self.before_write:
                hook(run.path)
            if run.path not in self._runs:
                raise NotFoundError(f"run {run.path} does not exist")
            self.writes.append(run.path)
            self._texts[run.path] = summaries.dump(summary)
            if self.write_moves_heartbeat is not None:
                self.change(run.path, heartbeat_at=self.write_moves_heartbeat)
            for hook in self.after_write:
                hook(run.path)


def once(action: Callable[..., object]) -> Callable[..., None]:
    """The action, the first time only."""
    left = [action]

    def act(*given: Any) -> None:
        if left:
            left.pop()(*given)

    return act


def failing(error: StoreError, times: int = 1) -> OnPath:
    """Raise the error so many times."""
    left = [error] * times

    def fail(_: str) -> None:
        if left:
            raise left.pop()

    return fail


def _is_of(run: RunInfo, target: AnyTarget) -> bool:
    target = on_wandb(target)
    if (run.entity, run.project) != (target.entity, target.project):
        return False
    if target.kind is TargetKind.PROJECT:
        return True
    return target.name == (run.group if target.kind is TargetKind.GROUP else run.sweep)


_conforms: Callable[[], Store] = MemoryStore
"""For the type checker: it serves all of a pass."""
