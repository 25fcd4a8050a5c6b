"""The three kinds of run that a manager is given, behind one small door.

A *live* run is the one that this process logs to. An *API* run is what ``wandb.Api().run(path)``
returns: somebody else's, read from the server and written there. And there may be none.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from janitor.lifecycle.current import is_parents_run
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT, Path

logger = logging.getLogger("janitor.lifecycle")

Edits = Mapping[Path, Any]
OnFinish = Callable[[int], None]
"""Called right before a live run finishes, with its exit code."""


class RunAccess(Protocol):
    """How a manager reads and writes one run's summary. Any call may raise whatever wandb does."""

    @property
    def name(self) -> str:
        """The run's name in messages."""

    @property
    def run_id(self) -> str:
        """The run's id, without its project."""

    @property
    def started_at(self) -> datetime | None:
        """When the run began, aware, in UTC; a resumed run's clock leaves the gap out."""

    @property
    def is_new_attempt(self) -> bool:
        """Whether W&B resumed this run for this process, and no manager here has entered it."""

    @property
    def is_buffered(self) -> bool:
        """Whether this process sends what is written later, at the latest as it ends."""

    def enter(self) -> None:
        """A manager of this process has entered the run: from now on it is no new attempt."""

    def read(self) -> Mapping[str, Any]:
        """The whole summary as it stands."""

    def write(self, edits: Edits, base: Mapping[str, Any]) -> None:
        """Apply the edits to the summary; ``base`` is what :meth:`read` has just returned."""

    def watch_finish(self, on_finish: OnFinish) -> None:
        """Have ``on_finish`` called right before the run finishes in this process."""

    def finish(self, exit_code: int) -> None:
        """Send what is left to send, and close the run in this process."""

    def successor(self) -> RunAccess | None:
        """Another way to the same run, once this one is closed; None while it is open."""


def open_run(wandb_run: Any) -> RunAccess | None:
    """The door to a run; None without any, and in a forked child for its parent's run."""
    if wandb_run is None or is_parents_run(wandb_run):
        return None
    classes = type(wandb_run).__mro__
    is_public = any(each.__module__.startswith("wandb.apis.") for each in classes)
    return ApiRun(wandb_run) if is_public else LiveRun(wandb_run)


class RunFinishedError(RuntimeError):
    """The live run is finished in this process, so nothing can be written through it."""


_entered: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
"""The live runs that a manager of this process has entered, by ``id()``."""


class LiveRun:
    """The run that this process logs to: what ``wandb.init()`` returned, in any mode."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._last: Mapping[str, Any] = {}

    @property
    def name(self) -> str:
        """The run's id."""
        return str(getattr(self._run, "id", "?"))

    run_id = name

    @property
    def started_at(self) -> datetime | None:
        """When the run began; wandb moves it so that a resumed run's gaps do not count."""
        seconds = getattr(self._run, "start_time", None)
        is_number = isinstance(seconds, int | float)
        return datetime.fromtimestamp(seconds, UTC) if is_number and seconds else None

    @property
    def is_new_attempt(self) -> bool:
        """Whether wandb resumed the run, and no manager of this process has entered it yet."""
        return getattr(self._run, "resumed", False) is True and id(self._run) not in _entered

    @property
    def is_buffered(self) -> bool:
        """Until it is finished: the SDK reports the summary every 15 s."""
        return not self._is_finished

    def enter(self) -> None:
        """Remember that this process's managers know the run."""
        if self.is_new_attempt:
            _entered[id(self._run)] = self._run

    def read(self) -> Mapping[str, Any]:
        """The summary as the SDK holds it, from wandb-core where that is in charge."""
        self._check_open()
        summary = self._run.summary
        if isinstance(summary, Mapping):
            return dict(summary)
        # One request for all keys; dict(summary) would send one a key.
        whole = summary._as_dict() if hasattr(summary, "_as_dict") else None  # noqa: SLF001 - see above
        if not isinstance(whole, Mapping):
            whole = dict(summary)
        # wandb-core answers an empty summary when it is too busy to answer.
        self._last = dict(whole) or self._last
        return self._last

    def write(self, edits: Edits, base: Mapping[str, Any]) -> None:
        """Set flat keys in one update, and each nested object whole.

        Whole, since setting one name in an object that was assigned as such drops its others.
        """
        self._check_open()
        summary = self._run.summary
        update = {path: value for path, value in edits.items() if value is not ABSENT}
        flat = {path[0]: value for path, value in update.items() if len(path) == 1}
        if flat:
            summary.update(flat)
        below = {path: value for path, value in edits.items() if len(path) > 1}
        merged = summaries.edited(base, below)
        for root in dict.fromkeys(path[0] for path in below):
            summary[root].update(merged[root])
        for path in edits.keys() - update.keys():
            _remove(summary, path)

    def watch_finish(self, on_finish: OnFinish) -> None:
        """Wrap the run's ``finish``, and what ``with wandb.init()`` calls in its stead."""

        def wrapped(finish: Callable[..., Any]) -> Callable[..., Any]:
            def finish_after(*args: Any, **kwargs: Any) -> Any:
                code = kwargs.get("exit_code", args[0] if args else None)
                on_finish(code if isinstance(code, int) else 0)
                return finish(*args, **kwargs)

            return finish_after

        for name in ("finish", "_finish"):
            method = getattr(self._run, name, None)
            if callable(method):
                setattr(self._run, name, wrapped(method))

    def finish(self, exit_code: int) -> None:
        """``run.finish``: uploads what is left."""
        self._run.finish(exit_code=exit_code)

    def successor(self) -> RunAccess | None:
        """Once an online run is finished: the same run through ``wandb.Api()``."""
        run = self._run
        if not self._is_finished or getattr(run, "offline", True) or getattr(run, "disabled", True):
            return None
        import wandb  # noqa: PLC0415 - heavy, and the run's owner has imported it

        return ApiRun(wandb.Api().run(f"{run.entity}/{run.project}/{run.id}"))

    @property
    def _is_finished(self) -> bool:
        return getattr(self._run, "_is_finished", False) is True

    def _check_open(self) -> None:
        if self._is_finished:
            raise RunFinishedError(f"run {self.name} is finished in this process")


