"""The janitor: repairs the state of Weights & Biases sweep runs.

The public names are loaded when first used (PEP 562): ``import janitor`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from janitor.config import Config as Config
    from janitor.config import parse_target as parse_target
    from janitor.errors import BrakeError as BrakeError
    from janitor.errors import ConfigError as ConfigError
    from janitor.errors import CredentialsError as CredentialsError
    from janitor.errors import EmulatorError as EmulatorError
    from janitor.errors import JanitorError as JanitorError
    from janitor.errors import JournalError as JournalError
    from janitor.errors import NotFoundError as NotFoundError
    from janitor.errors import PermissionDeniedError as PermissionDeniedError
    from janitor.errors import PlanError as PlanError
    from janitor.errors import RejectedError as RejectedError
    from janitor.errors import ReportError as ReportError
    from janitor.errors import StoreError as StoreError
    from janitor.errors import TargetError as TargetError
    from janitor.errors import TooLargeError as TooLargeError
    from janitor.errors import TransientError as TransientError
    from janitor.errors import UsageError as UsageError
    from janitor.model import Change as Change
    from janitor.model import Clean as Clean
    from janitor.model import Evidence as Evidence
    from janitor.model import Hold as Hold
    from janitor.model import Liveness as Liveness
    from janitor.model import Outcome as Outcome
    from janitor.model import Policy as Policy
    from janitor.model import RunInfo as RunInfo
    from janitor.model import SweepMetadata as SweepMetadata
    from janitor.model import SweepRunState as SweepRunState
    from janitor.model import Target as Target
    from janitor.model import TargetKind as TargetKind
    from janitor.model import Untracked as Untracked
    from janitor.model import Verdict as Verdict
    from janitor.model import WandbState as WandbState
    from janitor.observations import observations as observations
    from janitor.ports import Store as Store

    __version__: str

_MODULES = {
    "BrakeError": "janitor.errors",
    "Change": "janitor.model",
    "Clean": "janitor.model",
    "Config": "janitor.config",
    "ConfigError": "janitor.errors",
    "CredentialsError": "janitor.errors",
    "EmulatorError": "janitor.errors",
    "Evidence": "janitor.model",
    "Hold": "janitor.model",
    "JanitorError": "janitor.errors",
    "JournalError": "janitor.errors",
    "Liveness": "janitor.model",
    "NotFoundError": "janitor.errors",
    "Outcome": "janitor.model",
    "PermissionDeniedError": "janitor.errors",
    "PlanError": "janitor.errors",
    "Policy": "janitor.model",
    "RejectedError": "janitor.errors",
    "ReportError": "janitor.errors",
    "RunInfo": "janitor.model",
    "Store": "janitor.ports",
    "StoreError": "janitor.errors",
    "SweepMetadata": "janitor.model",
    "SweepRunState": "janitor.model",
    "Target": "janitor.model",
    "TargetError": "janitor.errors",
    "TargetKind": "janitor.model",
    "TooLargeError": "janitor.errors",
    "TransientError": "janitor.errors",
    "Untracked": "janitor.model",
    "UsageError": "janitor.errors",
    "Verdict": "janitor.model",
    "WandbState": "janitor.model",
    "observations": "janitor.observations",
    "parse_target": "janitor.config",
}
"""Each public name's module. The imports above say the same to type checkers; a test compares."""

_DISTRIBUTION = "wandb-janitor"


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - it costs 50 ms

        value: Any = version(_DISTRIBUTION)
    elif name in _MODULES:
        module = import_module(_MODULES[name])
        # A module that is called like its function can be called: the name means one object.
        value = module if _MODULES[name] == f"{__name__}.{name}" else getattr(module, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, "__version__"})
