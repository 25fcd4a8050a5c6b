"""The vocabulary, as frozen types. Imports nothing of janitor except errors."""

from janitor.model.outages import Outage
from janitor.model.policy import (
    AUTO,
    FINISH_TIMEOUT,
    IGNORE_TAG,
    NEVER_STARTED,
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
    "FINISH_TIMEOUT",
    "IGNORE_TAG",
    "LOCAL_SCHEMES",
    "NEVER_STARTED",
    "OVERRIDABLE",
    "STALE_AFTER",
    "THRESHOLDS",
    "AnyTarget",
    "Change",
    "Clean",
    "Evidence",
    "Hold",
    "Ignore",
    "Liveness",
    "LocalTarget",
    "Outage",
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
    "on_wandb",
]
