"""SweepFiles: one sweep in a folder, for the controller.

DIR/sweeps/NAME/ledger/000124.json        numbered, written once
DIR/sweeps/NAME/runs/RUN/run.json         once
DIR/sweeps/NAME/runs/RUN/summary.json     refused if it changed since it was read
DIR/sweeps/NAME/runs/RUN/aN/              the job's own; ``eval.aN`` for an evaluation
DIR/sweeps/NAME/checkpoints/RUN/          kept across attempts
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from janitor.errors import (
    NotFoundError,
    StateFileError,
)
from janitor.model import LocalTarget, RunInfo, SweepRunState, WandbState
from janitor.model import summary as summaries
from janitor.model.ledger_items import Launch, LedgerEntry, SpecAdded
from janitor.records.sweep import (
    StoredSummary,
    dump_run,
    dump_summary,
    parse_run,
)
from janitor.storage import strict_json
from janitor.storage.atomic import make_folder, write_once
from janitor.storage.untrusted import read_untrusted
from janitor.stores.one_site import OneSite
from janitor.stores.sweep_files.job_folders import JobFolders
from janitor.stores.sweep_files.ledger_files import LedgerFiles
from janitor.stores.sweep_files.summary_file import read_summary, replace_summary

SCHEME: Final = "file"
_NAMESPACE: Final = "protein"
"""Of a sweep file that names none."""
_LARGEST: Final = 64 * 1024 * 1024


class SweepFiles(OneSite, JobFolders):
    """One sweep in a folder.

    Args:
        folder: ``DIR/sweeps/NAME``, absolute.
        clock: The time, aware, UTC.

    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        super().__init__(clock)
        self._folder = folder
        self.name = folder.name
        self.location = f"{SCHEME}:{folder.parent.parent}"
        self.target = f"{SCHEME}:{folder}"
        self.root = folder.parent.parent
        self._ledger = LedgerFiles(folder / "ledger")
        self._seen: dict[str, tuple[tuple[int, int, int], RunInfo]] = {}
        self._made: dict[str, Mapping[str, Any]] = {}

    @property
    def folder(self) -> Path:
        """``DIR/sweeps/NAME``, absolute."""
        return self._folder

    # -- the ledger

    def entries(self, after: int = 0) -> Sequence[LedgerEntry]:
        """The ledger's entries after this number."""
        return self._ledger.entries(after)

    def last_number(self) -> int:
        """The number of the last entry; 0 if there is none."""
        return self._ledger.last_number()

    def append(self, entry: LedgerEntry) -> bool:
        """Append an entry; False if another writer has used its number."""
        return self._ledger.append(entry)

    # -- runs

    def init_run(self, launch: Launch) -> None:
        """Create the run of a trial. A run that exists is left unchanged.

        Raises:
            NotFoundError: it existed, and was deleted by a person.
            StateFileError: a run with this name and other params exists: the ledger lost entries.

        """
        folder = self.run_folder(launch.run)
        if (self.folder / "created" / launch.run).exists() and not folder.exists():
            raise NotFoundError(f"run {self.target}/{launch.run} was deleted")
        make_folder(folder, error=StateFileError)
        now = self._clock().isoformat()
        values = {
            "run": launch.run,
            "index": launch.index,
            "repeat": launch.repeat,
            "spec": launch.spec,
            "params": launch.params,
            "seed": launch.seed,
            "created_at": now,
        }
        # The summary first: a run without run.json does not exist yet.
        state = SweepRunState.INITIALIZING.value
        namespace = self._namespace
        summary = {f"{namespace}.state": state, f"{namespace}.last_update": now}
        first = dump_summary(StoredSummary(1, summary))
        write_once(folder / "summary.json", first, mode=0o644, error=StateFileError)
        is_new = write_once(folder / "run.json", dump_run(values), mode=0o644, error=StateFileError)
        there = None if is_new else self._first(launch.run).get("params")
        if not is_new and strict_json.dumps(there) != strict_json.dumps(launch.params):
            raise StateFileError(
                f"the run {self.target}/{launch.run} exists and has other params than the ledger"
                " wants for it: entries of the ledger were lost; restore them from a backup, or"
                " start a new sweep"
            )
        # Last: it proves that the run existed, should a person delete it.
        make_folder(self.folder / "created", error=StateFileError)
        write_once(self.folder / "created" / launch.run, "", mode=0o644, error=StateFileError)

    def deleted(self) -> Collection[str]:
        """The runs that were created and do not exist any more.

        Raises:
            StateFileError: the folder of all runs is missing.

        """
        created = set(self._names("created"))
        if created and not (self.folder / "runs").is_dir():
            raise StateFileError(
                f"{self.folder / 'runs'} is missing: restore it, or start a new sweep"
            )
        return created - set(self._names("runs"))

    def runs(
        self, names: Collection[str] | None = None, *, only_open: bool = False
    ) -> Mapping[str, RunInfo]:
        """The sweep's runs by id; with ``only_open`` those that are open or marked by a pass."""
        found: dict[str, RunInfo] = {}
        namespace = self._namespace if only_open else ""
        for name in self._names("runs") if names is None else sorted(names):
            try:
                run = self.run(name)
            except NotFoundError:
                continue
            if not only_open or self._may_change(run, namespace):
                found[name] = run
        return found

    def run(self, name: str) -> RunInfo:
        """One run, with its summary as it is now; one that cannot be read has a ``defect``.

        Raises:
            NotFoundError: it does not exist.

        """
        path = self.run_folder(name) / "summary.json"
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise NotFoundError(f"run {self.target}/{name} does not exist") from None
        except OSError as error:
            raise StateFileError(f"cannot read {path}: {error.strerror}") from error
        signature = status.st_ino, status.st_mtime_ns, status.st_size
        known = self._seen.get(name)
        if known is None or known[0] != signature:
            try:
                known = signature, self._read(name, path)
            except NotFoundError:
                raise
            except StateFileError as error:
                return self._info(name, "", defect=str(error))
            self._seen[name] = known
        return known[1]

    def params(self, name: str) -> Any:
        """The params in the file of a run.

        Raises:
            NotFoundError: it does not exist.
            StateFileError: it is damaged.

        """
        return self._first(name).get("params")

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace a run's summary.

        Raises:
            ConflictError: it was changed since ``run`` was read.
            TransientError: another process held the lock all the time.

        """
        path = self.run_folder(run.id) / "summary.json"
        replace_summary(path, self.folder / ".lock", run.storage_id, summary)

    def _names(self, folder: str) -> list[str]:
        place = self.folder / folder
        try:
            return sorted(path.name for path in place.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StateFileError(f"cannot read {place}: {error.strerror}") from error

    def _read(self, name: str, path: Path) -> RunInfo:
        stored, token = read_summary(path)
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._first(name)
        run = self._info(name, token)
        return replace(run, summary=stored.summary, created_at=made.get("created_at"))

    def _info(self, name: str, token: str, defect: str | None = None) -> RunInfo:
        return RunInfo(
            entity="",
            project="",
            id=name,
            storage_id=token,
            name=name,
            wandb_state=WandbState(""),
            summary={},
            sweep=self.name,
            local=LocalTarget(SCHEME, str(self.folder)),
            defect=defect,
        )

    def _first(self, name: str) -> Mapping[str, Any]:
        path = self.run_folder(name) / "run.json"
        try:
            return parse_run(read_untrusted(path, limit=_LARGEST, error=StateFileError))
        except StateFileError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NotFoundError(f"run {self.target}/{name} does not exist") from None
            raise
        except ValueError as error:
            raise StateFileError(
                f"{path} is damaged: {error}; correct it, or delete its folder to leave the run out"
            ) from error

    @property
    def _namespace(self) -> str:
        """Of the states in the summaries, as the newest version of the sweep file says."""
        for entry in reversed(self.entries()):
            for item in reversed(entry.items):
                if isinstance(item, SpecAdded):
                    ours = item.document.get("janitor")
                    return str((ours or {}).get("namespace") or _NAMESPACE)
        return _NAMESPACE

    def _may_change(self, run: RunInfo, namespace: str) -> bool:
        word = summaries.read(run.summary, namespace, "state")
        if word not in list(SweepRunState) or SweepRunState(word).is_open:
            return True
        mark = summaries.read(run.summary, namespace, "janitor.state")
        return mark is not summaries.ABSENT
