"""The emulator's memory: every project, sweep, agent and run, found by name and by storage id."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from janitor.emulator.records import Agent, Project, Run, Sweep, run_path_of_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_name() -> str:
    """A name of eight letters and digits, as W&B gives to runs and sweeps."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


class Store:
    """All that the server knows.

    Used from one thread, the server's. Whoever changes a run or a sweep says so with
    ``changed``: kept answers are dropped, and the change reaches the state file, if there is one.
    """

    def __init__(self) -> None:
        self._projects: dict[tuple[str, str], Project] = {}
        self._agents: dict[str, Agent] = {}
        self._numbers = 0
        self.dirty: set[Run | Sweep | Project | Agent] = set()
        self.deleted: list[Run] = []
        self.wiped = False
        """Whether everything was forgotten before those changes."""
        self.records_changes = False
        """Whether changes are to be noted, for a state file."""

    def clear(self) -> None:
        """Forget everything."""
        self._projects.clear()
        self._agents.clear()
        self.dirty.clear()
        self.deleted.clear()
        self.wiped = True

    def projects(self) -> Iterator[Project]:
        """Every project, in the order of creation."""
        return iter(self._projects.values())

    def project(self, entity: str, name: str) -> Project | None:
        """A project, or None."""
        return self._projects.get((entity, name))

    def run(self, path: str) -> Run | None:
        """The run at ``entity/project/run``, or None."""
        entity, _, rest = path.partition("/")
        project_name, _, name = rest.partition("/")
        project = self.project(entity, project_name)
        return project.runs.get(name) if project else None

    def run_by_id(self, storage_id: str) -> Run | None:
        """The run that a storage id names, or None."""
        path = run_path_of_id(storage_id)
        return self.run(path) if path else None

    def sweep_by_id(self, storage_id: str) -> Sweep | None:
        """The sweep that a storage id names, or None."""
        for project in self.projects():
            for sweep in project.sweeps.values():
                if sweep.id == storage_id:
                    return sweep
        return None

    def agent_by_id(self, storage_id: str) -> Agent | None:
        """The agent that a storage id names, or None."""
        return self._agents.get(storage_id)

    def ensure_project(self, entity: str, name: str, now: datetime) -> Project:
        """The project, made now if there is none."""
        project = self._projects.get((entity, name))
        if project is None:
            project = Project(self._next_number(), entity, name, now)
            self._projects[entity, name] = project
            self.changed(project)
        return project

    def ensure_sweep(self, project: Project, name: str, now: datetime) -> Sweep:
        """The project's sweep, made now if there is none."""
        sweep = project.sweeps.get(name)
        if sweep is None:
            sweep = Sweep(name, project, created_at=now, updated_at=now)
            project.sweeps[name] = sweep
            self.changed(sweep)
        return sweep

    def add_run(self, project: Project, name: str, created_at: datetime) -> Run:
        """Make a run, or make an old one of that name anew."""
        old = project.runs.get(name)
        if old is not None:
            self.delete_run(old)
        run = Run(self._next_number(), name, project, created_at)
        project.runs[name] = run
        self.changed(run)
        return run

    def delete_run(self, run: Run) -> None:
        """Forget a run."""
        project = run.project
        project.runs.pop(run.name, None)
        if run.sweep is not None:
            run.sweep.runs.pop(run.name, None)
        project.revision += 1
        self.dirty.discard(run)
        if self.records_changes:
            self.deleted.append(run)

    def put_in_sweep(self, run: Run, sweep: Sweep) -> None:
        """Let a run belong to a sweep, and to no other."""
        if run.sweep is not None:
            run.sweep.runs.pop(run.name, None)
        run.sweep = sweep
        sweep.runs[run.name] = run
        self.changed(run)

    def add_agent(self, sweep: Sweep, host: str, now: datetime) -> Agent:
        """Register an agent of a sweep."""
        agent = Agent(self._next_number(), new_name(), sweep, host, now, now)
        self.restore_agent(agent)
        self.changed(agent)
        return agent

    def restore_agent(self, agent: Agent) -> None:
        """Make an agent known that has its names already."""
        agent.sweep.agents[agent.name] = agent
        self._agents[agent.id] = agent

    def reserve_numbers(self, number: int) -> None:
        """Give no number up to this one again."""
        self._numbers = max(self._numbers, number)

    def changed(self, record: Run | Sweep | Project | Agent) -> None:
        """Say that a record was changed."""
        if isinstance(record, Run):
            record.project.revision += 1
        if self.records_changes:
            self.dirty.add(record)

    def _next_number(self) -> int:
        self._numbers += 1
        return self._numbers
