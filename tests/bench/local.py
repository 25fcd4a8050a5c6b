"""Measures local state: 10,000 experiments, and a manager with 100,000 tasks.

``make bench``, or ``python -m tests.bench.local``: needs no server. Prints a table, and fails where
a figure is over its limit. Loads are counted in seconds of this process's own, so that what else
the machine does is left out; saves wait for the disk and are counted by the wall's clock.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

from janitor.experiments import ExperimentState, StateManager, files
from janitor.tasks import TaskManager
from janitor.tasks.files import ManagerFiles

EXPERIMENTS = 10_000
TASKS = 100_000
LOAD_LIMIT = 2000
"""Milliseconds of processor time."""
SAVE_LIMIT = 10
"""Milliseconds, the median, the disk included."""
MEMORY_LIMIT = 400
"""MB, of this process at its peak."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured."""

    what: str
    found: float
    limit: float
    unit: str


def main() -> int:
    """Measure, and print the table; returns 1 where a limit is passed."""
    with tempfile.TemporaryDirectory() as place:
        figures = [*experiments(Path(place) / "states"), *tasks(Path(place))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures.append(Figure("peak memory of both", peak, MEMORY_LIMIT, "MB"))
    sys.stdout.write(table(figures))
    return int(any(figure.found > figure.limit for figure in figures))


def experiments(folder: Path) -> list[Figure]:
    """A folder of state files, listed; and one of them changed."""
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
    return [
        Figure(f"load {EXPERIMENTS:,} experiments", took * 1000, LOAD_LIMIT, "ms"),
        Figure("save one change of an experiment", save * 1000, SAVE_LIMIT, "ms"),
    ]


def tasks(folder: Path) -> list[Figure]:
    """A manager's state file, loaded; and one task assigned."""
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
    return [
        Figure(f"load {TASKS:,} tasks", took * 1000, LOAD_LIMIT, "ms"),
        Figure("save one change of a task", save * 1000, SAVE_LIMIT, "ms"),
    ]


def _median(change: Callable[[], object], times: int = 200) -> float:
    seconds = []
    for _ in range(times):
        began = perf_counter()
        change()
        seconds.append(perf_counter() - began)
    return statistics.median(seconds)


def table(figures: Sequence[Figure]) -> str:
    """The figures beside their limits."""
    rows = (
        f"| {one.what} | {one.found:,.1f} {one.unit} | {one.limit:,} {one.unit} |\n"
        for one in figures
    )
    return "| local state | measured | at most |\n|---|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    sys.exit(main())
