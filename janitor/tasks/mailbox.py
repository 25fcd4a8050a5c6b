"""How workers and the manager communicate: files beside the state file, one folder per worker.

    .workers/NAME/request.json      by the worker: {"number": 7, "identity": {…}, "did": {…}}
    .workers/NAME/assignment.json   by the manager: {"number": 7, "task": {…}}

A request stays until it is answered, so either side may die and come back. ``"did"`` is the outcome
of the worker's previous task, like its row of results: a manager that does not see that row
(another folder, a file system that shows new files late) must not hand the task out again.
``"task": null`` means that nothing is left to do. So does ``.workers/over``, for a worker whose
manager has ended since. Workers may be on other machines that share the file system.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from janitor.errors import StateFileError, UsageError
from janitor.runtime.processes import this_process
from janitor.storage import strict_json
from janitor.storage.atomic import make_folder, write_atomically
from janitor.storage.untrusted import read_untrusted
from janitor.tasks.results import Row
from janitor.tasks.task import Task, read_task

_WORKERS: Final = ".workers"
_OVER: Final = "over"
_ROW: Final = TypeAdapter(Row)


@dataclass(frozen=True, slots=True)
class Answer:
    """The manager's answer to a request."""

    task: Task | None
    """None if nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One worker's folder."""

    folder: Path

    @property
    def worker(self) -> str:
        """The worker's name."""
        return self.folder.name

    def request(self, did: Row | None = None) -> int:
        """Ask for the next task; returns the request's number.

        Args:
            did: The outcome of the previous task.

        Raises:
            StateFileError: it cannot be written.

        """
        make_folder(self.folder, error=StateFileError)
        number = max(self.requested() or 0, self.answered() or 0) + 1
        letter = {"number": number, "identity": this_process().model_dump()}
        if did is not None:
            letter["did"] = _ROW.dump_python(did, mode="json")
        _write(self.folder / "request.json", letter)
        return number

    def requested(self) -> int | None:
        """The number of the latest request."""
        return _number(_read(self.folder / "request.json"))

    def did(self) -> Row | None:
        """The outcome of the task before the latest request; None if the request has none."""
        letter = _read(self.folder / "request.json") or {}
        try:
            return _ROW.validate_python(letter.get("did"))
        except ValidationError:
            return None

    def answer(self, number: int, task: Task | None) -> None:
        """Answer a request.

        Raises:
            StateFileError: it cannot be written.

        """
        document = None if task is None else task.document()
        _write(self.folder / "assignment.json", {"number": number, "task": document})

    def answered(self) -> int | None:
        """The number of the latest answered request."""
        return _number(_read(self.folder / "assignment.json"))

    def answer_to(self, number: int) -> Answer | None:
        """The answer to a request; None if there is none yet."""
        letter = _read(self.folder / "assignment.json")
        if letter is None or _number(letter) != number:
            return None
        document = letter.get("task")
        if document is None:
            return Answer(None)
        return Answer(read_task(document["task_id"], document, local=False))


def mailbox(state_file: Path, worker: str) -> Mailbox:
    """A worker's mailbox.

    Raises:
        UsageError: the worker's name cannot be the name of a folder.

    """
    if not worker.isprintable() or "/" in worker or worker.strip(" .") != worker or not worker:
        raise UsageError(
            f"{worker!r:.60} is not a worker's name: use a name for a folder, such as gpu0"
        )
    return Mailbox(state_file.parent / _WORKERS / worker)


def mailboxes(state_file: Path) -> Iterator[Mailbox]:
    """The mailboxes of all workers that ever sent a request."""
    for path in sorted((state_file.parent / _WORKERS).glob("*/request.json")):
        yield Mailbox(path.parent)


def tell_over(state_file: Path) -> None:
    """Leave word for late workers that everything is done.

    Raises:
        StateFileError: it cannot be written.

    """
    make_folder(state_file.parent / _WORKERS, error=StateFileError)
    write_atomically(state_file.parent / _WORKERS / _OVER, "", error=StateFileError)


def take_back_over(state_file: Path) -> None:
    """Withdraw it: there may be tasks to do again."""
    (state_file.parent / _WORKERS / _OVER).unlink(missing_ok=True)


def is_over(state_file: Path) -> bool:
    """Whether the last manager ended because everything was done."""
    return (state_file.parent / _WORKERS / _OVER).exists()


def _write(path: Path, letter: Mapping[str, Any]) -> None:
    write_atomically(path, strict_json.dumps(letter) + "\n", error=StateFileError)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        letter = strict_json.loads(read_untrusted(path, error=StateFileError))
    except (StateFileError, ValueError):
        return None
    return letter if isinstance(letter, dict) else None


def _number(letter: dict[str, Any] | None) -> int | None:
    number = letter.get("number") if letter else None
    return number if isinstance(number, int) else None
