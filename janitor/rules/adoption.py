"""Adoption: runs that have no state are judged, if the setting ``adopt`` says so.

Most training code of W&B users writes no state. W&B's own state of a run, its heartbeat and the
metric of its sweep are evidence enough to find out which of its runs have ended.
"""

from __future__ import annotations

import re
from typing import Final

from janitor.model import Policy, RunInfo, RunKind
from janitor.model import summary as summaries
from janitor.model.summary import ABSENT

_OF_A_CONTROLLER: Final = re.compile(r"janitor-[0-9a-f]{16}(-t\d+)?")
"""The ids of runs in which a sweep controller keeps its ledger."""


def may_adopt(run: RunInfo, policy: Policy) -> bool:
    """Whether a run without a state is judged as if it said running.

    Trials of a sweep controller are not: the controller writes their first state.
    """
    return (
        policy.adopt
        and run.defect is None
        and run.kind is RunKind.SWEEP_RUN
        and run.local is None
        and run.trial is None
        and not _OF_A_CONTROLLER.fullmatch(run.id)
        and summaries.form_of(run.summary, policy.namespace) is None
    )


def was_adopted(run: RunInfo, policy: Policy) -> bool:
    """Whether the janitor gave the run its first state."""
    mark = summaries.read(run.summary, policy.namespace, "janitor.adopted")
    return mark is not ABSENT and mark is True


def is_stateless(run: RunInfo, policy: Policy) -> bool:
    """Whether the run's training code keeps no state, as far as is known."""
    return may_adopt(run, policy) or was_adopted(run, policy)
