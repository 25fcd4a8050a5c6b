"""Files on this machine that make up a store, set up past the store that reads them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from janitor.emulator.clock import parse_time
from janitor.model import AnyTarget, LocalTarget, Policy
from janitor.stores.routing import RoutingStore
from tests.stores.backends import PROJECT, RUNNING, Backend


class LocalWorld(ABC):
    """Stores of one kind, one for each sweep, and the store of a pass over all of them.

    Args:
        root: The folder in which they are made.

    """

    scheme: str
    ending = ""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = RoutingStore(Policy(), lambda: datetime.now(UTC))

    def place(self, sweep: str, project: str) -> Path:
        """Where a sweep's runs are."""
        return self.root / project / f"{sweep}{self.ending}"

    def add(self, *runs: dict[str, Any]) -> None:
        """Make runs, the oldest first."""
        now = datetime.now(UTC)
        made: dict[Path, list[dict[str, Any]]] = {}
        for run in runs:
            created_at = parse_time(run.get("created_at", "-0s"), now)
            given = {"summary": RUNNING, "heartbeat_at": None, **run}
            place = self.place(run["sweep"], run["project"])
            made.setdefault(place, []).append({**given, "created_at": created_at})
        for place, together in made.items():
            self._add(place, sorted(together, key=lambda run: run["created_at"]))

    def empty(self) -> AnyTarget:
        """A target that is there, and holds no run."""
        place = self.place("empty", PROJECT)
        self._add(place, [])
        return self._target(place)

    def summary(self, path: str) -> Any:
        """What a run's summary is now."""
        return self._summary(*self._parts(path))

    def put_summary(self, path: str, text: str) -> None:
        """Another writer replaces a run's summary."""
        self._put_summary(*self._parts(path), text)

    def target(self, sweep: str, project: str) -> AnyTarget:
        """A sweep's store."""
        return self._target(self.place(sweep, project))

    def path(self, name: str, project: str) -> str:
        """The path of a run of the sweep s1."""
        return f"{self.target('s1', project)}/{self._id(name, project)}"

    def _target(self, place: Path) -> AnyTarget:
        return LocalTarget(self.scheme, str(place))

    def _parts(self, path: str) -> tuple[Path, str]:
        place, _, run_id = path.removeprefix(f"{self.scheme}:").rpartition("/")
        return Path(place), run_id

    @abstractmethod
    def _add(self, place: Path, runs: list[dict[str, Any]]) -> None:
        """Make these runs; the place, too, where it is not there."""

    @abstractmethod
    def _id(self, name: str, project: str) -> str:
        """The last part of a run's path."""

    @abstractmethod
    def _summary(self, place: Path, run_id: str) -> Any:
        """What the summary of a run of this place is now."""

    @abstractmethod
    def _put_summary(self, place: Path, run_id: str, text: str) -> None:
        """Replace it."""


@dataclass(frozen=True)
class _LocalBackend(Backend):
    """A backend whose paths lead to files."""

    world: LocalWorld

    def target(self, sweep: str = "s1", project: str = PROJECT) -> AnyTarget:
        return self.world.target(sweep, project)

    def path(self, name: str, project: str = PROJECT) -> str:
        return self.world.path(name, project)


def local_backend(world: LocalWorld, **more: Any) -> Backend:
    """The contract's backend over this world."""
    return _LocalBackend(world.store, world, page_size=1000, **more)
