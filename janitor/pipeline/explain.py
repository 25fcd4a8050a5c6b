"""Why a run is judged as it is, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from janitor.model import Change, Clean, Hold, Policy, RunInfo, Silent, Untracked
from janitor.model.summary import ABSENT
from janitor.model.wording import format_age
from janitor.rules import Judgement, ask_rules


def account(run: RunInfo, judgement: Judgement, policy: Policy, now: datetime) -> Iterator[str]:
    """Each piece of evidence of a run, the answer of each rule, and the verdict; a line each."""
    yield f"{run.path} ({run.name})"
    yield f"W&B says: {run.wandb_state or '(nothing)'}"
    if run.process is not None:
        yield f"the process in charge: {run.process}"
    reading = judgement.reading
    if reading is None:
        yield f"verdict: {describe_answer(judgement.verdict, policy)}"
        return
    yield f"{policy.namespace}.state: {reading.state} ({reading.form} key)"
    objective = "none" if reading.objective is ABSENT else f"{reading.objective!r:.80}"
    yield f"{policy.objective_key}: {objective}"
    yield "evidence:"
    for sign in reading.vitals.evidence:
        if sign.at is None:
            yield f"  {sign.source}: {sign.raw!r:.60}, cannot be read as a time"
        elif sign.is_future:
            yield f"  {sign.source}: {sign.at.isoformat()}, in the future: left out"
        else:
            yield f"  {sign.source}: {sign.at.isoformat()}, {format_age(now - sign.at)} ago"
    age = reading.age
    yield "last alive: " + ("never seen" if age is None else f"{format_age(age)} ago")
    yield "rules:"
    decided = False
    for rule, said in ask_rules(reading, policy):
        if decided:
            yield f"  {rule.id}: not asked, an earlier rule spoke"
        else:
            yield f"  {rule.id}: {describe_answer(said, policy)}"
            decided = not isinstance(said, Silent)
    yield f"verdict: {describe_answer(judgement.verdict, policy)}"


def describe_answer(said: object, policy: Policy) -> str:
    """A rule's answer or a verdict, as a sentence."""
    match said:
        case Change(to=to, reason=reason):
            return f"becomes {policy.word(to)}: {reason}"
        case Hold(reason=reason):
            return f"held: {reason}"
        case Silent(reason=reason):
            return f"silent: {reason}"
        case Clean():
            return "clean: nothing is to be done"
        case Untracked():
            return f"untracked: no {policy.namespace}.state, so it is not ours"
        case _:
            raise TypeError(f"no verdict: {said}")
