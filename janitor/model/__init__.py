"""The vocabulary, as frozen types. Imports nothing of janitor except errors."""

from janitor.model.outages import Outage
from janitor.model.policy import (
    AUTO,
    FINISH_TIMEOUT,
    IGNORE_TAG,
    NEVER_STARTED,
    STALE_AFTER,
    Ignore,
    Override,
    OwnRule,
    Policy,
)
from janitor.model.runs import Evidence, Liveness, RunInfo, RunKind, RunPage
from janitor.model.states import SweepRunState, WandbState
from janitor.model.targets import (
    LOCAL_SCHEMES,
    ResolvedTarget,
    Target,
    TargetKind,
    is_local,
)
from janitor.model.verdicts import Change, Clean, Hold, Outcome, Silent, Untracked, Verdict

__all__ = [
    "AUTO",
    "FINISH_TIMEOUT",
    "IGNORE_TAG",
    "LOCAL_SCHEMES",
    "NEVER_STARTED",
    "STALE_AFTER",
    "Change",
    "Clean",
    "Evidence",
    "Hold",
    "Ignore",
    "Liveness",
    "Outage",
    "Outcome",
    "Override",
    "OwnRule",
    "Policy",
    "ResolvedTarget",
    "RunInfo",
    "RunKind",
    "RunPage",
    "Silent",
    "SweepRunState",
    "Target",
    "TargetKind",
    "Untracked",
    "Verdict",
    "WandbState",
    "is_local",
]
