"""Why a run is judged as it is, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from janitor.model import (
    Change,
    Clean,
    Evidence,
    Hold,
    Policy,
    RunInfo,
    RunKind,
    Silent,
    Untracked,
)
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT
from janitor.model.wording import format_age
from janitor.rules import Judgement, ask_rules
from janitor.rules.reading import Reading


def account(run: RunInfo, judgement: Judgement, policy: Policy, now: datetime) -> Iterator[str]:
    """The evidence of a run, the answer of each rule, and the verdict; one line each.

    Args:
        run: The run.
        judgement: The verdict on it.
        policy: The one in effect for this run.
        now: The moment of the judgement, UTC.

    """
    yield f"{run.path} ({run.name})"
    yield f"W&B says: {run.wandb_state or '(nothing)'}"
    if run.process is not None:
        yield f"the process in charge: {run.process}"
    reading = judgement.reading
    if reading is None:
        yield f"verdict: {describe_answer(judgement.verdict, policy)}"
        return
    yield f"{policy.namespace}.state: {reading.state} ({reading.form} key)"
    yield from _our_own_hand(reading, policy, now)
    objective = "none" if reading.objective is ABSENT else f"{reading.objective!r:.80}"
    yield f"{reading.objective_key}: {objective}"
    if run.kind is RunKind.SWEEP_RUN:
        yield from _settings(policy)
    yield "evidence:"
    for sign in reading.vitals.evidence:
        yield f"  {sign.source}: {_describe_sign(sign, now)}"
    yield f"last alive: {_last_alive(reading)}"
    yield "rules:"
    decided = False
    for rule, said in ask_rules(reading, policy):
        if decided:
            yield f"  {rule.id}: not asked, an earlier rule matched"
        else:
            yield f"  {rule.id}: {describe_answer(said, policy)}"
            decided = not isinstance(said, Silent)
    yield f"verdict: {describe_answer(judgement.verdict, policy)}"


def _our_own_hand(reading: Reading, policy: Policy, now: datetime) -> Iterator[str]:
    """What an earlier pass wrote into the run, and how to undo it."""
    rule = reading.mark("rule", policy)
    if rule is ABSENT:
        at = parse_time(reading.mark("resurrected_at", policy))
        if at is not None:
            yield f"the janitor gave it this state back {format_age(now - at)} ago"
        return
    at = parse_time(reading.mark("at", policy))
    when = "at an unknown time" if at is None else f"{format_age(now - at)} ago"
    before, after = reading.mark("previous_state", policy), reading.mark("state", policy)
    yield (
        f"the janitor changed it {when}: {before!s:.40} to {after!s:.40}, rule {rule!s:.60}"
        f" ({reading.mark('reason', policy)!s:.300})"
    )
    if after != reading.state:
        yield "  since then it was changed by somebody else"
    else:
        yield f"  undo: janitor undo JOURNAL --run {reading.run.path} (janitor journal list)"


def _settings(policy: Policy) -> Iterator[str]:
    """The thresholds in effect for this run, its overrides included."""
    evaluation = policy.evaluation_timeout or policy.heartbeat_timeout
    waits = "none" if policy.queue_timeout is None else format_age(policy.queue_timeout)
    yield (
        f"settings for this run: heartbeat_timeout {format_age(policy.heartbeat_timeout)},"
        f" evaluation_timeout {format_age(evaluation)}, settle {format_age(policy.settle)},"
        f" crash_grace {format_age(policy.crash_grace)}, queue_timeout {waits},"
        f" finish_timeout {format_age(policy.finish_timeout)}"
    )
    if policy.disabled_rules:
        yield f"rules disabled in the settings: {', '.join(sorted(policy.disabled_rules))}"


def _describe_sign(sign: Evidence, now: datetime) -> str:
    if sign.at is None:
        return f"{sign.raw!r:.60}, cannot be read as a time"
    at = sign.at.isoformat()
    if sign.is_future:
        return f"{at}, in the future: not counted"
    if sign.is_ahead:
        return f"{at}, by a clock that runs ahead of the server's: not counted"
    return f"{at}, {format_age(now - sign.at)} ago"


def _last_alive(reading: Reading) -> str:
    return "never" if reading.age is None else f"{reading.silence_in_words} ago"


def describe_answer(said: object, policy: Policy) -> str:
    """A rule's answer or a verdict, as a sentence."""
    match said:
        case Change(to=to, reason=reason):
            return f"becomes {policy.word(to)}: {reason}"
        case Hold(reason=reason):
            return f"held: {reason}"
        case Silent(reason=reason):
            return f"no match: {reason}"
        case Clean():
            return "clean: nothing to do"
        case Untracked():
            return f"untracked: it has no {policy.namespace}.state"
        case _:
            raise TypeError(f"not a verdict: {said}")
