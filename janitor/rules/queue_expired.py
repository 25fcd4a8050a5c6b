"""queue-expired: the run waits in a queue for longer than ``queue_timeout``.

A queued run has no process, so its silence means nothing.
"""

from __future__ import annotations

from datetime import timedelta

from janitor.model import NEVER_STARTED, Change, Policy, RunKind, Silent, SweepRunState
from janitor.model.wording import format_age
from janitor.rules.reading import Reading

ID = "queue-expired"


def judge(reading: Reading, policy: Policy) -> Change | Silent:
    """Timeout, once the run has waited too long; without a limit it may wait forever."""
    why = why_queued(reading)
    if why is None:
        return Silent("it does not wait in a queue")
    limit = _limit(reading, policy)
    if limit is None:
        return Silent(f"{why}, and no queue_timeout is set")
    if reading.silence is None or reading.vitals.future is not None:
        return Silent(f"{why}, and it is not known since when")
    if reading.silence <= limit:
        return Silent(f"{why} for {reading.silence_in_words}, and is given {format_age(limit)}")
    return Change(
        ID,
        SweepRunState.TIMEOUT,
        f"{why} for {reading.silence_in_words}, longer than queue_timeout ({format_age(limit)})",
    )


def why_queued(reading: Reading) -> str | None:
    """Why the run is taken for one that waits in a queue; None if it is not."""
    run = reading.run
    if run.kind is not RunKind.SWEEP_RUN:
        return None
    if run.wandb_state == "pending":
        return "W&B says pending: it waits in a queue"
    if (
        reading.state is SweepRunState.INITIALIZING
        and not run.wandb_state.has_ended
        and not reading.vitals.was_seen_alive
        and reading.vitals.created_at is not None
    ):
        return "it was created and never seen alive: it waits to be started"
    return None


def _limit(reading: Reading, policy: Policy) -> timedelta | None:
    if policy.queue_timeout is not None or reading.run.wandb_state == "pending":
        return policy.queue_timeout
    return NEVER_STARTED
