"""The verdicts and evidence of runs in the form of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from janitor.model import THRESHOLDS, Change, Hold, Outcome, Policy, SweepRunState
from janitor.model.evidence import Vitals
from janitor.model.shards import Shard
from janitor.model.summary import ABSENT
from janitor.records.changes import ReportedChange, ReportedEvidence, ReportedHold, Sign
from janitor.records.report import ReportedShard, Thresholds
from janitor.rules import Judgement
from janitor.rules.reading import Reading
from janitor.storage import strict_json

_LONGEST_VALUE: Final = 200
"""Characters of a value that is shown as evidence. Values of ``before`` are never cut."""


def describe_change(
    judgement: Judgement,
    outcome: Outcome,
    *,
    target: str,
    url: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> ReportedChange:
    """A run for which a rule proposed a change, and its outcome.

    For a later outcome or an error: ``change.model_copy(update={"outcome": …, "error": …})``.

    Raises:
        TypeError: the rules proposed no change.

    """
    verdict, reading, run = judgement.verdict, judgement.reading, judgement.run
    if not isinstance(verdict, Change) or reading is None:
        raise TypeError(f"the rules proposed no change for {run.path}: {verdict}")
    return ReportedChange(
        run=run.path,
        sweep=run.sweep,
        name=run.name,
        from_=reading.former_state,
        to=verdict.to.value,
        rule=verdict.rule,
        reason=verdict.reason,
        outcome=outcome,
        evidence=describe_evidence(reading),
        before=dict(before or {}),
        after=dict(after or {}),
        target=target,
        form=reading.form,
        wandb_state=str(run.wandb_state),
        created_at=reading.vitals.created_at,
        last_alive=reading.vitals.last_alive,
        url=url,
    )


def describe_hold(
    judgement: Judgement, hold: Hold, *, target: str, url: str | None = None
) -> ReportedHold:
    """A run that is held: by its verdict, or by a later finding (a stand-down)."""
    run, reading = judgement.run, judgement.reading
    return ReportedHold(
        run=run.path,
        rule=hold.rule,
        reason=hold.reason,
        target=target,
        sweep=run.sweep,
        name=run.name,
        state=reading.former_state if reading else None,
        wandb_state=str(run.wandb_state),
        last_alive=reading.vitals.last_alive if reading else None,
        url=url,
    )


def describe_evidence(reading: Reading) -> ReportedEvidence:
    """The evidence that the rules had about a run."""
    vitals, objective = reading.vitals, reading.objective
    return ReportedEvidence(
        last_alive=vitals.last_alive,
        age_seconds=None if vitals.age is None else vitals.age.total_seconds(),
        signs=_signs(vitals),
        objective=None if objective is ABSENT else _shortened(objective),
        wandb_state=str(reading.run.wandb_state),
    )


def describe_thresholds(policy: Policy) -> Thresholds:
    """How long runs are given."""
    given = {name: getattr(policy, name) for name in THRESHOLDS}
    given["evaluation_timeout"] = policy.timeout(SweepRunState.EVALUATING)
    return {
        f"{name}_seconds": None if value is None else value.total_seconds()
        for name, value in given.items()
    }


def describe_shard(shard: Shard | None, sweeps: int, left_to_others: int) -> ReportedShard | None:
    """Which share of the sweeps a pass scanned; None for all of them."""
    if shard is None:
        return None
    return ReportedShard(
        index=shard.index, count=shard.count, sweeps=sweeps, left_to_others=left_to_others
    )


def _signs(vitals: Vitals) -> tuple[Sign, ...]:
    return tuple(
        Sign(source=piece.source, at=piece.at, raw=_shortened(piece.raw), future=piece.is_future)
        for piece in vitals.evidence
    )


def _shortened(value: Any) -> Any:
    """The value, or the beginning of its JSON text if that is long."""
    try:
        text = value if isinstance(value, str) else strict_json.dumps(value, default=str)
    except ValueError as error:
        return f"(not shown: {error})"
    return value if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
