"""Experiments of this machine: their states in files, and a runner that resumes them."""

from __future__ import annotations

from janitor.errors import InvalidExperimentIdError
from janitor.experiments.hashing import config_hash
from janitor.experiments.identifiers import sanitize_experiment_id
from janitor.experiments.manager import StateManager
from janitor.experiments.progress import mark_progress
from janitor.experiments.runner import ExperimentRunner
from janitor.experiments.state import ExperimentState, ProcessProgress
from janitor.experiments.status import ExperimentStatus, ProcessStatus

__all__ = [
    "ExperimentRunner",
    "ExperimentState",
    "ExperimentStatus",
    "InvalidExperimentIdError",
    "ProcessProgress",
    "ProcessStatus",
    "StateManager",
    "config_hash",
    "mark_progress",
    "sanitize_experiment_id",
]
