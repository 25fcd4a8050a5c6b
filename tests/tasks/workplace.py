from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from janitor.tasks import ManagerSettings, TaskManager

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@dataclass
class Bench:
    """A manager's surroundings: its folder, a clock to set, and what was printed."""

    folder: Path
    now: datetime = NOON
    seconds: float = 0
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    name: str = "manager_state.json"

    @property
    def state_file(self) -> Path:
        return self.folder / self.name

    def manager(self, **settings: Any) -> TaskManager:
        return TaskManager(
            self.state_file,
            settings=ManagerSettings(on_problem=self.problems.append, **settings),
            clock=lambda: self.now,
            count=lambda: self.seconds,
            say=self.lines.append,
        )

    def dies(self, manager: TaskManager) -> None:
        """What SIGKILL leaves behind."""
        manager.release()
        self.lines.clear()

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.state_file.read_text())
        return found


def statuses(manager: TaskManager) -> dict[str, str]:
    return {task.task_id: task.status.value for task in manager.tasks}
