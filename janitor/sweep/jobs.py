"""Makes a launch of the ledger into a job that a dispatcher can start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from janitor.model.jobs import JobDefinition, JobTypes
from janitor.model.ledger import Ledger
from janitor.model.trial import Attempt, Trial
from janitor.sweep.config import SweepConfig
from janitor.sweep.ports import SweepStore


class JobMaker:
    """Makes jobs from the versions of the sweep file that the ledger has.

    Args:
        store: The sweep.
        environment: For ``${envvar:NAME}`` in commands.

    """

    def __init__(self, store: SweepStore, environment: Mapping[str, str] = os.environ) -> None:
        self._store = store
        self._environment = environment
        self._configs: dict[int, SweepConfig] = {}

    def config(self, ledger: Ledger, version: int) -> SweepConfig:
        """The sweep file of this version."""
        if version not in self._configs:
            spec = next(one for one in ledger.specs if one.version == version)
            self._configs[version] = SweepConfig.from_document(
                spec.document, spec.directory, ledger.name
            )
        return self._configs[version]

    def job(self, ledger: Ledger, trial: Trial, attempt: Attempt) -> JobDefinition:
        """The job of an attempt. Its folder is created."""
        launch = attempt.launch
        folder = self._store.prepare(launch.run, launch.attempt, launch.kind)
        config = self.config(ledger, launch.spec)
        is_training = launch.kind is JobTypes.LAUNCH_TRAINING
        command = config.training_command if is_training else config.evaluation_command
        checkpoints = self._store.checkpoints(launch.run)
        metric = config.primary
        return JobDefinition(
            sweep=ledger.name,
            run=launch.run,
            attempt=launch.attempt,
            kind=launch.kind,
            command=command(trial.params, self._environment, str(folder / "params.json")),
            directory=str(config.directory),
            folder=str(folder),
            params=trial.params,
            resources=config.training_resources if is_training else config.evaluation_resources,
            checkpoints=str(checkpoints),
            resume_from=self._checkpoint(trial, attempt),
            policy_uri=None if is_training else launch.policy_uri or str(checkpoints),
            budget=launch.budget,
            seed=launch.seed,
            repeat=launch.repeat,
            metric=metric.name if metric else "",
            step=config.janitor.scheduler.resource,
            goal=metric.goal if metric else "minimize",
            collect=config.janitor.collect or "",
            nonce=attempt.nonce,
            namespace=config.janitor.namespace,
            grace=config.janitor.grace,
            environment=self._environment_of(is_training=is_training),
        )

    def _environment_of(self, *, is_training: bool) -> dict[str, str]:
        """What the store adds. An evaluation has a run of its own, outside the sweep."""
        environment = dict(self._store.trial_environment)
        if not is_training:
            environment.pop("WANDB_SWEEP_ID", None)
        return environment

    def _checkpoint(self, trial: Trial, attempt: Attempt) -> str | None:
        """The checkpoints to start from: its own, or else those that its trial began with."""
        is_training = attempt.launch.kind is JobTypes.LAUNCH_TRAINING
        jobs = [attempt, *(reversed(trial.trainings) if is_training else ())]
        for run in dict.fromkeys(job.launch.resume_from for job in jobs):
            if run is not None and _holds_files(folder := self._store.checkpoints(run)):
                return str(folder)
        return None


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
