"""What type checkers see of `janitor`; mypy checks this file, and nothing runs it.

Each ``assert_type`` is a promise to the people who import the name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, assert_type

import pandas as pd
import wandb

import janitor
from janitor.model import RunKind, RunPage


def settings_and_targets() -> None:
    target = janitor.parse_target("sweep", "acme/rl/s1")
    assert_type(target, janitor.Target)
    assert_type(target.kind, janitor.TargetKind)
    assert_type(target.entity, str | None)
    config = janitor.Config(targets=(target,), heartbeat_timeout=timedelta(hours=1))
    assert_type(config.targets, tuple[janitor.Target | janitor.LocalTarget, ...])
    assert_type(config.heartbeat_timeout, timedelta)
    assert_type(config.policy, janitor.Policy)
    assert_type(janitor.__version__, str)


def stores(store: janitor.Store, target: janitor.Target, run: janitor.RunInfo) -> None:
    assert_type(store.fetch_sweep_metadata(target), Sequence[janitor.ResolvedTarget])
    assert_type(store.fetch_runs(target), RunPage)
    assert_type(store.fetch_runs(target).runs, tuple[janitor.RunInfo, ...])
    assert_type(
        store.fetch_summaries(["acme/rl/r1"]), Mapping[str, janitor.RunInfo | janitor.StoreError]
    )
    store.update_run_summary(run, {"loss": 0.1})
    files = janitor.FileStore(Path("runs"), clock=lambda: datetime.now(UTC))
    cached = janitor.CachedStore(files, ttl=timedelta(minutes=1))
    both: tuple[janitor.Store, ...] = (files, cached)
    assert_type(both, tuple[janitor.Store, ...])


def runs(run: janitor.RunInfo, evidence: janitor.Evidence) -> None:
    assert_type(run.path, str)
    assert_type(run.wandb_state, janitor.WandbState)
    assert_type(run.summary, Mapping[str, Any])
    assert_type(run.kind, RunKind)
    assert_type(run.process, janitor.Liveness | None)
    assert_type(evidence.source, str)
    assert_type(janitor.SweepRunState.RUNNING.is_open, bool)


def verdicts(verdict: janitor.Verdict, outcome: janitor.Outcome) -> str:
    assert_type(outcome.value, str)
    match verdict:
        case janitor.Change():
            assert_type(verdict.to, janitor.SweepRunState)
            return verdict.reason
        case janitor.Hold():
            return verdict.reason
        case janitor.Clean() | janitor.Untracked():
            return ""


def optimizers(api: wandb.Api) -> None:
    assert_type(janitor.observations(api, "acme/rl/s1"), pd.DataFrame)
    assert_type(janitor.observations(api, "s1", policy=janitor.Policy()), pd.DataFrame)


def errors() -> tuple[type[janitor.JanitorError], ...]:
    usage: tuple[type[janitor.UsageError], ...] = (
        janitor.ConfigError,
        janitor.InvalidExperimentIdError,
        janitor.PlanError,
        janitor.TargetError,
    )
    state_files: tuple[type[janitor.StateFileError], ...] = (
        janitor.ConflictError,
        janitor.HeldError,
    )
    store: tuple[type[janitor.StoreError], ...] = (
        janitor.CredentialsError,
        janitor.NotFoundError,
        janitor.PermissionDeniedError,
        janitor.RejectedError,
        janitor.TooLargeError,
        janitor.TransientError,
        *state_files,
    )
    others = (
        janitor.BrakeError,
        janitor.EmulatorError,
        janitor.JournalError,
        janitor.ReportError,
    )
    return (*usage, *store, *others)


def a_pass(target: janitor.Target) -> None:
    report = janitor.fix([target], janitor.Config(), dry_run=True)
    assert_type(report, janitor.Report)


def figures(runs: list[janitor.RunInfo]) -> None:
    assert_type(janitor.SweepMetadata.of(runs), janitor.SweepMetadata)


class Training(janitor.Tool):
    rate: Annotated[float, janitor.Range(0.1, 1)] = 0.5
    width: Annotated[int, janitor.Choices(1, 2)] = 1

    def run(self) -> float:
        assert_type(self.should_stop, bool)
        assert_type(self.checkpoint_dir, Path)
        return self.rate


@janitor.recipe(metric={"name": "loss"})
def train(config: Training) -> float:
    return config.rate


def recipes() -> None:
    assert_type(Training().with_overrides({"rate": 1.0}), Training)
    assert_type(train(Training()), float)
    assert_type(janitor.SweepTool(Training).resources, dict[str, Any])
    orchestrator = janitor.SweepOrchestratorTool(recipe="examples.recipes.arena:train")
    assert_type(orchestrator.config(), janitor.SweepConfig)
    assert_type(orchestrator.run(), dict[str, Any])
