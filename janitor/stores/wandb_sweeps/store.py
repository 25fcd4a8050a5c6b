"""WandbSweepStore: one sweep on W&B, for the controller.

ENTITY/PROJECT/janitor-HASH       the controller's run, in no sweep; its files are the ledger
ENTITY/PROJECT/janitor-HASH-tN    a term: the right to append to the ledger
ENTITY/PROJECT/NAME-0007          the run of a trial, in the W&B sweep

The folders of jobs are on the machine that starts them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from janitor.errors import NotFoundError, StateFileError
from janitor.model import RunInfo
from janitor.model.jobs import JobHandle, JobTypes, Report, attempt_folder
from janitor.model.ledger_items import Launch, LedgerEntry, SpecAdded
from janitor.records.sweep import dump_entry
from janitor.storage.atomic import make_folder, write_once
from janitor.storage.untrusted import read_untrusted
from janitor.stores.sweep_files.job_folders import JobFolders
from janitor.stores.wandb.store import WandbStore
from janitor.stores.wandb_sweeps.history import WandbHistory
from janitor.stores.wandb_sweeps.server import SweepServer
from janitor.stores.wandb_sweeps.sweep_yaml import sweep_yaml
from janitor.stores.wandb_sweeps.terms import LedgerTerms
from janitor.stores.wandb_sweeps.trial_runs import TrialRuns

_VERSION: Final = 1
FOLDER: Final = ".janitor"
"""In the folder of the sweep file: the folders of the sweep's jobs."""


