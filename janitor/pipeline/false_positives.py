"""Which runs that an earlier pass closed lived on, and a timeout with which they stay open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from statistics import quantiles

from janitor.model import Change, Policy, SweepRunState
from janitor.model.evidence import parse_time
from janitor.model.summary import ABSENT
from janitor.pipeline.history import Past, PastWrite
from janitor.records.report import FalsePositives
from janitor.rules import Judgement, objective_late, resurrected
from janitor.rules.reading import Reading


def came_back(judged: Iterable[Judgement], past: Past, policy: Policy) -> dict[str, PastWrite]:
    """The runs that an earlier pass closed and that lived on, by path.

    Those that still have our mark are resurrected now, or have an objective now. A live SDK removes
    our mark with its next log: such a run is open again without it, or has ended since, and only
    journals and reports show that we wrote.

    Args:
        judged: Runs to be changed or held, and those that an earlier pass wrote.
        past: What earlier passes wrote.
        policy: Names the namespace.

    """
    found: dict[str, PastWrite] = {}
    for one in judged:
        path, reading = one.run.path, one.reading
        if reading is None:
            continue
        if isinstance(one.verdict, Change) and one.verdict.rule in _CORRECTIONS:
            found[path] = _marked(reading, policy)
        elif (write := past.writes.get(path)) is not None and (
            _wiped(reading, write, policy) or _ended_later(reading, write, policy)
        ):
            found[path] = write
    return found


_CORRECTIONS = frozenset({resurrected.ID, objective_late.ID})


def _marked(reading: Reading, policy: Policy) -> PastWrite:
    at = parse_time(reading.mark("at", policy)) or reading.vitals.now
    ended = reading.own("failure_time", policy), reading.own("completion_time", policy)
    last_alive = next((time for time in map(parse_time, ended) if time is not None), None)
    silence = None if last_alive is None else at - last_alive
    return PastWrite(str(reading.mark("rule", policy)), at, silence)


def _wiped(reading: Reading, write: PastWrite, policy: Policy) -> bool:
    last_alive = reading.vitals.last_alive
    return (
        reading.state.is_open
        and reading.mark("state", policy) is ABSENT
        and last_alive is not None
        and last_alive > write.at
    )


def _ended_later(reading: Reading, write: PastWrite, policy: Policy) -> bool:
    """Whether the run lived on after the write, and has ended since.

    A heartbeat counts only if our mark is gone as well: an edit by somebody else may move it.
    """
    if reading.state.is_open:
        return False
    is_gone = reading.mark("state", policy) is ABSENT
    if write.state == SweepRunState.SUCCESS and reading.state is SweepRunState.SUCCESS:
        return False
    return any(
        sign.at is not None
        and not sign.is_future
        and sign.at - write.at > resurrected.BEYOND_OUR_WRITE
        and (is_gone or sign.source != "heartbeatAt")
        for sign in reading.vitals.evidence
    )


def false_positives(found: Mapping[str, PastWrite], judged: Iterable[Judgement]) -> FalsePositives:
    """The runs that lived on, per rule, and a timeout with which they would not be closed.

    The suggestion is the 99.9th percentile of the silences of runs that lived: those that came
    back, and those that are alive now; in whole minutes.
    """
    rules = [write.rule for write in found.values()]
    silences = [write.silence for write in found.values() if write.silence is not None]
    suggestion = None
    if silences:
        silences += [
            one.reading.age
            for one in judged
            if one.reading is not None
            and one.reading.state.is_open
            and one.run.wandb_state == "running"
            and not isinstance(one.verdict, Change)
            and one.reading.age is not None
        ]
        suggestion = _percentile([silence.total_seconds() for silence in silences])
    return FalsePositives(
        by_rule={rule: rules.count(rule) for rule in sorted(set(rules))},
        runs=tuple(sorted(found)),
        suggested_heartbeat_timeout_seconds=suggestion,
    )


def _percentile(seconds: list[float]) -> float:
    if len(seconds) == 1:
        seconds = seconds * 2
    return 60.0 * ceil(quantiles(seconds, n=1000, method="inclusive")[998] / 60)
