"""heartbeat-expired: no sign of life for longer than the timeout."""

from __future__ import annotations

from janitor.model import Change, Hold, Liveness, Policy, Silent, SweepRunState
from janitor.model.wording import format_age
from janitor.rules.reading import Reading

ID = "heartbeat-expired"


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:
    """Timeout; held where the clocks disagree or nothing tells the run's age."""
    timeout, age = policy.timeout(reading.state), reading.age
    liveness = reading.vitals.liveness(timeout)
    if liveness is Liveness.ALIVE and age is not None:
        return Silent(f"alive {format_age(age)} ago, and the timeout is {format_age(timeout)}")
    future = reading.vitals.future
    if future is not None and future.at is not None:
        ahead = format_age(future.at - reading.vitals.now)
        return Hold(ID, f"clock: {future.source} lies {ahead} in the future")
    if age is None:
        return Hold(ID, "no time can be read that tells when the run was last alive")
    return Change(ID, SweepRunState.TIMEOUT, _reason(reading, format_age(age)))


def _reason(reading: Reading, age: str) -> str:
    word = reading.run.wandb_state
    if word.has_ended:
        return f"ended without an objective: W&B says {word}, last sign of life {age} ago"
    return f"silent for {age} while W&B says {word}"
