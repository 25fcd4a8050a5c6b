"""The state of one run under the namespace, and how a change to it is written.

Every change reads the summary first, so that several managers of one run agree, in whichever
process they are. A failing read or write does not raise: it is logged, the values are kept, and
the next change writes them too.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from janitor.lifecycle.messages import logger
from janitor.lifecycle.payload import TRACES, text
from janitor.lifecycle.run_access import OnFinish, RunAccess
from janitor.lifecycle.states import stored_state
from janitor.model import SweepRunState
from janitor.model import summary as summaries
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT, Form, Path


@dataclass(frozen=True, slots=True)
class Stored:
    """What a summary holds under the namespace."""

    state: SweepRunState | None
    """None if there is no state, or an unknown one."""
    is_marked: bool
    """Whether the janitor wrote the state, from outside: its mark ``janitor.state`` is there."""
    attempts: int | None
    last_sign: datetime | None
    """The later one of ``heartbeat`` and ``last_update``, aware, in UTC."""
    objective: Any
    """The value of ``objective``; None if there is none."""
    error: Any = None
    """The value of ``error``; None if there is none."""

    @classmethod
    def of(cls, summary: Mapping[str, Any], namespace: str) -> Stored:
        """Read a summary."""

        def read(name: str) -> Any:
            value = summaries.read(summary, namespace, name)
            return None if value is ABSENT else value

        state, attempts = stored_state(read("state")), read("attempts")
        signs = [parse_time(read("heartbeat")), parse_time(read("last_update"))]
        is_count = isinstance(attempts, int | float) and not isinstance(attempts, bool)
        return cls(
            state=state,
            is_marked=read("janitor.state") is not None,
            attempts=int(attempts) if is_count else None,
            last_sign=max((sign for sign in signs if sign is not None), default=None),
            objective=read("objective"),
            error=read("error"),
        )


Decide = Callable[[Stored], Mapping[str, Any] | None]
"""From what is stored to what to write: names under the namespace, ABSENT to remove one."""


class RunRecord:
    """One manager's reads and writes of one run. Safe for threads; silent in a forked child."""

    def __init__(self, access: RunAccess, namespace: str, *, is_trial: bool = False) -> None:
        self.access = access
        self._is_trial = is_trial
        """Whether a sweep controller ends the run: here only an attempt at it ends."""
        self._namespace = namespace
        self._pending: dict[str, Any] = {}
        self._last: Mapping[str, Any] = {}
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._on_finish: OnFinish | None = None
        self._is_entered = False
        self.started_at = self._beginning()
        """When the run began, aware, in UTC; None where wandb does not say."""

    @property
    def is_foreign(self) -> bool:
        """Whether this is a forked child of the process that the record was made in."""
        return os.getpid() != self._pid

    @property
    def has_pending(self) -> bool:
        """Whether something could not be written yet."""
        return bool(self._pending)

    def look(self) -> Stored:
        """What is stored, including what could not be written yet."""
        return self.change(lambda _: None)

    def change(self, decide: Decide, *, patience: float = -1) -> Stored:
        """Read the summary, let ``decide`` choose what to write, and write it.

        Returns what was stored before. ``patience`` is how many seconds to wait for another
        thread's change; after that this one goes ahead without waiting. Never raises.
        """
        is_ours = self._lock.acquire(timeout=patience)
        try:
            self._follow()
            summary, is_fresh = self._read()
            stored = Stored.of(summaries.edited(summary, self._edits(summary)), self._namespace)
            values = decide(stored) or {}
            self._pending.update(_of_attempt(values, stored) if self._is_trial else values)
            if self._pending and is_fresh:
                self._write(summary)
        except Exception:
            logger.exception("the state of run %s could not be written", self.access.name)
            return Stored.of({}, self._namespace)
        else:
            return stored
        finally:
            if is_ours:
                self._lock.release()

    def enter(self, on_finish: OnFinish) -> None:
        """Work on the run from now on; ``on_finish`` is called right before it finishes here."""
        self._on_finish = on_finish
        if self._is_entered:
            return
        self._is_entered = True
        try:
            self.access.enter()
            self.access.watch_finish(self._finishing)
        except Exception as error:  # noqa: BLE001 - any object can be passed as a run
            logger.debug("the finish of run %s is not watched: %s", self.access.name, error)

    def _finishing(self, exit_code: int) -> None:
        on_finish, self._on_finish = self._on_finish, None
        if on_finish is not None and not self.is_foreign:
            on_finish(exit_code)

    def finish(self, exit_code: int) -> None:
        """Send what is left, and close the live run."""
        try:
            self.access.finish(exit_code)
        except Exception:
            logger.warning("cannot finish run %s", self.access.name, exc_info=True)

    def _beginning(self) -> datetime | None:
        try:
            return self.access.started_at
        except Exception as error:  # noqa: BLE001 - any of wandb's errors; training goes on
            logger.debug("run %s does not say when it began: %s", self.access.name, error)
            return None

    def _follow(self) -> None:
        """Use the server once the live run is finished in this process."""
        try:
            self.access = self.access.successor() or self.access
        except Exception:
            logger.warning(
                "run %s is finished and cannot be reached", self.access.name, exc_info=True
            )

    def _read(self) -> tuple[Mapping[str, Any], bool]:
        try:
            self._last = self.access.read()
        except Exception as error:  # noqa: BLE001 - any of wandb's errors; training goes on
            logger.warning("cannot read the summary of run %s: %s", self.access.name, error)
            return self._last, False
        return self._last, True

    def _write(self, summary: Mapping[str, Any]) -> None:
        writing = dict(self._pending)
        try:
            self.access.write(self._edits(summary), summary)
        except Exception as error:  # noqa: BLE001 - any of wandb's errors; training goes on
            if self._replace_by_text():
                self._write(summary)
                return
            logger.warning(
                "cannot write %s to run %s; the next call tries again: %s",
                ", ".join(writing),
                self.access.name,
                error,
            )
            return
        # What a signal handler added in the meantime stays.
        for name, value in writing.items():
            if self._pending.get(name) is value:
                del self._pending[name]

    def _replace_by_text(self) -> bool:
        """Replace pending values that are not JSON, and would fail each time, by their text."""
        odd = {name for name, value in self._pending.items() if not _is_json(value)}
        for name in odd:
            logger.warning("%s cannot be written as JSON; its text is written instead", name)
            self._pending[name] = text(self._pending[name])
        return bool(odd)

    def _edits(self, summary: Mapping[str, Any]) -> dict[Path, Any]:
        """The edits that are pending, in the run's own form."""
        form = summaries.form_of(summary, self._namespace) or Form.FLAT
        edits: dict[Path, Any] = {}
        for name, value in self._pending.items():
            if value is ABSENT:
                edits.update((path, ABSENT) for path in self._places_of(summary, name))
            else:
                places = summaries.places(form, self._namespace, name)
                edits.update((path, value) for path in places)
        return edits

    def _places_of(self, summary: Mapping[str, Any], name: str) -> Iterator[Path]:
        """The places of a name, and of all names below it, in a summary of either form."""
        flat = f"{self._namespace}.{name}"
        yield from ((key,) for key in summary if key == flat or key.startswith(f"{flat}."))
        nested = summaries.nested_path(self._namespace, name)
        if summaries.get(summary, nested) is not ABSENT:
            yield nested


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _of_attempt(values: Mapping[str, Any], stored: Stored) -> Mapping[str, Any]:
    """What is written of the end of an attempt whose run goes on: all but the end itself."""
    state = stored_state(values.get("state"))
    if state is None or state.is_open:
        return values
    kept = {name: value for name, value in values.items() if name not in (*TRACES, "state")}
    is_open = stored.state is not None and stored.state.is_open
    return kept if is_open else {**kept, "state": SweepRunState.RUNNING.value}
