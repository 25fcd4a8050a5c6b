"""The same sweep on W&B.

Whatever speaks to W&B runs in a process of its own: a process that used wandb cannot be forked.
"""

from __future__ import annotations

import os
import pickle
import secrets
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from janitor.config import Config, parse_target
from janitor.model import Policy, RunInfo
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import LedgerEntry
from janitor.records.report import Report
from janitor.runtime.clock import utc_now
from janitor.session import fix
from janitor.stores.wandb import GraphQLApi
from janitor.stores.wandb_sweeps.catalog import WandbSweeps
from janitor.sweep.config import SweepConfig
from janitor.sweep.controller import SweepController
from janitor.sweep.dispatchers import LocalDispatcher
from janitor.sweep.opening import start_sweep
from janitor.sweep.optimizers import optimizer_of
from janitor.sweep.schedulers import scheduler_of
from tests.sweep.stepping import GATED, SWEEP, Stepping

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
ENTITY = "acme"


def apart(do: Callable[[], T]) -> T:
    """What a process of its own answers."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        code = 1
        try:
            data = pickle.dumps(do())
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(data)
            code = 0
        except BaseException:  # noqa: BLE001 - the process ends here
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0
    answer: T = pickle.loads(data)
    return answer


@contextmanager
def catalog(project: str) -> Iterator[WandbSweeps]:
    """The sweeps of the project, for this process."""
    door = GraphQLApi()
    try:
        yield WandbSweeps(door, ENTITY, project, Policy(), utc_now)
    finally:
        door.close()


@dataclass
class ApartStore:
    """A sweep on W&B, read by processes of their own."""

    project: str
    name: str
    folder: Path

    def entries(self) -> Sequence[LedgerEntry]:
        """The ledger."""

        def read() -> list[LedgerEntry]:
            with catalog(self.project) as sweeps:
                return list(sweeps.open(self.name).entries())

        return apart(read)

    def runs(self) -> Mapping[str, RunInfo]:
        """The runs of the W&B sweep."""

        def read() -> dict[str, RunInfo]:
            with catalog(self.project) as sweeps:
                return dict(sweeps.open(self.name).runs())

        return apart(read)


@dataclass
class WandbStepping(Stepping):
    """A sweep on W&B under test."""

    store: Any
    project: str = ""

    @classmethod
    def begin(cls, folder: Path, project: str, text: str = SWEEP) -> WandbStepping:
        """A sweep that was created, and not stepped yet."""
        (folder / "release").mkdir(parents=True)
        (folder / "trial.sh").write_text(GATED)
        (folder / "sweep.yaml").write_text(text)
        config = SweepConfig.load(folder / "sweep.yaml")

        def start() -> Path:
            with catalog(project) as sweeps:
                store, _, _ = start_sweep(sweeps, config, utc_now)
                return store.root.joinpath("wandb", ENTITY, project, config.name)

        place = apart(start)
        return cls(folder, ApartStore(project, config.name, place), config, project)

    def step(self, dispatcher: LocalDispatcher | None = None) -> Any:
        """A step in this process, which must be a child."""
        with catalog(self.project) as sweeps:
            return self._controller(sweeps, dispatcher).run_step()

    def _controller(
        self, sweeps: WandbSweeps, dispatcher: LocalDispatcher | None = None
    ) -> SweepController:
        store = sweeps.open(self.config.name)

        def repair() -> Report:
            settings = Config(journal=self.folder / "journals")
            return fix([parse_target("sweep", store.target)], settings)

        return SweepController(
            scheduler_of(self.config),
            optimizer_of(self.config),
            dispatcher or LocalDispatcher(self.folder / ".janitor"),
            store,
            self.config,
            repair=repair,
            now=utc_now,
            nonce=lambda: secrets.token_hex(8),
        )

    def ledger(self) -> Ledger:
        """The ledger as it is now."""
        return Ledger.of(self.store.name, self.store.entries())

    def is_done(self) -> bool:
        """Whether a step would say that the sweep is done."""

        def plan() -> bool:
            with catalog(self.project) as sweeps:
                return self._controller(sweeps).plan().state == "done"

        return apart(plan)