class WandbSweepStore(JobFolders):
    """One sweep.

    Args:
        name: Of the sweep.
        server: The project.
        runs: The project's runs, read and written as a pass does.
        terms: The ledger.
        clock: The time, aware, UTC.
        namespace: Of the state in new summaries.

    """

    owns_summaries: bool = False

    def __init__(
        self,
        name: str,
        server: SweepServer,
        runs: WandbStore,
        terms: LedgerTerms,
        clock: Callable[[], datetime],
        namespace: str = "protein",
    ) -> None:
        super().__init__(clock)
        self._folder: Path | None = None
        self.name = name
        self.location = f"wandb:{server.scope}"
        self._server = server
        self._terms = terms
        self._controller = server.controller_id(name)
        self._trials = TrialRuns(server, runs, self._controller, clock, namespace)
        self._history = WandbHistory(server)
        self._sweep_id = ""

    # -- the ledger

    def entries(self, after: int = 0) -> Sequence[LedgerEntry]:
        """The ledger's entries after this number."""
        entries = self._terms.entries()
        self._learn_folder(entries)
        return entries[after:]

    def last_number(self) -> int:
        """The number of the last entry; 0 if there is none."""
        return self._terms.last_number()

    def append(self, entry: LedgerEntry) -> bool:
        """Append an entry; False if another process was faster."""
        try:
            dump_entry(entry)
        except ValueError as error:
            raise StateFileError(f"a ledger entry cannot be written: {error}") from error
        if entry.number == 1:
            self._create(entry)
        if not self._terms.append(entry):
            return False
        self._learn_folder([entry])
        return True

    def confirm(self) -> bool:
        """Make the entries that were read final; False if there are others by now."""
        return self._terms.confirm()

    def _learn_folder(self, entries: Sequence[LedgerEntry]) -> None:
        """Take the jobs' folders from the sweep file's, as the first entry has it."""
        first = entries[0].items if entries and entries[0].number == 1 else ()
        for item in first:
            if isinstance(item, SpecAdded):
                scope = self._server.scope
                parts = (scope.entity, scope.project, self.name)
                self._folder = Path(item.directory, FOLDER, "wandb", *map(_as_folder, parts))

    @property
    def folder(self) -> Path:
        """The folder of the sweep's jobs, on the machine where they run."""
        if self._folder is None:
            self.entries()
        if self._folder is None:
            raise NotFoundError(f"the sweep {self.name} in {self.location} was not started yet")
        return self._folder

    @property
    def root(self) -> Path:
        """The folder that this machine's sweeps share."""
        return self.folder.parent.parent.parent.parent

    def site(self) -> str:
        """The identity of this machine's folder of the sweep, made when it is first needed.

        Raises:
            StateFileError: the folder of the sweep file is not on this machine.

        """
        if known := self._site():
            return known
        if not self.root.parent.is_dir():
            raise StateFileError(
                f"the folder {self.root.parent} of the sweep file is not on this machine: start"
                " jobs where it is"
            )
        make_folder(self.folder, error=StateFileError)
        text = f"{secrets.token_hex(8)}\n"
        write_once(self.folder / "site", text, mode=0o644, error=StateFileError)
        return self._site()

    def is_here(self, site: str) -> bool:
        """Whether the folders of jobs that were launched at this site are on this machine."""
        return bool(site) and site == self._site()

    def _site(self) -> str:
        try:
            data = read_untrusted(self.folder / "site", limit=100, error=StateFileError)
        except StateFileError as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
                return ""
            raise
        return data.decode(errors="replace").strip()

    # -- the sweep

    @property
    def sweep_id(self) -> str:
        """The id of the W&B sweep; empty before the sweep has an entry."""
        if not self._sweep_id:
            run = self._server.run(self._controller)
            self._sweep_id = str(run.facts.get("sweep") or "") if run is not None else ""
        return self._sweep_id

    @property
    def target(self) -> str:
        """The path by which a pass reads the sweep's runs."""
        return f"{self._server.scope}/{self.sweep_id}"

    def _create(self, entry: LedgerEntry) -> None:
        """Create the controller's run and the W&B sweep, unless they exist."""
        if self.sweep_id:
            return
        storage_id, _ = self._server.create_controller(self._controller, self.name)
        spec = next((item for item in entry.items if isinstance(item, SpecAdded)), None)
        if spec is None:
            raise StateFileError(f"the first entry of the ledger of {self.name} has no sweep file")
        sweep = self._server.create_sweep(sweep_yaml(spec.document, self.name))
        facts = {"version": _VERSION, "sweep": sweep}
        self._server.describe(storage_id, facts)

    @property
    def trial_environment(self) -> Mapping[str, str]:
        """What wandb reads in a trial: the run that it joins is made already."""
        return {
            "WANDB_ENTITY": self._server.scope.entity,
            "WANDB_PROJECT": self._server.scope.project,
            "WANDB_SWEEP_ID": self.sweep_id,
            "WANDB_MODE": os.environ.get("WANDB_MODE") or "online",
            "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "2",
        }

    # -- reports

    def reports(self, job: JobHandle) -> Sequence[Report]:
        """What a job reported here, or else what its run has logged to W&B.

        The history of a run goes on over its attempts; it belongs to the newest one.
        """
        found = super().reports(job)
        is_newest = not (
            self.run_folder(job.run) / attempt_folder(job.attempt + 1, job.kind)
        ).exists()
        if found or job.kind is JobTypes.LAUNCH_EVAL or not is_newest:
            return found
        return self._history.reports(job.run)

    # -- runs

    def init_run(self, launch: Launch) -> None:
        """Create the run of a trial. A run that exists is left unchanged."""
        self.site()
        self._trials.create(launch, self.sweep_id, self.folder)

    def runs(
        self, names: Collection[str] | None = None, *, only_open: bool = False
    ) -> Mapping[str, RunInfo]:
        """The sweep's runs by id; with ``only_open`` those that are open or marked by a pass."""
        return self._trials.read(self.sweep_id, names, only_open=only_open)

    def deleted(self) -> Collection[str]:
        """The runs that were created here and do not exist any more."""
        return self._trials.deleted(self.sweep_id, self.folder)

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace a run's summary, if it is what it was and no process may be writing it."""
        self._trials.write(run, summary)


def _as_folder(name: str) -> str:
    """A name as the name of a folder."""
    return quote(name, safe=" ")
