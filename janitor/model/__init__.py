"""The vocabulary, as frozen types. Imports nothing of janitor but errors."""

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
from janitor.model.targets import (
    LOCAL_SCHEMES,
    AnyTarget,
    LocalTarget,
    ResolvedTarget,
    Target,
    TargetKind,
    is_local,
    on_wandb,
)
from janitor.model.verdicts import Change, Clean, Hold, Outcome, Silent, Untracked, Verdict

__all__ = [
    "AUTO",
    "IGNORE_TAG",
    "LOCAL_SCHEMES",
    "STALE_AFTER",
    "AnyTarget",
    "Change",
    "Clean",
    "Evidence",
    "Hold",
    "Ignore",
    "Liveness",
    "LocalTarget",
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
    "on_wandb",
]
