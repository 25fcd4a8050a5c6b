"""The resolvers of the schema's fields, one file per concern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from janitor.emulator.resolvers import (
    agents,
    artifact_collections,
    artifact_writes,
    artifacts,
    branches,
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
    from ariadne import SchemaBindable

BINDABLES: tuple[SchemaBindable, ...] = (
    *people.BINDABLES,
    *projects.BINDABLES,
    *runs.BINDABLES,
    *history.BINDABLES,
    *files.BINDABLES,
    *sweeps.BINDABLES,
    *run_writes.BINDABLES,
    *sweep_writes.BINDABLES,
    *branches.BINDABLES,
    *agents.BINDABLES,
    *artifact_collections.BINDABLES,
    *artifacts.BINDABLES,
    *artifact_writes.BINDABLES,
)
