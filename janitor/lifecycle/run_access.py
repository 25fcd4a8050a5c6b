"""Reading and writing the summary of the two kinds of run that a manager is given.

A *live* run is the one that this process logs to. An *API* run is one that
``wandb.Api().run(path)`` returned: it is read from the server and written there.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from janitor.lifecycle import wandb_internals
from janitor.lifecycle.current import is_parents_run
from janitor.lifecycle.messages import logger
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.paths import run_path
from janitor.model.summary import ABSENT, Path

Edits = Mapping[Path, Any]
OnFinish = Callable[[int], None]
"""Called right before a live run finishes, with its exit code."""


class RunAccess:
    """How a manager reads and writes one run's summary. Any call may raise what wandb raises."""

    name: str
    """The run's name in messages."""
    run_id: str
    """The run's id, without its project."""
    is_new_attempt = False
    """Whether W&B resumed this run for this process, and no manager here has entered it."""
    is_buffered = False
    """Whether this process sends what is written later, at the latest when it ends."""

    @property
    def started_at(self) -> datetime | None:
        """When the run began, aware, in UTC; None where wandb does not say."""
        return None

    def enter(self) -> None:
        """Remember that a manager of this process works on the run: not a new attempt any more."""

    def read(self) -> Mapping[str, Any]:
        """The whole summary."""
        raise NotImplementedError

    def write(self, edits: Edits, base: Mapping[str, Any]) -> None:
        """Apply the edits to the summary; ``base`` is what :meth:`read` has just returned."""
        raise NotImplementedError

    def watch_finish(self, on_finish: OnFinish) -> None:
        """Have ``on_finish`` called right before this process finishes the run."""

    def finish(self, exit_code: int) -> None:
        """Send what is left to send, and finish the run in this process."""

    def successor(self) -> RunAccess | None:
        """Another way to the same run, once this one is closed; None while it is open."""
        return None


def open_run(wandb_run: Any) -> RunAccess | None:
    """The access to a run; None without a run, and in a forked child for its parent's run."""
    if isinstance(wandb_run, RunAccess):
        return wandb_run
    if wandb_run is None or is_parents_run(wandb_run):
        return None
    is_public = wandb_internals.is_public_run(wandb_run)
    return ApiRun.of(wandb_run) if is_public else LiveRun(wandb_run)


class RunFinishedError(RuntimeError):
    """The live run is finished in this process, so nothing can be written through it."""


_entered: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
"""The live runs that a manager of this process has entered, by ``id()``."""


class LiveRun(RunAccess):
    """The run that this process logs to: what ``wandb.init()`` returned, in any mode."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self.name = self.run_id = str(getattr(run, "id", "?"))
        self._last: Mapping[str, Any] = {}

    @property
    def started_at(self) -> datetime | None:
        """When the run began; wandb moves it so that the gaps of a resumed run do not count."""
        seconds = getattr(self._run, "start_time", None)
        is_number = isinstance(seconds, int | float)
        return datetime.fromtimestamp(seconds, UTC) if is_number and seconds else None

    @property
    def is_new_attempt(self) -> bool:  # type: ignore[override] # it changes here
        """Whether wandb resumed the run, and no manager of this process has entered it yet."""
        return getattr(self._run, "resumed", False) is True and id(self._run) not in _entered

    @property
    def is_buffered(self) -> bool:  # type: ignore[override] # it changes here
        """True until the run is finished: the SDK sends the summary every 15 seconds."""
        return not wandb_internals.is_finished(self._run)

    def enter(self) -> None:
        """Remember the run, if this is a new attempt."""
        if self.is_new_attempt:
            _entered[id(self._run)] = self._run

    def read(self) -> Mapping[str, Any]:
        """The summary that the SDK holds."""
        self._check_open()
        summary = self._run.summary
        if isinstance(summary, Mapping):
            return dict(summary)
        # wandb-core answers with an empty summary when it is too busy.
        self._last = dict(wandb_internals.whole_summary(summary)) or self._last
        return self._last

    def write(self, edits: Edits, base: Mapping[str, Any]) -> None:
        """Set flat keys in one update, and each nested object as a whole.

        As a whole, because setting one name in an object that was assigned drops its others.
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
        """Wrap the run's ``finish``, and what ``with wandb.init()`` calls instead."""

        def wrapped(finish: Callable[..., Any]) -> Callable[..., Any]:
            def finish_after(*args: Any, **kwargs: Any) -> Any:
                code = kwargs.get("exit_code", args[0] if args else None)
                on_finish(code if isinstance(code, int) else 0)
                return finish(*args, **kwargs)

            return finish_after

        for name in wandb_internals.FINISHERS:
            method = getattr(self._run, name, None)
            if callable(method):
                setattr(self._run, name, wrapped(method))

    def finish(self, exit_code: int) -> None:
        """``run.finish``: uploads what is left."""
        self._run.finish(exit_code=exit_code)

    def successor(self) -> RunAccess | None:
        """Once an online run is finished: the same run on the server."""
        run = self._run
        if self.is_buffered or getattr(run, "offline", True) or getattr(run, "disabled", True):
            return None
        import wandb

        return ApiRun(wandb.Api(), run.entity, run.project, run.id, started_at=self.started_at)

    def _check_open(self) -> None:
        if not self.is_buffered:
            raise RunFinishedError(f"run {self.name} is finished in this process")


