"""The rules: which change a run needs. Pure; their order is the policy.

The rules are asked in turn, and the first one that matches wins. To add a rule: a file with an
``ID`` and a ``judge``, and its place in :data:`RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from janitor.model import (
    IGNORE_TAG,
    Change,
    Clean,
    Hold,
    Policy,
    RunInfo,
    RunKind,
    Silent,
    SweepRunState,
    Untracked,
    Verdict,
)
from janitor.rules import (
    dead_process,
    heartbeat_expired,
    objective_invalid,
    objective_late,
    objective_recorded,
    queue_expired,
    resurrected,
    stale_assignment,
    trial_phase,
    wandb_crashed,
    wandb_failed,
    wandb_killed,
)
from janitor.rules.adoption import is_stateless
from janitor.rules.custom.rule import judge as judge_custom
from janitor.rules.reading import Reading, read_run
from janitor.rules.selection import policy_for, why_ignored


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, and the function that judges a run."""

    id: str
    judge: Callable[[Reading, Policy], Change | Hold | Silent]
    of_open: bool = True
    """Whether it judges open runs, or else terminal ones."""
    of: RunKind = RunKind.SWEEP_RUN
    """The kind of run that it judges."""


RULES: tuple[Rule, ...] = (
    Rule(trial_phase.ID, trial_phase.judge),
    Rule(trial_phase.ID, trial_phase.judge_terminal, of_open=False),
    Rule(objective_recorded.ID, objective_recorded.judge),
    Rule(objective_invalid.ID, objective_invalid.judge),
    Rule(wandb_crashed.ID, wandb_crashed.judge),
    Rule(wandb_failed.ID, wandb_failed.judge),
    Rule(wandb_killed.ID, wandb_killed.judge),
    Rule(queue_expired.ID, queue_expired.judge),
    Rule(heartbeat_expired.ID, heartbeat_expired.judge),
    Rule(dead_process.ID, dead_process.judge, of=RunKind.EXPERIMENT),
    Rule(stale_assignment.ID, stale_assignment.judge, of=RunKind.TASK),
    Rule(resurrected.ID, resurrected.judge, of_open=False),
    Rule(objective_late.ID, objective_late.judge, of_open=False),
)

_OF_OPEN = tuple(rule for rule in RULES if rule.of_open)
_OF_TERMINAL = tuple(rule for rule in RULES if not rule.of_open)

RULE_IDS = tuple(dict.fromkeys(rule.id for rule in RULES))
"""The ids of the built-in rules."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A run, how it was read, and the verdict on it."""

    run: RunInfo
    reading: Reading | None
    """None if the run's state could not be determined."""
    verdict: Verdict


def judge(run: RunInfo, policy: Policy, now: datetime) -> Judgement:
    """The verdict on a run."""
    policy = policy_for(run, policy)
    reading = read_run(run, policy, now)
    if isinstance(reading, Untracked):
        return Judgement(run, None, reading)
    if IGNORE_TAG in run.tags:
        known = reading if isinstance(reading, Reading) else None
        return Judgement(run, known, Hold("none", f"tagged {IGNORE_TAG}"))
    if isinstance(reading, Hold):
        return Judgement(run, None, reading)
    if (why := why_ignored(reading, policy.ignore)) is not None:
        return Judgement(run, reading, Clean() if _needs_nothing(reading) else Hold("none", why))
    return Judgement(run, reading, _verdict(reading, policy))


def _verdict(reading: Reading, policy: Policy) -> Verdict:
    for _, said in ask_rules(reading, policy):
        if not isinstance(said, Silent):
            return said
    return Clean() if _needs_nothing(reading) else Hold("none", _why_left(reading, policy))


def _needs_nothing(reading: Reading) -> bool:
    """Whether a run that no rule matches needs no attention: it is over, or a task that waits.

    An open run may be lost. A waiting task is not assigned yet.
    """
    waits = reading.run.kind is RunKind.TASK and reading.state is SweepRunState.INITIALIZING
    return waits or not reading.state.is_open


def ask_rules(reading: Reading, policy: Policy) -> Iterator[tuple[Rule, Change | Hold | Silent]]:
    """The answer of each rule about a run, in order, also of those that do not match.

    The policy is the one in effect for this run; see
    :func:`~janitor.rules.selection.policy_for`.
    """
    for rule in (*_OF_OPEN, *own_rules(policy)) if reading.state.is_open else _OF_TERMINAL:
        if rule.of is not reading.run.kind:
            yield rule, Silent(_OF_OTHERS[rule.of])
        elif rule.id not in policy.disabled_rules:
            yield rule, rule.judge(reading, policy)
        elif reading.has_objective and rule.of_open:
            yield (
                rule,
                Hold(
                    rule.id,
                    "disabled in the settings, and no other rule may judge a recorded objective",
                ),
            )
        else:
            yield rule, Silent("disabled in the settings")


_OF_OTHERS = {
    RunKind.SWEEP_RUN: "it judges runs of W&B",
    RunKind.EXPERIMENT: "it judges experiments",
    RunKind.TASK: "it judges tasks",
}


def own_rules(policy: Policy) -> tuple[Rule, ...]:
    """The policy's own rules, in order."""
    return tuple(Rule(rule.id, partial(judge_custom, rule)) for rule in policy.own_rules)


def _why_left(reading: Reading, policy: Policy) -> str:
    if reading.run.kind is not RunKind.SWEEP_RUN:
        asked = [said for rule, said in ask_rules(reading, policy) if rule.of is reading.run.kind]
        return "; ".join(said.reason for said in asked)
    word, seen = reading.run.wandb_state, _last_seen(reading)
    for rule in _OF_OPEN:
        if rule.id in policy.disabled_rules and rule.of is RunKind.SWEEP_RUN:
            said = rule.judge(reading, policy)
            if isinstance(said, Change):
                return f"{seen}, W&B says {word}: {rule.id} is disabled in the settings"
    if (queued := queue_expired.why_queued(reading)) is not None:
        return queued
    return f"{seen}, W&B says {word}{_what_may_come(reading, policy)}"


def _what_may_come(reading: Reading, policy: Policy) -> str:
    word = reading.run.wandb_state
    if word == "finished" and is_stateless(reading.run, policy):
        return (
            f", but no {reading.objective_key} is recorded: it is not known whether the run"
            " succeeded; name its metric with objective"
        )
    if word in wandb_crashed.WORDS:
        return ": it may come back"
    return ": an evaluation may still come" if word.has_ended else ""


def _last_seen(reading: Reading) -> str:
    if reading.silence is None:
        return "it was never seen alive"
    return f"alive {reading.silence_in_words} ago"
