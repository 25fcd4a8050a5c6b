"""What each field of the schema answers, one file a concern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from janitor.emulator.resolvers import (
    files,
    history,
    people,
    projects,
    run_writes,
    runs,
    sweep_writes,
    sweeps,
)

if TYPE_CHECKING:
    from ariadne import ObjectType

BINDABLES: tuple[ObjectType, ...] = (
    *people.BINDABLES,
    *projects.BINDABLES,
    *runs.BINDABLES,
    *history.BINDABLES,
    *files.BINDABLES,
    *sweeps.BINDABLES,
    *run_writes.BINDABLES,
    *sweep_writes.BINDABLES,
)
