"""Tasks that a manager hands out to workers. Their state is in a file that survives crashes."""

from __future__ import annotations

from janitor.tasks.gpu_locks import GpuLock, acquire_gpu
from janitor.tasks.manager import ManagerSettings, TaskManager
from janitor.tasks.server import TaskServer
from janitor.tasks.state import WorkerFigures
from janitor.tasks.task import Task, TaskStatus
from janitor.tasks.worker import Worker

__all__ = [
    "GpuLock",
    "ManagerSettings",
    "Task",
    "TaskManager",
    "TaskServer",
    "TaskStatus",
    "Worker",
    "WorkerFigures",
    "acquire_gpu",
]
