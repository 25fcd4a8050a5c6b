"""trial-phase: a run of a sweep controller's trial, whose state the controller decides.

A trial that waits (queued, at a rung, for its evaluation, for its next attempt) has no process, and
a trial that is being stopped is expected to end. Neither is a sign that it is lost. While its job
is proved to be alive, no silence counts. Otherwise the other rules judge.
"""

from __future__ import annotations

from janitor.model import Change, Hold, Liveness, Policy, Silent
from janitor.rules.reading import Reading

ID = "trial-phase"

_WAITING = {
    "pending": "it waits for a worker or for its next attempt",
    "paused": "it waits at a rung",
    "training_done_no_eval": "its training ended, and its evaluation is to come",
    "eval_done_not_completed": "its jobs ended well, and the controller records it next",
}


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:  # noqa: ARG001 - the signature of a rule
    """Hold what the controller decides; the other rules judge a job whose process is not alive."""
    trial = reading.run.trial
    if trial is None:
        return Silent("it is not a trial of a sweep controller")
    if trial.is_stopping:
        return Hold(ID, "the controller is stopping it")
    if trial.status in _WAITING:
        return Hold(ID, _WAITING[trial.status])
    if not trial.is_open:
        return Silent(f"the ledger says that it is over: {trial.status}")
    if trial.job is Liveness.ALIVE:
        return Hold(ID, "its job holds its lock, so its process is alive")
    return Silent("its job is not proved to be alive")


def judge_terminal(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """The same for a run whose summary is terminal although its ledger has it open."""
    trial = reading.run.trial
    if trial is None or not trial.is_open:
        return Silent("it is not an open trial of a sweep controller")
    said = judge(reading, policy)
    if isinstance(said, Hold):
        return said
    return Hold(ID, "its ledger has it open: the controller decides its state")
