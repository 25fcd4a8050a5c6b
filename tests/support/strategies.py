"""Runs and policies of every kind, for Hypothesis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from janitor.model import Change, Policy, RunInfo, SweepRunState
from janitor.pipeline.edits import Edits, edits_for
from janitor.rules import judge
from tests.support.run_samples import DAY, NOW, SECOND, make_run

AT = NOW + SECOND
"""The moment of the write."""
OPEN = sorted(state.value for state in SweepRunState if state.is_open)
TERMINAL = sorted(state.value for state in SweepRunState if not state.is_open)
MARKS = tuple(
    f"janitor.{name}" for name in ("rule", "previous_state", "state", "reason", "at", "version")
)
NAMES = (
    *("state", "objective", "heartbeat", "last_update", "error", "runtime_seconds"),
    *("completion_time", "failure_time", *MARKS, "janitor.resurrected_at"),
)
"""The names under the namespace that the janitor reads or writes."""
ENDED = ("finished", "failed", "crashed", "killed", "preempted")
MAYBE_ALIVE = ("running", "pending", "preempting", "unknown", "", "hibernating")


@dataclass(frozen=True, slots=True)
class Repaired:
    """A run, what the janitor changed in it, and the summary that this leaves."""

    run: RunInfo
    policy: Policy
    change: Change
    edits: Edits
    summary: dict[str, Any]


texts = st.text(st.characters(codec=None), max_size=6)  # lone surrogates, too
numbers = st.one_of(st.integers(-(10**40), 10**40), st.floats(allow_nan=True, allow_infinity=True))
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
past = st.timedeltas(timedelta(0), 3 * DAY).map(lambda age: NOW - age)
moments = st.one_of(
    past,
    st.timedeltas(timedelta(0), 3 * DAY).map(lambda ahead: NOW + ahead),
    st.datetimes(datetime(2014, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is given beside
)
times = st.one_of(
    moments.map(datetime.isoformat),
    moments.map(datetime.timestamp),
    values,
    st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 0, None]),
)
wandb_states = st.sampled_from([*ENDED, *MAYBE_ALIVE])
policies = st.builds(
    Policy,
    heartbeat_timeout=st.timedeltas(SECOND, DAY),
    evaluation_timeout=st.none() | st.timedeltas(SECOND, DAY),
    settle=st.timedeltas(timedelta(0), DAY),
    crash_grace=st.timedeltas(timedelta(0), DAY),
    stale_after=st.timedeltas(SECOND, DAY),
    queue_timeout=st.none() | st.timedeltas(SECOND, DAY),
    finish_timeout=st.timedeltas(timedelta(0), DAY),
    objective=st.sampled_from([None, None, "loss", "a.b"]),
    vocabulary=st.dictionaries(
        st.sampled_from(SweepRunState).filter(lambda state: not state.is_open),
        st.sampled_from(["done", "failed", "over"]),
        max_size=3,
    ),
)


def _own(state: st.SearchStrategy[Any], time: st.SearchStrategy[Any]) -> Any:
    """Values under the namespace, ``state`` among them."""
    given = {
        **dict.fromkeys(NAMES, values),
        **dict.fromkeys(("heartbeat", "last_update", "janitor.at"), time),
        "janitor.state": st.sampled_from([*OPEN, *TERMINAL, "odd"]),
        "objective": st.one_of(st.none(), numbers, values),
    }
    del given["state"]
    return st.fixed_dictionaries({"state": state}, optional=given)


@st.composite
def summaries_of(
    draw: st.DrawFn, state: st.SearchStrategy[Any], time: st.SearchStrategy[Any] = times
) -> dict[str, Any]:
    """Summaries that hold a state: flat, nested, or both."""
    summary = draw(st.dictionaries(texts, values, max_size=2))
    summary |= draw(st.fixed_dictionaries({}, optional={"_timestamp": time, "loss": numbers}))
    own = draw(_own(state, time))
    match draw(st.sampled_from(["flat", "flat", "nested", "nested", "alike", "both"])):
        case "flat":
            return summary | _flat(own)
        case "nested":
            return summary | {"protein": _nested(own)}
        case "alike":
            return summary | _flat(own) | {"protein": {"state": own["state"]}}
        case _:
            return summary | _flat(own) | {"protein": _nested(draw(_own(state, time)))}


def _flat(own: dict[str, Any]) -> dict[str, Any]:
    return {f"protein.{name}": value for name, value in own.items()}


def _nested(own: dict[str, Any]) -> dict[str, Any]:
    deep: dict[str, Any] = {}
    for name, value in own.items():
        *way, last = name.split(".")
        level = deep
        for key in way:
            level = level.setdefault(key, {})
        level[last] = value
    return deep


any_summaries = st.one_of(
    st.dictionaries(texts | st.sampled_from(["protein", "protein.state"]), values, max_size=4),
    summaries_of(st.one_of(st.sampled_from([*OPEN, *TERMINAL, "failed", "done", ""]), values)),
)


@st.composite
def runs_of(
    draw: st.DrawFn,
    summary: st.SearchStrategy[dict[str, Any]],
    wandb: st.SearchStrategy[str] = wandb_states,
    time: st.SearchStrategy[Any] = times,
) -> RunInfo:
    return make_run(
        draw(summary), draw(wandb), created_at=draw(time), heartbeat_at=draw(st.none() | time)
    )


open_runs = runs_of(summaries_of(st.sampled_from(OPEN)))
terminal_runs = runs_of(summaries_of(st.sampled_from([*TERMINAL, "failed"])))
any_runs = st.one_of(runs_of(any_summaries), open_runs, terminal_runs)


@st.composite
def repairs(draw: st.DrawFn, wandb: st.SearchStrategy[str] = wandb_states) -> Repaired:
    """Runs that the janitor changes, and what it leaves of them."""
    time = past.map(datetime.isoformat)
    run = draw(runs_of(summaries_of(st.sampled_from(OPEN), time), wandb, time))
    found = repaired(run, draw(policies), NOW)
    assume(found is not None)
    assert found is not None
    return found


@st.composite
def returns(draw: st.DrawFn) -> Repaired:
    """Runs that the janitor marked as ended, that are alive, and that it takes back."""
    over = draw(repairs(st.just("running")))
    beat = AT + draw(st.timedeltas(61 * SECOND, 200 * SECOND))
    alive = replace(over.run, summary=over.summary, heartbeat_at=beat.isoformat())
    found = repaired(alive, over.policy, NOW)
    assume(found is not None)
    assert found is not None
    return found


all_repairs = repairs() | returns()


def repaired(run: RunInfo, policy: Policy, now: datetime) -> Repaired | None:
    """What the janitor makes of a run; None where it leaves it alone."""
    judgement = judge(run, policy, now)
    if not isinstance(judgement.verdict, Change) or judgement.reading is None:
        return None
    edits = edits_for(judgement.verdict, judgement.reading, policy, AT)
    try:
        return Repaired(run, policy, judgement.verdict, edits, edits.applied(run.summary))
    except ValueError:
        return None  # something stands in the way: the run is held
