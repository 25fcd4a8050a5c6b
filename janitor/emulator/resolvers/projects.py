"""Projects, and their lists of runs and sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ariadne import MutationType, ObjectType, QueryType

from janitor.emulator.clock import format_time
from janitor.emulator.fields import sweep_field
from janitor.emulator.filters import compile_filter, parse_filter
from janitor.emulator.listing import Page, cut_page
from janitor.emulator.resolvers.people import entity_record, user_record

if TYPE_CHECKING:
    from janitor.emulator.emulation import Info
    from janitor.emulator.records import Project, Run, Sweep

query = QueryType()
mutation = MutationType()
project_type = ObjectType("Project")


@query.field("project")
@query.field("model")
def resolve_project(
    _: object,
    info: Info,
    name: str | None = None,
    entity_name: str | None = None,
) -> Project | None:
    """A project, or null."""
    context = info.context
    entity = entity_name or context.user.name
    context.emulation.doorkeeper.require(context.user, entity)
    return context.store.project(entity, name or "uncategorized")


@query.field("models")
def resolve_projects(
    _: object,
    info: Info,
    entity_name: str | None = None,
    first: int | None = None,
    after: str | None = None,
    order: str | None = None,  # noqa: ARG001 - accepted, and the order is that of creation
) -> Page[Project]:
    """The projects of an entity, the viewer's own by default."""
    context = info.context
    entity = entity_name or context.user.name
    context.emulation.doorkeeper.require(context.user, entity)
    projects = [project for project in context.store.projects() if project.entity == entity]
    return cut_page(projects, first, after)


@mutation.field("upsertModel")
def resolve_upsert_model(_: object, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Create a project, if there is none of this name."""
    context = info.context
    entity = input.get("entity_name") or context.user.name
    name = input.get("name") or "uncategorized"
    context.emulation.doorkeeper.require(context.user, entity, write=True)
    inserted = context.store.project(entity, name) is None
    project = context.store.ensure_project(entity, name, context.now)
    return {"project": project, "model": project, "inserted": inserted}


@project_type.field("runs")
def resolve_runs(
    project: Project,
    info: Info,
    filters: str | None = None,
    order: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> Page[Run]:
    """A page of the project's runs."""
    context = info.context
    return context.page_of_runs(context.select_runs(project, filters, order), first, after)


@project_type.field("runCount")
def resolve_run_count(project: Project, info: Info, filters: str | None = None) -> int:
    """How many of the project's runs pass the filter."""
    return len(info.context.select_runs(project, filters, None))


@project_type.field("run")
def resolve_run(project: Project, _info: Info, name: str) -> Run | None:
    """A run, or null."""
    return project.runs.get(name)


@project_type.field("bucket")
def resolve_bucket(
    project: Project,
    _info: Info,
    name: str,
    missing_ok: bool | None = None,  # noqa: ARG001, FBT001 - it is always so
) -> Run | None:
    """A run, or null. An SDK asks with this older name of ``run`` before it resumes the run."""
    run = project.runs.get(name)
    if run is not None:
        run.is_resuming = True
    return run


@project_type.field("sweep")
def resolve_sweep(
    project: Project,
    _info: Info,
    sweep_name: str,
) -> Sweep | None:
    """A sweep, or null."""
    return project.sweeps.get(sweep_name)


@project_type.field("sweeps")
def resolve_sweeps(
    project: Project,
    _info: Info,
    first: int | None = None,
    after: str | None = None,
    filters: str | None = None,
) -> Page[Sweep]:
    """A page of the project's sweeps, the newest first."""
    passes = compile_filter(parse_filter(filters), sweep_field)
    sweeps = sorted(project.sweeps.values(), key=lambda sweep: sweep.created_at, reverse=True)
    return cut_page([sweep for sweep in sweeps if passes(sweep)], first, after)


for name, read in {
    "internalId": lambda project: project.number,
    "entityName": lambda project: project.entity,
    "entity": lambda project: entity_record(project.entity),
    "views": lambda _project: "{}",
    "createdAt": lambda project: format_time(project.created_at),
    "isBenchmark": lambda _project: False,
    "readOnly": lambda _project: False,
    "user": lambda project: user_record(project.entity),
    "totalSweeps": lambda project: len(project.sweeps),
}.items():
    project_type.set_field(name, lambda project, _info, read=read: read(project))

_connections = [
    ObjectType(f"{kind}Connection") for kind in ("Project", "Run", "Sweep", "Agent", "File")
]
for connection in _connections:
    connection.set_field("pageInfo", lambda page, _info: page)

BINDABLES = (query, mutation, project_type, *_connections)
