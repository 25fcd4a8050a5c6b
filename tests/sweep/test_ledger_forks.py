"""Forks of a ledger share trials. None of them may ever see what another one did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from janitor.model.jobs import Cause, Ending, JobStatus
from janitor.model.ledger import Ledger
from janitor.model.ledger_items import (
    Complete,
    Deleted,
    Ended,
    Excluded,
    Included,
    Launch,
    Overruled,
    Reached,
    Refused,
    Stop,
)
from tests.sweep.ledgers import EVAL, TRAIN

RUNS = ("s-0000", "s-0001", "s-0002")


def item_of(kind: int, run: str, number: int) -> Any:
    """One of all items that change a trial."""
    index = RUNS.index(run)
    return (
        Launch(run, index, number, TRAIN, Cause.FIRST, "", 1, 0, params={"x": index}),
        Launch(run, index, number, EVAL, Cause.FIRST, "", 1, 0),
        Ended(run, number, TRAIN, Ending.OK, ""),
        Ended(run, number, EVAL, Ending.FAILED, ""),
        Reached(run, 1, float(number), 1.0, 0.5),
        Refused(run, number, TRAIN, "no"),
        Stop(run, JobStatus.PRUNED, ""),
        Complete(run, JobStatus.COMPLETED, "", 1.0),
        Overruled(run, JobStatus.FAILED, ""),
        Deleted(run),
        Excluded(run, ""),
        Included(run, ""),
    )[kind]


@dataclass
class Branch:
    """A ledger, and what it was told."""

    ledger: Ledger = field(default_factory=lambda: Ledger("s"))
    told: list[Any] = field(default_factory=list)

    def tell(self, item: Any) -> None:
        run = getattr(item, "run", None)
        is_early = run not in self.ledger.trials and not isinstance(item, Launch | Excluded)
        if run is not None and is_early:
            return
        self.ledger.decide(item)
        self.told.append(item)

    def fork(self) -> Branch:
        return Branch(self.ledger.fork(), list(self.told))

    def check(self) -> None:
        alone = Ledger("s")
        for item in self.told:
            alone.decide(item)
        assert self.ledger == alone
        slow = [one for one in alone.trials.values() if not one.is_over or one.has_slot]
        assert {one.run for one in self.ledger.unfinished()} == {one.run for one in slow}
        assert self.ledger.indexes == 1 + max(
            (one.index for one in alone.trials.values()), default=-1
        )


told = st.tuples(
    st.just("tell"),
    st.integers(0, 9),
    st.integers(0, 11),
    st.sampled_from(RUNS),
    st.integers(1, 3),
)
forked = st.tuples(st.just("fork"), st.integers(0, 9))


@settings(max_examples=300, deadline=None)
@given(st.lists(told | told | told | forked, max_size=60))
def test_a_fork_is_what_it_was_told_and_nothing_else(steps: list[Any]) -> None:
    branches = [Branch()]
    for step in steps:
        branch = branches[step[1] % len(branches)]
        if step[0] == "fork":
            branches.append(branch.fork())
        else:
            branch.tell(item_of(*step[2:]))
    for branch in branches:
        branch.check()
