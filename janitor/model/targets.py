"""What a pass scans."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LOCAL_SCHEMES: Final = ("experiments", "tasks", "file")
"""The kinds of stores on this machine, as people write them before a colon."""


class TargetKind(StrEnum):
    """What a target names."""

    SWEEP = "sweep"
    PROJECT = "project"
    GROUP = "group"
    STORE = "store"


def is_local(path: str) -> bool:
    """Whether the path of a target or a run leads to a store on this machine."""
    scheme, colon, _ = path.partition(":")
    return bool(colon) and scheme in LOCAL_SCHEMES


@dataclass(frozen=True, slots=True)
class Target:
    """What to scan: a sweep, every sweep of a project, a group of runs, or a store of files."""

    kind: TargetKind
    entity: str | None
    """None for wandb's default entity; for a store its scheme: ``experiments:``."""
    project: str
    """For a store its absolute path, without the first slash."""
    name: str = ""
    """The sweep's id or the group's name; empty for a project and for a store."""

    def __str__(self) -> str:
        return "/".join(part for part in (self.entity, self.project, self.name) if part)


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """One sweep, group or local store: what a target was resolved to."""

    target: Target
    name: str
    """Its display name."""
    state: str | None = None
    """W&B's state of the sweep (RUNNING, FINISHED, …); None for a group."""

    @property
    def path(self) -> str:
        """ENTITY/PROJECT/SWEEP, or ENTITY/PROJECT/GROUP."""
        return str(self.target)
