"""What type checkers see of experiments and tasks; mypy checks this file, and nothing runs it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_type

import janitor
from janitor.experiments import mark_progress
from janitor.tasks import GpuLock, ManagerSettings, TaskServer, Worker, WorkerFigures, acquire_gpu


def experiments() -> None:
    manager = janitor.StateManager(".experiment_state")
    assert_type(manager.list(), list[janitor.ExperimentState])
    state = janitor.ExperimentRunner(manager).run({"lr": 0.1}, [["python", "train.py"]])
    assert_type(state, janitor.ExperimentState)
    assert_type(state.status, janitor.ExperimentStatus)
    assert_type(state.process_progress, dict[int, janitor.ProcessProgress])
    assert_type(state.process_progress[0].status, janitor.ProcessStatus)
    assert_type(janitor.config_hash({"lr": 0.1}), str)
    assert_type(janitor.sanitize_experiment_id("night 1"), str)
    assert_type(mark_progress(), int)


def tasks() -> None:
    with janitor.TaskManager("manager_state.json", settings=ManagerSettings()) as manager:
        assert_type(manager, janitor.TaskManager)
        assert_type(manager.add("seed_1", "phase1", {"seed": 1}), janitor.Task)
        assert_type(manager.assign("gpu0"), janitor.Task | None)
        assert_type(manager.figures(), dict[str, WorkerFigures])
        TaskServer(manager).serve()
    worker = Worker(name="gpu0", state_file=Path("manager_state.json"), work=work)
    assert_type(worker.run(), int)
    assert_type(acquire_gpu(Path(), [0, 1]), GpuLock)


def work(task: janitor.Task) -> Mapping[str, float]:
    assert_type(task.config, Mapping[str, Any])
    assert_type(task.status, janitor.TaskStatus)
    return {"loss": 0.1}
