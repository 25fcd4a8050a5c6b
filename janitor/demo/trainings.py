"""The demo's real trainings: ``python -m janitor.demo.trainings`` starts a process for each.

Two more are the agents of its real sweep (``tuning``). wandb is imported once, and each of them is
a fork of this process; each training has its own run. A line of JSON on stdout names the
trainings' processes. When stdin ends, all of them are killed.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from janitor.demo import tuning
from janitor.demo.seeds import FLAT_SWEEP, NESTED_SWEEP, PROJECT, flat, nested

if TYPE_CHECKING:
    import wandb

_STEPS: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """A training script, from its first log to how it ends."""

    name: str
    sweep: str
    ends: str
    """How, for the demo's table."""
    run: Callable[[Training], None]
    objective: float | None = None
    is_alive: bool = False
    """Whether it still runs when the janitor comes."""

    @property
    def is_nested(self) -> bool:
        """Whether its keys are nested."""
        return self.sweep == NESTED_SWEEP

    def place(self, **values: Any) -> dict[str, Any]:
        """The values in the form that this training writes."""
        return nested(values) if self.is_nested else flat(values)


def _begin(training: Training) -> wandb.Run:
    """The first steps of every training. It never sets its state again: that is the bug."""
    import wandb

    run = wandb.init()
    run.summary.update(training.place(state="running"))
    for step in range(_STEPS):
        run.log({"loss": math.exp(-step / _STEPS)})
    return run


def _finish(training: Training) -> None:
    run = _begin(training)
    if training.objective is not None:
        run.summary.update(training.place(state="running", objective=training.objective))


def _exit_with_1(training: Training) -> None:
    _begin(training)
    sys.exit(1)


def _raise(training: Training) -> None:
    _begin(training)
    raise RuntimeError("CUDA out of memory")


def _train_on(training: Training) -> None:
    run = _begin(training)
    while True:
        run.log({"loss": math.exp(-run.step / _STEPS)})
        time.sleep(0.5)


def _hang(training: Training) -> None:
    _begin(training)
    signal.pause()


def _with_state_manager(_: Training) -> None:
    import wandb

    from janitor.lifecycle import RobustSweepStateManager

    run = wandb.init()
    with RobustSweepStateManager(run) as manager:
        run.log({"loss": 0.1})
        manager.set_state("success", objective=0.95)


KILLED: Final = Training(
    name="real-killed",
    sweep=FLAT_SWEEP,
    ends="killed with SIGKILL (simulated 50 minutes ago)",
    run=_train_on,
)

HANGING: Final = Training(
    name="real-hanging",
    sweep=NESTED_SWEEP,
    ends="hangs but keeps its heartbeat",
    run=_hang,
    is_alive=True,
)

TRAININGS: Final = (
    KILLED,
    *(
        Training(
            name=f"real-finished-{number}",
            sweep=NESTED_SWEEP if number % 2 else FLAT_SWEEP,
            ends="records its objective and exits",
            run=_finish,
            objective=round(0.9 + number / 100, 2),
        )
        for number in range(1, 5)
    ),
    Training(
        name="real-without-objective",
        sweep=NESTED_SWEEP,
        ends="exits without an objective",
        run=_finish,
    ),
    Training(name="real-exit-1", sweep=FLAT_SWEEP, ends="exits with code 1", run=_exit_with_1),
    Training(name="real-exit-1-too", sweep=NESTED_SWEEP, ends="the same", run=_exit_with_1),
    Training(name="real-raises", sweep=NESTED_SWEEP, ends="raises an exception", run=_raise),
    Training(
        name="real-training",
        sweep=FLAT_SWEEP,
        ends="is still training",
        run=_train_on,
        is_alive=True,
    ),
    HANGING,
    Training(
        name="real-with-manager",
        sweep=FLAT_SWEEP,
        ends="uses the janitor's state manager",
        run=_with_state_manager,
    ),
)


def main() -> None:
    """Start every training and agent, and wait for the end of stdin; returns in each of them."""
    import wandb  # noqa: F401 - so that no training has to

    processes = {}
    for training in TRAININGS:
        process = os.fork()
        if process == 0:
            os.environ |= _environment(training)
            training.run(training)
            return
        processes[training.name] = process
    for _ in range(tuning.AGENTS):
        if os.fork() == 0:
            os.environ["WANDB__FILE_STREAM_TRANSMIT_INTERVAL"] = "1"
            tuning.work()
            return
    try:
        print(json.dumps(processes), flush=True)  # noqa: T201 - read by the demo
        sys.stdin.read()
    finally:
        os.killpg(0, signal.SIGKILL)


def _environment(training: Training) -> dict[str, str]:
    """The variables that a sweep's agent sets for its trainings."""
    entity, project = PROJECT.split("/")
    return {
        "WANDB_ENTITY": entity,
        "WANDB_PROJECT": project,
        "WANDB_SWEEP_ID": training.sweep,
        "WANDB_RUN_ID": training.name,
        "WANDB_NAME": training.name,
        "WANDB__FILE_STREAM_TRANSMIT_INTERVAL": "1",
    }


if __name__ == "__main__":
    main()
