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
    from janitor.errors import ConflictError as ConflictError
    from janitor.errors import CredentialsError as CredentialsError
    from janitor.errors import EmulatorError as EmulatorError
    from janitor.errors import HeldError as HeldError
    from janitor.errors import InvalidExperimentIdError as InvalidExperimentIdError
    from janitor.errors import JanitorError as JanitorError
    from janitor.errors import JournalError as JournalError
    from janitor.errors import NotFoundError as NotFoundError
    from janitor.errors import PermissionDeniedError as PermissionDeniedError
    from janitor.errors import PlanError as PlanError
    from janitor.errors import RejectedError as RejectedError
    from janitor.errors import ReportError as ReportError
    from janitor.errors import StateFileError as StateFileError
    from janitor.errors import StoreError as StoreError
    from janitor.errors import TargetError as TargetError
    from janitor.errors import TooLargeError as TooLargeError
    from janitor.errors import TransientError as TransientError
    from janitor.errors import UsageError as UsageError
    from janitor.experiments import ExperimentRunner as ExperimentRunner
    from janitor.experiments import ExperimentState as ExperimentState
    from janitor.experiments import ExperimentStatus as ExperimentStatus
    from janitor.experiments import ProcessProgress as ProcessProgress
    from janitor.experiments import ProcessStatus as ProcessStatus
    from janitor.experiments import StateManager as StateManager
    from janitor.experiments import config_hash as config_hash
    from janitor.experiments import sanitize_experiment_id as sanitize_experiment_id
    from janitor.lifecycle.trial.trial import Trial as Trial
    from janitor.lifecycle.trial.trial import trial as trial
    from janitor.model import Change as Change
    from janitor.model import Clean as Clean
    from janitor.model import Evidence as Evidence
    from janitor.model import Hold as Hold
    from janitor.model import Liveness as Liveness
    from janitor.model import LocalTarget as LocalTarget
    from janitor.model import Outcome as Outcome
    from janitor.model import Policy as Policy
    from janitor.model import ResolvedTarget as ResolvedTarget
    from janitor.model import RunInfo as RunInfo
    from janitor.model import SweepRunState as SweepRunState
    from janitor.model import Target as Target
    from janitor.model import TargetKind as TargetKind
    from janitor.model import Untracked as Untracked
    from janitor.model import Verdict as Verdict
    from janitor.model import WandbState as WandbState
    from janitor.model.ports import Store as Store
    from janitor.records.report import Report as Report
    from janitor.session import fix as fix
    from janitor.stores.cached import CachedStore as CachedStore
    from janitor.stores.run_files import FileStore as FileStore
    from janitor.sweep.config import SweepConfig as SweepConfig
    from janitor.sweep.metadata import SweepMetadata as SweepMetadata
    from janitor.sweep.observations import observations as observations
    from janitor.sweep.recipes.orchestrator import SweepOrchestratorTool as SweepOrchestratorTool
    from janitor.sweep.recipes.ranges import Choices as Choices
    from janitor.sweep.recipes.ranges import Range as Range
    from janitor.sweep.recipes.recipe import recipe as recipe
    from janitor.sweep.recipes.sweep_tool import SweepTool as SweepTool
    from janitor.sweep.recipes.tool import Tool as Tool
    from janitor.tasks import Task as Task
    from janitor.tasks import TaskManager as TaskManager
    from janitor.tasks import TaskStatus as TaskStatus

    __version__: str

_MODULES = {
    "BrakeError": "janitor.errors",
    "CachedStore": "janitor.stores.cached",
    "Change": "janitor.model",
    "Clean": "janitor.model",
    "Config": "janitor.config",
    "ConfigError": "janitor.errors",
    "ConflictError": "janitor.errors",
    "CredentialsError": "janitor.errors",
    "EmulatorError": "janitor.errors",
    "Evidence": "janitor.model",
    "ExperimentRunner": "janitor.experiments",
    "ExperimentState": "janitor.experiments",
    "ExperimentStatus": "janitor.experiments",
    "FileStore": "janitor.stores.run_files",
    "HeldError": "janitor.errors",
    "Hold": "janitor.model",
    "InvalidExperimentIdError": "janitor.errors",
    "JanitorError": "janitor.errors",
    "JournalError": "janitor.errors",
    "Liveness": "janitor.model",
    "LocalTarget": "janitor.model",
    "NotFoundError": "janitor.errors",
    "Outcome": "janitor.model",
    "PermissionDeniedError": "janitor.errors",
    "PlanError": "janitor.errors",
    "Policy": "janitor.model",
    "ProcessProgress": "janitor.experiments",
    "ProcessStatus": "janitor.experiments",
    "RejectedError": "janitor.errors",
    "Report": "janitor.records.report",
    "ReportError": "janitor.errors",
    "RunInfo": "janitor.model",
    "StateFileError": "janitor.errors",
    "StateManager": "janitor.experiments",
    "Store": "janitor.model.ports",
    "StoreError": "janitor.errors",
    "ResolvedTarget": "janitor.model",
    "SweepMetadata": "janitor.sweep.metadata",
    "SweepRunState": "janitor.model",
    "Target": "janitor.model",
    "TargetError": "janitor.errors",
    "TargetKind": "janitor.model",
    "Task": "janitor.tasks",
    "TaskManager": "janitor.tasks",
    "TaskStatus": "janitor.tasks",
    "TooLargeError": "janitor.errors",
    "TransientError": "janitor.errors",
    "Trial": "janitor.lifecycle.trial.trial",
    "Untracked": "janitor.model",
    "UsageError": "janitor.errors",
    "Verdict": "janitor.model",
    "WandbState": "janitor.model",
    "Tool": "janitor.sweep.recipes.tool",
    "SweepTool": "janitor.sweep.recipes.sweep_tool",
    "SweepOrchestratorTool": "janitor.sweep.recipes.orchestrator",
    "Range": "janitor.sweep.recipes.ranges",
    "Choices": "janitor.sweep.recipes.ranges",
    "recipe": "janitor.sweep.recipes.recipe",
    "SweepConfig": "janitor.sweep.config",
    "config_hash": "janitor.experiments",
    "fix": "janitor.session",
    "observations": "janitor.sweep.observations",
    "parse_target": "janitor.config",
    "sanitize_experiment_id": "janitor.experiments",
    "trial": "janitor.lifecycle.trial.trial",
}
"""Each public name's module. The imports above say the same to type checkers; a test compares."""

_DISTRIBUTION = "wandb-janitor"


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - it costs 50 ms

        value: Any = version(_DISTRIBUTION)
    elif name in _MODULES:
        value = getattr(import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, "__version__"})
