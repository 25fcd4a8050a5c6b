"""The points of a step at which tests kill it. Nothing happens there otherwise.

A step may end at any of them, or between any two lines, and the next step goes on. A test names a
point in :data:`VARIABLE`; the process then kills itself there with SIGKILL. ``NAME:N`` is the N-th
time that the point is reached.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from enum import StrEnum
from typing import Final

VARIABLE: Final = "JANITOR_TRIAL_CRASH_AT"
_seen: Counter[str] = Counter()


class CrashPoint(StrEnum):
    """Where a step can be killed: before and after every append, write and submit."""

    BEFORE_FACTS = "before-facts"
    AFTER_FACTS = "after-facts"
    BEFORE_REPAIR = "before-repair"
    AFTER_REPAIR = "after-repair"
    BEFORE_DECISIONS = "before-decisions"
    AFTER_DECISIONS = "after-decisions"
    BEFORE_RUN = "before-run"
    AFTER_RUN = "after-run"
    BEFORE_DISPATCH = "before-dispatch"
    AFTER_DISPATCH = "after-dispatch"
    BEFORE_CANCEL = "before-cancel"
    AFTER_CANCEL = "after-cancel"
    BEFORE_REFUSALS = "before-refusals"
    AFTER_REFUSALS = "after-refusals"
    BEFORE_SUMMARY = "before-summary"
    AFTER_SUMMARY = "after-summary"


def reach(point: CrashPoint) -> None:
    """Be at a point; end here with SIGKILL if a test asked for it."""
    asked = os.environ.get(VARIABLE)
    if asked is None:
        return
    _seen[point] += 1
    name, _, number = asked.partition(":")
    if name == point and _seen[point] == int(number or 1):
        os.kill(os.getpid(), signal.SIGKILL)