def _remove(summary: Any, path: Path) -> None:
    for key in path[:-1]:
        summary = summary[key]
    try:
        del summary[path[-1]]
    except KeyError:
        return  # somebody else was faster


_READ = """
query JanitorRunSummary($project: String!, $entity: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { id summaryMetrics } }
}"""
_WRITE = """
mutation JanitorUpsertSummary($id: String!, $summaryMetrics: JSONString!) {
  upsertBucket(input: {id: $id, summaryMetrics: $summaryMetrics}) { bucket { id } }
}"""


class ApiRun:
    """A run on the server, as ``wandb.Api().run(path)`` returns it.

    Its summary is read and written by its whole text: the public object serves a copy from when it
    was first asked, would write that back over others' keys, and turns infinity into null.
    """

    is_new_attempt = False
    is_buffered = False

    def __init__(self, run: Any) -> None:
        self._run = run
        self._storage_id: str = run.storage_id

    @property
    def name(self) -> str:
        """ENTITY/PROJECT/RUN."""
        return "/".join(self._run.path)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return str(self._run.id)

    @property
    def started_at(self) -> datetime | None:
        """When the run was created."""
        return parse_time(getattr(self._run, "created_at", None))

    def enter(self) -> None:
        """Nothing to remember: an API run is never resumed."""

    def read(self) -> Mapping[str, Any]:
        """The summary as the server holds it now.

        Raises:
            LookupError: the run is gone, or may no longer be seen.
            ValueError: the summary is no JSON object.

        """
        entity, project, run_id = self._run.path
        answer = self._ask(_READ, {"entity": entity, "project": project, "run": run_id})
        run = (answer.get("project") or {}).get("run")
        if run is None:
            raise LookupError(f"W&B no longer knows the run {self.name}")
        self._storage_id = run["id"]
        return summaries.parse(run["summaryMetrics"])

    def write(self, edits: Edits, base: Mapping[str, Any]) -> None:
        """Send the whole summary, then show the edits in the caller's object too."""
        text = summaries.dump(summaries.edited(base, edits))
        self._ask(_WRITE, {"id": self._storage_id, "summaryMetrics": text})
        try:
            mirror = self._run.summary
            for path, value in edits.items():
                self._show(mirror, path, value)
        except Exception as error:  # noqa: BLE001 - it is written; only the caller's copy is old
            logger.debug("the copy of run %s stays as it was: %s", self.name, error)

    @staticmethod
    def _show(mirror: Any, path: Path, value: Any) -> None:
        """Set a key in a public summary, which sends nothing until its ``update``."""
        for key in path[:-1]:
            if key not in mirror:
                mirror[key] = {}
            mirror = mirror[key]
        if value is not ABSENT:
            mirror[path[-1]] = value
        elif path[-1] in mirror:
            mirror.get(path[-1])  # its deletion expects that the value was looked at
            del mirror[path[-1]]

    def watch_finish(self, on_finish: OnFinish) -> None:
        """An API run is not finished from here."""

    def finish(self, exit_code: int) -> None:
        """An API run is not finished from here."""

    def successor(self) -> RunAccess | None:
        """None: this door stays open."""
        return None

    def _ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        # The door of the user's own Api object, with its credentials, proxies and certificates.
        return self._run._service_api.execute_graphql(query, variables)  # noqa: SLF001 - see above
