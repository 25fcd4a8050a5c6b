"""FileStore: runs as JSON files in a folder, for tests, for machines without W&B, for sweeps.

    DIR/ENTITY/PROJECT/RUN.json     (each name percent-encoded)

A run's file holds the fields of :class:`~janitor.model.RunInfo`, its summary, and a version. Writes
are atomic and durable, under one lock for the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, unquote

from janitor.errors import (
    ConflictError,
    HeldError,
    NotFoundError,
    StateFileError,
    StoreError,
    TransientError,
)
from janitor.model import (
    AnyTarget,
    LocalTarget,
    ResolvedTarget,
    RunInfo,
    RunPage,
    TargetKind,
    is_local,
)
from janitor.model.ports import RunCreator, Store
from janitor.storage.atomic import make_folder
from janitor.storage.locks import locked
from janitor.storage.rescue import rescue, write_keeping
from janitor.storage.untrusted import read_untrusted
from janitor.stores import run_codec
from janitor.stores.run_codec import ENDING, StoredRun, Uploaded

SCHEME: Final = "file"


class FileStore:
    """The runs of a folder.

    It has sweeps, groups and projects like W&B's store, and the whole folder as one target. In the
    latter, a run's path is ``file:/DIR/RUN``, where RUN is the percent-encoded ENTITY/PROJECT/RUN.

    Args:
        folder: The folder with the runs.
        clock: Tells the present moment, aware; for the names of damaged files.
        page_size: How many runs a page holds.
        lock_timeout: Seconds to wait for another writer.

    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime],
        page_size: int = 1000,
        lock_timeout: float = 60,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._page_size = page_size
        self._lock_timeout = lock_timeout
        self._seen: dict[Path, tuple[tuple[int, int, int], StoredRun]] = {}
        self._guard = Lock()

    # -- reading

    def fetch_sweep_metadata(self, target: AnyTarget) -> Sequence[ResolvedTarget]:
        """The sweeps and groups of the target; a sweep or group exists if a run names it."""
        if isinstance(target, LocalTarget):
            if not self._folder.is_dir():
                raise NotFoundError(f"the folder of runs {self._folder} does not exist")
            self._refuse_other_files()
            return (ResolvedTarget(target, self._folder.name),)
        place = self._project(target.entity or "", target.project)
        if not place.is_dir():
            raise NotFoundError(
                f"project {target.entity}/{target.project} does not exist in {place}"
            )
        if target.kind is TargetKind.PROJECT:
            found = dict.fromkeys(run.sweep for run in self._runs(target) if run.sweep)
            return tuple(
                ResolvedTarget(replace(target, kind=TargetKind.SWEEP, name=name), name)
                for name in found
            )
        if not any(True for _ in self._runs(target)):
            raise NotFoundError(f"no run of {place} is in a {target.kind} {target.name}")
        return (ResolvedTarget(target, target.name),)

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """A page of the target's runs, the oldest first."""
        runs = sorted(self._runs(target), key=lambda run: (str(run.created_at or ""), run.path))
        start = int(after or 0)
        end = start + self._page_size
        page = tuple(runs[start:end])
        return RunPage(page, len(runs), str(end) if end < len(runs) else None)

    def fetch_summaries(self, paths: Sequence[str]) -> Mapping[str, RunInfo | StoreError]:
        """The runs at these paths, as their files are now."""
        found: dict[str, RunInfo | StoreError] = {}
        for path in paths:
            try:
                stored = self._load(self._file(path)).run
                found[path] = self._labelled(stored) if is_local(path) else stored
            except StoreError as error:
                found[path] = error
        return found

    def fetch_uploaded_summary(self, path: str) -> Uploaded | None:
        """The summary that the run's own process left behind."""
        return self._load(self._file(path)).uploaded

    def fetch_last_row(self, path: str) -> None:
        """None: the file of a run has no history."""

    # -- writing

    def init_run(self, run: RunInfo, uploaded: Uploaded | None = None) -> None:
        """Make a run.

        Raises:
            ConflictError: there is one of this path.
            StateFileError: it cannot be written.

        """
        path = self._file(run.path)
        make_folder(path.parent, error=StateFileError)
        with self._locked():
            if path.exists():
                raise ConflictError(f"run {run.path} already exists")
            self._write(path, StoredRun(run, uploaded))

    def update_run_summary(self, run: RunInfo, summary: Mapping[str, Any]) -> None:
        """Replace the run's summary; all else in its file stays."""
        path = self._file(run.path)
        try:
            with self._locked():
                stored = self._load(path)
                fresh = replace(stored.run, summary=dict(summary), defect=None)
                self._write(path, replace(stored, run=fresh))
        except HeldError as error:
            raise TransientError(str(error)) from error

    # -- files

    def _locked(self) -> Any:
        make_folder(self._folder, error=StateFileError)
        return locked(self._folder / ".lock", self._lock_timeout)

    def _project(self, entity: str, project: str) -> Path:
        return self._folder / _encoded(entity) / _encoded(project)

    def _file(self, path: str) -> Path:
        inner = unquote(path.rsplit("/", 1)[-1]) if is_local(path) else path
        parts = inner.split("/", 2)
        if len(parts) != 3 or not all(parts):
            raise NotFoundError(f"run {path} does not exist in {self._folder}")
        return self._project(*parts[:2]) / f"{_encoded(parts[2])}{ENDING}"

    def _runs(self, target: AnyTarget) -> Iterator[RunInfo]:
        if isinstance(target, LocalTarget):
            paths = self._folder.glob(f"*/*/*{ENDING}")
        else:
            paths = self._project(target.entity or "", target.project).glob(f"*{ENDING}")
        for path in paths:
            try:
                run = self._load(path).run
            except NotFoundError:
                continue  # it was removed meanwhile
            if isinstance(target, LocalTarget):
                yield self._labelled(run)
            elif target.kind is TargetKind.PROJECT or target.name == _named(run, target.kind):
                yield run

    def _refuse_other_files(self) -> None:
        """Check that a folder with state files contains runs, and not other state."""
        if any(self._folder.glob(f"*{ENDING}")) and not any(self._folder.glob(f"*/*/*{ENDING}")):
            raise NotFoundError(
                f"{self._folder} holds no run: runs are in ENTITY/PROJECT/RUN.json below it;"
                f" is it experiments:{self._folder} that you mean?"
            )

    def _labelled(self, run: RunInfo) -> RunInfo:
        """The run as one of the whole folder."""
        place = LocalTarget(SCHEME, str(self._folder.absolute()))
        return replace(run, entity="", project="", local=place, id=quote(run.path, safe=""))

    def _load(self, path: Path) -> StoredRun:
        """The run in a file; read again only if the file was replaced."""
        try:
            status = path.stat()
            signature = status.st_ino, status.st_mtime_ns, status.st_size
            with self._guard:
                known = self._seen.get(path)
            if known is not None and known[0] == signature:
                return known[1]
            stored = run_codec.parse(read_untrusted(path, follow=True, error=StateFileError), path)
        except FileNotFoundError:
            raise NotFoundError(f"run {path} does not exist") from None
        except StateFileError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NotFoundError(f"run {path} does not exist") from None
            raise
        except OSError as error:
            raise StateFileError(f"cannot read {path}: {error.strerror}") from error
        except ValueError as error:
            rescued = rescue(path, partial(run_codec.parse, path=path), str(error), self._clock())
            if rescued.value is None:
                raise StateFileError(rescued.message) from error
            return rescued.value
        with self._guard:
            self._seen[path] = signature, stored
        return stored

    def _write(self, path: Path, stored: StoredRun) -> None:
        write_keeping(path, run_codec.dump(stored))


def _named(run: RunInfo, kind: TargetKind) -> str | None:
    return run.group if kind is TargetKind.GROUP else run.sweep


def _encoded(name: str) -> str:
    """A file name for any name: without slashes, and not only dots."""
    encoded = quote(name, safe=" ")
    return encoded.replace(".", "%2E") if encoded.startswith(".") else encoded


_conforms: Callable[[Path, Callable[[], datetime]], Store] = FileStore
"""For the type checker: a FileStore serves all of a pass."""
_creates: Callable[[Path, Callable[[], datetime]], RunCreator] = FileStore
"""It makes runs, too."""
