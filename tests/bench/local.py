"""What local state costs: 10,000 experiments, and a manager with 100,000 tasks.

    python tests/bench/local.py

Fails where a figure is over its limit. Loads are counted in seconds of this process's own, so that
what else the machine does is left out; saves wait for the disk and are counted by the wall's clock.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

from janitor.experiments import ExperimentState, StateManager, files
from janitor.tasks import TaskManager
from janitor.tasks.files import ManagerFiles

EXPERIMENTS = 10_000
TASKS = 100_000
LOAD_LIMIT = 2.0
"""Seconds of processor time."""
SAVE_LIMIT = 0.010
"""Seconds, the median, the disk included."""
MEMORY_LIMIT = 400
"""MB, of this process at its peak."""


def main() -> int:
    """Measure; returns 1 where a limit is passed."""
    with tempfile.TemporaryDirectory() as place:
        passed = [_experiments(Path(place) / "states"), _tasks(Path(place))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    passed.append(_told("peak memory", peak, MEMORY_LIMIT, "MB"))
    return 0 if all(passed) else 1


def _experiments(folder: Path) -> bool:
    manager = StateManager(folder)
    folder.mkdir()
    for number in range(EXPERIMENTS):
        state = ExperimentState(
            experiment_id=f"exp_{number}", num_processes=4, config={"lr": 0.1}, config_hash="x"
        )
        manager.path(state.experiment_id).write_text(files.text_of(state))
    began = process_time()
    found = len(manager.list())
    took = process_time() - began
    assert found == EXPERIMENTS
    save = _median(lambda: manager.update("exp_7", lambda _: None))
    return _told(f"load {EXPERIMENTS} experiments", took, LOAD_LIMIT, "s") & _told(
        "save one change of an experiment", save, SAVE_LIMIT, "s"
    )


def _tasks(folder: Path) -> bool:
    path = folder / "manager_state.json"
    config = {"width": 512, "depth": 4, "lr": 0.001, "dataset": "cifar10"}
    with TaskManager(path, say=lambda _: None) as manager:
        manager.add_all(
            (f"exp1_vary_width_{number}_42", "exp1_vary_width", config) for number in range(TASKS)
        )
    began = process_time()
    found = len(ManagerFiles(path).load().tasks)
    took = process_time() - began
    assert found == TASKS
    with TaskManager(path, say=lambda _: None) as again:
        save = _median(lambda: again.assign("gpu0"))
    return _told(f"load {TASKS} tasks", took, LOAD_LIMIT, "s") & _told(
        "save one change of a task", save, SAVE_LIMIT, "s"
    )


def _median(change: Callable[[], object], times: int = 200) -> float:
    seconds = []
    for _ in range(times):
        began = perf_counter()
        change()
        seconds.append(perf_counter() - began)
    return statistics.median(seconds)


def _told(what: str, found: float, limit: float, unit: str) -> bool:
    print(f"{what:40} {found:8.4f} {unit}   (at most {limit:g} {unit})")  # noqa: T201 - a report for people
    return found <= limit


if __name__ == "__main__":
    sys.exit(main())
