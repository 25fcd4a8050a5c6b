"""Serves workers: answers their requests until everything is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import Final

from janitor.tasks.mailbox import Mailbox, mailboxes, take_back_over, tell_over
from janitor.tasks.manager import TaskManager

_LOOK_UP: Final = 0.1
"""Seconds between two checks of the mailboxes."""


@dataclass(slots=True)
class TaskServer:
    """Serves the workers of one manager.

    Args:
        manager: Hands the tasks out.

    """

    manager: TaskManager
    _answered: dict[str, int] = field(default_factory=dict, init=False)

    def serve(self, stop: Event | None = None) -> None:
        """Answer workers until every task is completed, or failed for good.

        Ctrl+C ends it too. Use the manager's own ``with`` to save everything then.

        Args:
            stop: Ends the server when it is set.

        """
        stop = stop or Event()
        take_back_over(self.manager.state_file)
        while not stop.is_set():
            self.answer_all()
            self.manager.tick()
            if self.manager.is_over:
                self.answer_all()
                tell_over(self.manager.state_file)
                return
            stop.wait(_LOOK_UP)

    def answer_all(self) -> None:
        """Answer every request that can be answered now."""
        for box in mailboxes(self.manager.state_file):
            number = box.requested()
            if number is None or self._answered.get(box.worker) == number:
                continue
            if box.answered() == number or self._answer(box, number):
                self._answered[box.worker] = number

    def _answer(self, box: Mailbox, number: int) -> bool:
        """Answer a request; False if it cannot be answered yet.

        The outcome of the worker's previous task is applied first. A task that the worker still has
        then was assigned before the worker or the manager died: the worker gets it again.
        """
        manager = self.manager
        with manager.lock:
            if (did := box.did()) is not None:
                manager.take_in(did)
            manager.refresh_completed()
            task = manager.assign_again(box.worker) or manager.assign(box.worker)
            if task is None and not manager.is_over:
                return False  # other workers are busy, and may still fail
        box.answer(number, task)
        return True
