"""One emulated server: its store, clock and settings, and the context that resolvers get."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from janitor.emulator.access import Doorkeeper, RefusedError, User
from janitor.emulator.artifacts.records import number_of_artifact
from janitor.emulator.clock import Clock
from janitor.emulator.fields import RunFields
from janitor.emulator.listing import Page, PageError, RunLists, cut_page, offset_of
from janitor.emulator.settings import Settings, SummaryKeys
from janitor.emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from janitor.emulator.artifacts import Artifact
    from janitor.emulator.records import Project, Run


class Emulation:
    """The state of an emulated server, used from its one thread."""

    def __init__(self, settings: Settings | None = None, clock: Clock | None = None) -> None:
        self.settings = settings or Settings()
        self._first_settings = self.settings.model_dump()
        self.clock = clock or Clock()
        self.clock.offset += self.settings.clock_offset
        self.store = Store()
        self.lists = RunLists()
        self.doorkeeper = Doorkeeper(self.settings)

    def change_settings(self, changes: dict[str, Any]) -> None:
        """Change some settings, all or none; raises pydantic's ValidationError."""
        Settings.model_validate(self.settings.model_dump() | changes)
        before = self.settings.clock_offset
        for name, value in changes.items():
            setattr(self.settings, name, value)
        self.clock.offset += self.settings.clock_offset - before

    def restore_settings(self) -> None:
        """Restore the settings that the server was started with."""
        self.change_settings(self._first_settings)

    def state_of(self, run: Run) -> str:
        """The run's W&B state now."""
        return run.state_at(self.clock.now(), self.settings.crash_after)


@dataclass(slots=True)
class PageFault:
    """What a fault changes about the pages of a request."""

    shift: int = 0
    """Rows by which every page after the first begins later (missing rows) or earlier (repeats)."""
    limit: int | None = None
    """The maximum number of rows of a page."""


@dataclass(slots=True)
class Context:
    """The context of a GraphQL request: the user, the time, and the address of the server."""

    emulation: Emulation
    user: User
    now: datetime
    base_url: str
    page_fault: PageFault = field(default_factory=PageFault)

    @property
    def store(self) -> Store:
        """The server's store."""
        return self.emulation.store

    @property
    def settings(self) -> Settings:
        """The server's settings."""
        return self.emulation.settings

    def project(self, entity: str | None, name: str | None, *, write: bool = False) -> Project:
        """The project of this name; raises RefusedError (403, 404)."""
        owner = entity or self.user.name
        self.emulation.doorkeeper.require(self.user, owner, write=write)
        project = self.store.project(owner, name or "")
        if project is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"project {owner}/{name} not found")
        return project

    def run(self, storage_id: str, *, write: bool = True) -> Run:
        """The run that a storage id names; raises RefusedError (403, 404)."""
        run = self.store.run_by_id(storage_id)
        if run is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"run {storage_id} not found")
        self.emulation.doorkeeper.require(self.user, run.project.entity, write=write)
        return run

    def named_run(self, names: dict[str, Any]) -> Run:
        """The run that a mutation's input names, to be written; raises RefusedError."""
        project = self.project(names.get("entity_name"), names.get("project_name"), write=True)
        run = project.runs.get(names["run_name"])
        if run is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"run {names['run_name']} not found")
        return run

    def artifact(self, storage_id: str, *, write: bool = False) -> Artifact:
        """The artifact of a storage id; raises RefusedError (403, 404)."""
        number = number_of_artifact(storage_id)
        artifact = self.store.artifact(number) if number is not None else None
        if artifact is None or artifact.state == "DELETED":
            raise RefusedError(HTTPStatus.NOT_FOUND, f"artifact {storage_id} not found")
        entity = artifact.collection.project.entity
        self.emulation.doorkeeper.require(self.user, entity, write=write)
        return artifact

    def manifest_record(self, artifact: Artifact, index: int) -> dict[str, Any]:
        """A manifest of an artifact as GraphQL answers it."""
        url = self.signed(f"/artifact-manifests/{artifact.number}/{index}")
        identifier = f"{artifact.id}/{index}"
        file = {"id": identifier, "direct_url": url, "upload_url": url, "upload_headers": []}
        return {"id": identifier, "digest": artifact.digest, "file": file}

    def blob_url(self, project: Project, digest: str) -> str:
        """A signed address to read and write the content of a file of an artifact."""
        owner = f"{quote(project.entity)}/{quote(project.name)}"
        return self.signed(f"/artifact-files/{owner}/{digest}")

    def select_runs(self, project: Project, filters: str | None, order: str | None) -> list[Run]:
        """A project's runs that pass the filter, in order."""
        return self.emulation.lists.select(project, filters, order, self.run_fields())

    def run_fields(self) -> RunFields:
        """The fields that filters and orders may name."""
        settings = self.settings
        nested_only = settings.summary_keys is SummaryKeys.NESTED
        return RunFields(self.now, settings.crash_after, nested_only=nested_only)

    def page_of_runs(self, runs: Sequence[Run], first: int | None, after: str | None) -> Page[Run]:
        """A page of runs, within the server's limit, and with the request's faults.

        Raises PageError.
        """
        limit = self.settings.max_page
        if limit is not None and (first is None or first > limit):
            if first is not None and self.settings.max_page_action == "error":
                raise PageError(f"first must be at most {limit}, not {first}")
            first = limit
        fault = self.page_fault
        if fault.limit is not None:
            first = fault.limit if first is None else min(first, fault.limit)
        start = offset_of(after)
        if start and fault.shift:
            return cut_page(runs, first, None, start=max(0, start + fault.shift))
        return cut_page(runs, first, after)

    def file_url(self, run: Run, name: str) -> str:
        """A signed address to read and write a run's file; it needs no credentials."""
        return self.signed(f"/files/{quote(run.path)}/{quote(name)}")

    def signed(self, path: str) -> str:
        """The address of a path that needs no credentials."""
        return f"{self.base_url}{path}?signature={self.emulation.doorkeeper.signature(path)}"


if TYPE_CHECKING:
    from graphql import GraphQLResolveInfo

    Info = GraphQLResolveInfo[Context]
    """GraphQL's resolve info with the request's context."""
