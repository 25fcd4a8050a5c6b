"""WandbSweeps: the sweeps of a W&B project that `janitor sweep` runs."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import platformdirs

from janitor.errors import NotFoundError
from janitor.model import Policy
from janitor.stores.wandb.api import GraphQLApi
from janitor.stores.wandb.nodes import Scope
from janitor.stores.wandb.store import WandbStore
from janitor.stores.wandb_sweeps.server import SweepServer
from janitor.stores.wandb_sweeps.shelf import WandbShelf
from janitor.stores.wandb_sweeps.store import WandbSweepStore
from janitor.stores.wandb_sweeps.terms import LedgerTerms

_LONGEST_PAUSE: Final = 2.0


class WandbSweeps:
    """All sweeps of a project.

    Args:
        door: The way to the server.
        entity: The entity.
        project: The project, which need not exist yet.
        policy: How runs are read.
        clock: The time, aware, UTC.

    """

    def __init__(
        self,
        door: GraphQLApi,
        entity: str,
        project: str,
        policy: Policy,
        clock: Callable[[], datetime],
    ) -> None:
        self._scope = Scope(entity, project)
        self._server = SweepServer(door, self._scope)
        self._runs = WandbStore(door, policy)
        self._policy = policy
        self._clock = clock
        self.location = f"wandb:{self._scope}"

    def names(self) -> Sequence[str]:
        """The sweeps, in the order of their names."""
        return sorted({run.display_name for run in self._server.controllers()})

    def open(self, name: str) -> WandbSweepStore:
        """A sweep that exists.

        Raises:
            NotFoundError: it does not.

        """
        if self._server.run(self._server.controller_id(name)) is None:
            raise NotFoundError(f"there is no sweep {name} in {self.location}")
        return self.known(name)

    def create(self, name: str) -> WandbSweepStore:
        """A sweep, created if it does not exist; the W&B sweep comes with its first entry."""
        controller = self._server.controller_id(name)
        if self._server.run(controller) is None:
            self._server.create_controller(controller, name)
        return self.known(name)

    def known(self, name: str) -> WandbSweepStore:
        """A sweep that is known to exist."""
        controller = self._server.controller_id(name)
        shelf = WandbShelf(self._server, controller, _cache(self._server, controller))
        terms = LedgerTerms(shelf, _pause)
        return WandbSweepStore(
            name, self._server, self._runs, terms, self._clock, self._policy.namespace
        )


def _cache(server: SweepServer, controller: str) -> Path:
    """The folder for entries that were read, of one sweep at one server."""
    address = hashlib.sha256(server.door.address.encode()).hexdigest()[:8]
    return platformdirs.user_cache_path("janitor") / "ledgers" / f"{controller}-{address}"


def _pause(number: int) -> None:
    """Wait a moment: longer with each try, and never as long as another process."""
    time.sleep(random.uniform(0.02, min(_LONGEST_PAUSE, 0.1 * 1.6**number)))  # noqa: S311 - not a secret