def _remove(summary: Any, path: Path) -> None:
    for key in path[:-1]:
        summary = summary[key]
    try:
        del summary[path[-1]]
    except KeyError:
        return  # another process was faster


_READ = """
query JanitorRunSummary($project: String!, $entity: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { id summaryMetrics } }
}"""
_WRITE = """
mutation JanitorUpsertSummary($id: String!, $summaryMetrics: JSONString!) {
  upsertBucket(input: {id: $id, summaryMetrics: $summaryMetrics}) { bucket { id } }
}"""


class ApiRun(RunAccess):
    """A run on the server, read and written through the user's own ``wandb.Api()``.

    Its summary is read and written as one text. The public object of wandb would not do: it
    answers with its first copy, writes that over other people's keys, and turns infinity into null.

    Args:
        owner: a ``wandb.Api()``, or a run that it returned: whose login and transport to use.
        entity: the plain names, not percent-encoded, as the next two.
        started_at: when the run began.
        mirror: the caller's own object, in which what is written appears too.

    """

    def __init__(
        self,
        owner: Any,
        entity: str,
        project: str,
        run_id: str,
        *,
        started_at: datetime | None = None,
        mirror: Any = None,
    ) -> None:
        self._owner = owner
        self._place = {"entity": entity, "project": project, "run": run_id}
        self.name, self.run_id = run_path(entity, project, run_id), run_id
        self._started_at = started_at
        self._mirror = mirror
        self._storage_id = ""

    @classmethod
    def of(cls, run: Any) -> ApiRun:
        """The access to a run that ``wandb.Api()`` returned. Its ``path`` is percent-encoded."""
        started_at = parse_time(getattr(run, "created_at", None))
        names = (str(run.entity), str(run.project), str(run.id))
        return cls(run, *names, started_at=started_at, mirror=run)

    @property
    def started_at(self) -> datetime | None:
        """When the run was created."""
        return self._started_at

    def read(self) -> Mapping[str, Any]:
        """The summary that the server holds now.

        Raises:
            LookupError: W&B does not know the run, or does not show it to this user.
            ValueError: the summary is not a JSON object.

        """
        answer = wandb_internals.execute_graphql(self._owner, _READ, self._place)
        run = (answer.get("project") or {}).get("run")
        if run is None:
            raise LookupError(f"W&B does not know the run {self.name}")
        self._storage_id = run["id"]
        return summaries.parse(run["summaryMetrics"])

    def write(self, edits: Edits, base: Mapping[str, Any]) -> None:
        """Send the whole summary, then show the edits in the caller's object too."""
        text = summaries.dump(summaries.edited(base, edits))
        values = {"id": self._storage_id, "summaryMetrics": text}
        wandb_internals.execute_graphql(self._owner, _WRITE, values)
        if self._mirror is None:
            return
        try:
            for path, value in edits.items():
                _show(self._mirror.summary, path, value)
        except Exception as error:  # noqa: BLE001 - it is written; only the caller's copy is old
            logger.debug("the local copy of run %s is not updated: %s", self.name, error)


def _show(mirror: Any, path: Path, value: Any) -> None:
    """Set a key in a public summary, which sends nothing until its ``update``."""
    for key in path[:-1]:
        if key not in mirror:
            mirror[key] = {}
        mirror = mirror[key]
    if value is not ABSENT:
        mirror[path[-1]] = value
    elif path[-1] in mirror:
        mirror.get(path[-1])  # its deletion expects that the value was read
        del mirror[path[-1]]
