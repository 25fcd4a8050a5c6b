"""How far a trial is, as schedulers with rungs see it, and why one does not go on. Pure."""

from __future__ import annotations

import math

from janitor.model.jobs import Ending, JobTypes
from janitor.model.trial import Trial
from janitor.sweep.schedulers.rungs import Judged


def not_kept(metric: str, at: str, judged: Judged) -> str:
    """Why a trial does not go on: ``0.81 is not in the best 3 of 9 at epoch 3``."""
    if not math.isfinite(judged.value):
        return f"{metric} = {judged.value} is not a finite number at {at}"
    said = f"{metric} = {judged.value:.6g}"
    if judged.kept == 0:
        return f"{said} is one of {judged.count} at {at}, too few to promote one"
    return f"{said} is not in the best {judged.kept} of {judged.count} at {at}"


def is_in_training(trial: Trial) -> bool:
    """Whether its training goes on, or is to be tried again."""
    if trial.is_over or trial.newest.launch.kind is not JobTypes.LAUNCH_TRAINING:
        return False
    ended = trial.newest.ended
    return ended is None or ended.ending is not Ending.OK


def is_waiting(trial: Trial) -> bool:
    """Whether its last job is a training that ended well, and it is not over."""
    ended = trial.newest.ended
    return (
        not trial.is_over
        and ended is not None
        and ended.ending is Ending.OK
        and trial.newest.launch.kind is JobTypes.LAUNCH_TRAINING
    )


def highest(trial: Trial) -> float:
    """The highest milestone that a trial has reached."""
    return max((one.rung for one in trial.reached), default=0.0)
