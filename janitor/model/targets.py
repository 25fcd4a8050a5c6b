"""What a pass scans."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from janitor.errors import TargetError

LOCAL_SCHEMES: Final = ("experiments", "tasks", "file")
"""The kinds of stores on this machine, as people write them before a colon."""


class TargetKind(StrEnum):
    """What a target names."""

    SWEEP = "sweep"
    PROJECT = "project"
    GROUP = "group"
    RUN = "run"
    FILTER = "filter"
    STORE = "store"


EVERY_RUN: Final = "{}"
"""The filter that every run of a project passes, also those in no sweep."""


def is_local(path: str) -> bool:
    """Whether the path of a target or a run leads to a store on this machine."""
    scheme, colon, _ = path.partition(":")
    return bool(colon) and scheme in LOCAL_SCHEMES


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """A store of files on this machine: a folder of experiments or runs, or a file of tasks."""

    scheme: str
    """One of :data:`LOCAL_SCHEMES`."""
    location: str
    """Its absolute path."""

    @property
    def kind(self) -> TargetKind:
        """Always STORE."""
        return TargetKind.STORE

    def __str__(self) -> str:
        return f"{self.scheme}:{self.location}"


@dataclass(frozen=True, slots=True)
class Target:
    """What to scan on W&B: a sweep, every sweep of a project, a group, a run, or by a filter."""

    kind: TargetKind
    entity: str | None
    """None where wandb's default entity is meant."""
    project: str
    name: str = ""
    """The sweep's id, the group's name or the run's id; a filter as JSON text; empty for a
    project."""

    def __str__(self) -> str:
        name = "" if self.kind is TargetKind.FILTER and self.name == EVERY_RUN else self.name
        return "/".join(part for part in (self.entity, self.project, name) if part)


AnyTarget: TypeAlias = Target | LocalTarget
"""What to scan, wherever it is."""


def on_wandb(target: AnyTarget) -> Target:
    """The target, which must be one of W&B.

    Raises:
        TargetError: it is on this machine.

    """
    if isinstance(target, LocalTarget):
        raise TargetError(f"{target} is on this machine, not on W&B")
    return target


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """One sweep, group or local store: what a target was resolved to."""

    target: AnyTarget
    name: str
    """Its display name."""
    state: str | None = None
    """W&B's state of the sweep (RUNNING, FINISHED, …); None for a group."""
    runs_of_project: int | None = None
    """How many runs its project has, in sweeps or not, if the target is the whole project."""

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/SWEEP, or ENTITY/PROJECT/GROUP."""
        return str(self.target)
