"""Reads whole runs by path: many in one request, as many as the server can take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from janitor.errors import (
    NotFoundError,
    RejectedError,
    StoreError,
    TooLargeError,
    TransientError,
)
from janitor.model import RunInfo
from janitor.stores.wandb import queries
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.failures import known_form
from janitor.stores.wandb.nodes import RUN_PATH, Scope, check_is_of
from janitor.stores.wandb.projects import Projects

_LARGEST: Final = 50
_MOST_BYTES: Final = 8_000_000
"""A batch of whole summaries beyond this is too much to hold: the next ones are smaller."""


class Batches:
    """Reads runs in batches, whose size adapts to the server.

    Args:
        door: The way to the server.
        projects: Sends the requests.
        read: Makes a run of its node.

    """

    def __init__(
        self,
        door: GraphQLApi,
        projects: Projects,
        read: Callable[[Mapping[str, Any], Scope], RunInfo],
    ) -> None:
        self._door = door
        self._projects = projects
        self._read = read
        self._size = _LARGEST

    def fetch(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths, whole; an error for each that cannot be read."""
        found: dict[str, RunInfo | StoreError] = {
            path: NotFoundError(f"{path!r} is not a run: write it as ENTITY/PROJECT/RUN")
            for path in paths
            if not RUN_PATH.fullmatch(path)
        }
        parted = sorted(path.rsplit("/", 1) for path in paths if path not in found)
        for project, group in groupby(parted, key=lambda parts: parts[0]):
            scope = Scope(*project.split("/", 1))
            names = [name for _, name in group]
            while names:
                batch, names = names[: self._size], names[self._size :]
                found |= self._fetch(scope, batch)
        return found

    def _fetch(self, scope: Scope, names: Sequence[str]) -> dict[str, RunInfo | StoreError]:
        """One batch; where it fails, its halves, down to the one run that cannot be read."""
        variables = {f"r{index}": name for index, name in enumerate(names)}
        try:
            project, size = self._projects.ask(scope, queries.summaries(len(names)), variables)
        except (TooLargeError, TransientError, RejectedError, NotFoundError) as error:
            may_be_one_run = not isinstance(error, TransientError) or error.slow
            if len(names) == 1 or not may_be_one_run:
                return {f"{scope}/{name}": error for name in names}
            middle = len(names) // 2
            self._size = max(1, min(self._size, middle))
            return self._fetch(scope, names[:middle]) | self._fetch(scope, names[middle:])
        if size > _MOST_BYTES:
            self._size = max(1, min(self._size, len(names) * _MOST_BYTES // size))
        return {
            f"{scope}/{name}": self._whole(project, f"r{index}", scope, name)
            for index, name in enumerate(names)
        }

    def _whole(
        self, project: Mapping[str, Any], alias: str, scope: Scope, name: str
    ) -> RunInfo | StoreError:
        """One run of a batch."""
        try:
            with known_form(self._door.address):
                if (node := project[alias]) is None:
                    return NotFoundError(f"run {name} does not exist in project {scope}")
                check_is_of(node, name, self._door.address)
                return self._read(node, scope)
        except StoreError as error:
            return error
