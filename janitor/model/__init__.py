"""The vocabulary of the house, as frozen types. Imports nothing of ours."""

from janitor.model.policy import (
    AUTO,
    IGNORE_TAG,
    STALE_AFTER,
    Ignore,
    Override,
    OwnRule,
    Policy,
)
from janitor.model.runs import Evidence, Liveness, RunInfo, RunKind, RunPage
from janitor.model.states import SweepRunState, WandbState
from janitor.model.targets import SweepMetadata, Target, TargetKind
from janitor.model.verdicts import Change, Clean, Hold, Outcome, Silent, Untracked, Verdict

__all__ = [
    "AUTO",
    "IGNORE_TAG",
    "STALE_AFTER",
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
    "RunInfo",
    "RunKind",
    "RunPage",
    "Silent",
    "SweepMetadata",
    "SweepRunState",
    "Target",
    "TargetKind",
    "Untracked",
    "Verdict",
    "WandbState",
]
