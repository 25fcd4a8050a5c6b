"""The launches of schedulers: of a new trial, and of a further training of one. Pure."""

from __future__ import annotations

from janitor.model.jobs import Cause, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import Launch
from janitor.model.trial import Trial
from janitor.sweep.ports import Suggestion
from janitor.sweep.seeds import run_id, seed_of

_TRAINING = JobTypes.LAUNCH_TRAINING


def first_launch(
    ledger: Ledger,
    index: int,
    suggestion: Suggestion,
    *,
    repeat: int = 0,
    budget: float | None = None,
    rung: float | None = None,
) -> Launch:
    """The first training of a new trial.

    Args:
        ledger: The sweep.
        index: The trial's number.
        suggestion: Its configuration.
        repeat: The number of its repeat.
        budget: The amount of the resource at which the training ends; None if it ends by itself.
        rung: The milestone at which the trial waits after it; None if nothing more is to train.

    """
    return Launch(
        run_id(ledger.name, index, repeat),
        index,
        attempt=1,
        kind=_TRAINING,
        cause=Cause.FIRST,
        reason=suggestion.reason,
        spec=ledger.spec.version,
        seed=seed_of(ledger.name, index, repeat, f"{_TRAINING}.a1"),
        repeat=repeat,
        params=suggestion.params,
        memory=suggestion.memory,
        budget=budget,
        rung=rung,
    )


def promotion(
    ledger: Ledger, trial: Trial, budget: float, rung: float | None, reason: str
) -> Launch:
    """A further training of a trial that waits at a rung, from its own checkpoint."""
    attempt = 1 + max(job.launch.attempt for job in trial.trainings)
    return Launch(
        trial.run,
        trial.index,
        attempt=attempt,
        kind=_TRAINING,
        cause=Cause.PROMOTED,
        reason=reason,
        spec=ledger.spec.version,
        seed=seed_of(ledger.name, trial.index, trial.repeat, f"{_TRAINING}.a{attempt}"),
        repeat=trial.repeat,
        budget=budget,
        resume_from=trial.run,
        rung=rung,
    )
