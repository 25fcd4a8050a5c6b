"""The emulator's store: all projects, sweeps, agents and runs, by name and by storage id."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from janitor.emulator.records import Agent, Project, Run, Sweep, run_path_of_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from janitor.emulator.artifacts import Artifact, Collection

    Record = Run | Sweep | Project | Agent | Collection | Artifact

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_name() -> str:
    """A name of eight letters and digits, as W&B gives to runs and sweeps."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


class Store:
    """Everything that the server stores.

    Used only from the server's thread. Code that changes a record calls ``changed`` afterwards:
    then kept answers are dropped, and the change reaches the state file, if there is one.
    """

    def __init__(self) -> None:
        self._projects: dict[tuple[str, str], Project] = {}
        self._agents: dict[str, Agent] = {}
        self._artifacts: dict[int, Artifact] = {}
        self._numbers = 0
        self.dirty: set[Record] = set()
        self.deleted: list[Run] = []
        self.cut: set[Run] = set()
        """Runs that lost lines."""
        self.wiped = False
        """Whether everything was deleted before these changes."""
        self.records_changes = False
        """Whether changes are recorded for a state file."""

    def clear(self) -> None:
        """Delete everything."""
        self._projects.clear()
        self._agents.clear()
        self._artifacts.clear()
        self.dirty.clear()
        self.deleted.clear()
        self.cut.clear()
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

    def artifact(self, number: int) -> Artifact | None:
        """The artifact of a number, or None."""
        return self._artifacts.get(number)

    def artifacts(self) -> Iterator[Artifact]:
        """Every artifact, in the order of creation."""
        return iter(self._artifacts.values())

    def artifact_of_client(self, client_id: str) -> Artifact | None:
        """The artifact that a client made under its own id, or None."""
        return next((each for each in self.artifacts() if each.client_id == client_id), None)

    def add_artifact(self, artifact: Artifact) -> None:
        """Add an artifact."""
        self._artifacts[artifact.number] = artifact
        self.changed(artifact)

    def ensure_project(self, entity: str, name: str, now: datetime) -> Project:
        """The project; it is created if it does not exist."""
        project = self._projects.get((entity, name))
        if project is None:
            project = Project(self.next_number(), entity, name, now)
            self._projects[entity, name] = project
            self.changed(project)
        return project

    def ensure_sweep(self, project: Project, name: str, now: datetime) -> Sweep:
        """The project's sweep; it is created if it does not exist."""
        sweep = project.sweeps.get(name)
        if sweep is None:
            sweep = Sweep(name, project, created_at=now, updated_at=now)
            project.sweeps[name] = sweep
            self.changed(sweep)
        return sweep

    def add_run(self, project: Project, name: str, created_at: datetime) -> Run:
        """Make a run; it replaces a run of the same name."""
        old = project.runs.get(name)
        if old is not None:
            self.delete_run(old)
        project.deleted_runs.pop(name, None)
        run = Run(self.next_number(), name, project, created_at)
        project.runs[name] = run
        self.changed(run)
        return run

    def rewritten(self, run: Run) -> None:
        """Note that a run lost lines, so that the state file writes all its lines again."""
        if self.records_changes:
            self.cut.add(run)
        self.changed(run)

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
        """Put a run into a sweep, and take it out of any other."""
        if run.sweep is not None:
            run.sweep.runs.pop(run.name, None)
        run.sweep = sweep
        sweep.runs[run.name] = run
        self.changed(run)

    def add_agent(self, sweep: Sweep, host: str, now: datetime) -> Agent:
        """Register an agent of a sweep."""
        agent = Agent(self.next_number(), new_name(), sweep, host, now, now)
        self.restore_agent(agent)
        self.changed(agent)
        return agent

    def restore_agent(self, agent: Agent) -> None:
        """Add an agent that already has its name."""
        agent.sweep.agents[agent.name] = agent
        self._agents[agent.id] = agent

    def reserve_numbers(self, number: int) -> None:
        """Do not assign numbers up to this one again."""
        self._numbers = max(self._numbers, number)

    def changed(self, record: Record) -> None:
        """Note that a record was changed."""
        if isinstance(record, Run):
            record.project.revision += 1
        if self.records_changes:
            self.dirty.add(record)

    def next_number(self) -> int:
        """A number that no other record has."""
        self._numbers += 1
        return self._numbers
