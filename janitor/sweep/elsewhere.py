"""Jobs whose folders are on another machine: only what their runs show is known about them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from janitor.model import RunInfo
from janitor.model import summary as summaries
from janitor.model.jobs import Ending, JobTypes
from janitor.model.ledger_items import Ended, Fact
from janitor.model.summary import ABSENT
from janitor.model.trial import Attempt

_REPORTED: Final = {
    "finished": Ending.OK,
    "failed": Ending.FAILED,
    "killed": Ending.LOST,
    "preempted": Ending.PREEMPTED,
}
"""The words with which a run's own process reports its end. ``crashed`` is not among them: W&B says
so after some minutes of silence, and the process may be alive."""


def look_elsewhere(
    job: Attempt, run: RunInfo | None, metrics: Sequence[str], facts: list[Fact], unknown: list[str]
) -> None:
    """Add the end of a job that another machine started, or that nothing is known about it.

    Args:
        job: The job.
        run: Its trial's run, read now; None if there is none.
        metrics: The sweep's metric, and further ones that it needs.
        facts: Get the end.
        unknown: Gets a sentence.

    """
    launch = job.launch
    is_training = launch.kind is JobTypes.LAUNCH_TRAINING
    ending = _REPORTED.get(run.wandb_state) if run is not None else None
    is_first = launch.attempt == 1  # of a later attempt, the word may be that of the one before
    if run is not None and ending is not None and is_training and is_first and run.history_lines:
        facts.append(
            Ended(
                launch.run,
                launch.attempt,
                launch.kind,
                ending,
                f"another machine started it, and W&B says that it is {run.wandb_state}",
                objective=_number(run, metrics[0]),
                metrics={
                    name: value
                    for name in metrics[1:]
                    if (value := _number(run, name)) is not None and math.isfinite(value)
                },
            )
        )
        return
    unknown.append(
        f"{launch.run} attempt {launch.attempt}: another machine started it, whose folder of the"
        " sweep is not here; a step there will settle it. If that machine is gone for good, set the"
        " run's state to crashed"
    )


def _number(run: RunInfo, metric: str) -> float | None:
    """The metric, whose name may contain dots or be nested, as a number."""
    value = summaries.get(run.summary, tuple(metric.split(".")))
    if value is ABSENT:
        value = run.summary.get(metric)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None
