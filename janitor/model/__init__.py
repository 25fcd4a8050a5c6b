"""The vocabulary, as frozen types. Imports nothing of janitor but errors."""

from janitor.model.policy import (
    AUTO,
    IGNORE_TAG,
    OVERRIDABLE,
    STALE_AFTER,
    THRESHOLDS,
    Ignore,
    Override,
    OwnRule,
    Policy,
    PolicySettings,
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
    "IGNORE_TAG",
    "LOCAL_SCHEMES",
    "OVERRIDABLE",
    "STALE_AFTER",
    "THRESHOLDS",
    "Change",
    "Clean",
    "Evidence",
    "Hold",
    "Ignore",
    "Liveness",
    "Outcome",
    "Override",
    "OwnRule",
    "Policy",
    "PolicySettings",
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
