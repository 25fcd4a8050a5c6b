"""heartbeat-expired: no sign of life for longer than the timeout."""

from __future__ import annotations

from janitor.model import Change, Hold, Liveness, Policy, Silent, SweepRunState
from janitor.model.wording import format_age
from janitor.rules.adoption import is_stateless
from janitor.rules.queue_expired import why_queued
from janitor.rules.reading import Reading

ID = "heartbeat-expired"


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Timeout; held if the clocks disagree or no timestamp shows when the run was alive."""
    if (queued := why_queued(reading)) is not None:
        return Silent(queued)
    if reading.run.wandb_state == "finished" and is_stateless(reading.run, policy):
        return Silent("W&B says finished, which is not a sign of a lost run without a state")
    timeout, silence = policy.timeout(reading.state), reading.silence
    liveness = reading.vitals.liveness(timeout)
    if liveness is Liveness.ALIVE and silence is not None:
        return Silent(
            f"alive {reading.silence_in_words} ago, and the timeout is {format_age(timeout)}"
        )
    future = reading.vitals.future
    if future is not None and future.at is not None:
        ahead = format_age(future.at - reading.vitals.now)
        return Hold(ID, f"clock: {future.source} is {ahead} in the future")
    if silence is None:
        return Hold(ID, "no readable timestamp shows when the run was last alive")
    return Change(ID, SweepRunState.TIMEOUT, _reason(reading, reading.silence_in_words))


def _reason(reading: Reading, silence: str) -> str:
    word = reading.run.wandb_state
    if word.has_ended:
        return f"ended without an objective: W&B says {word}, last sign of life {silence} ago"
    return f"silent for {silence} while W&B says {word}"
