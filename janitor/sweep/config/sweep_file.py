"""SweepConfig: a sweep file, read as W&B reads it, with our settings under ``janitor:``."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
)

from janitor.config.complaints import complaints
from janitor.errors import ConfigError
from janitor.model.jobs import Cause, Resources
from janitor.sweep.config import command as commands
from janitor.sweep.config.contradictions import contradictions
from janitor.sweep.config.objective_settings import Metric
from janitor.sweep.config.optimizer_settings import OptimizerType
from janitor.sweep.config.parameters import Parameters
from janitor.sweep.config.reading import Source, read_sweep_file
from janitor.sweep.config.scheduler_settings import EarlyTerminateSection
from janitor.sweep.config.settings import JanitorSection
from janitor.sweep.config.space import Space
from janitor.sweep.limits import Limits

_BY_METHOD: Final[Mapping[str, OptimizerType]] = {"grid": "grid", "bayes": "tpe"}
"""The optimizer of a method, if the file names none."""


class SweepConfig(BaseModel):
    """A sweep file. The keys are W&B's; ``janitor`` holds the controller's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    method: Literal["grid", "random", "bayes", "custom"]
    parameters: dict[str, Any] = Field(min_length=1)
    name_: str | None = Field(None, alias="name")
    description: str | None = None
    program: str | None = None
    recipe: str | None = None
    """The training as ``package.module:name``, instead of a program."""
    command: list[str] | None = None
    metric: Metric | None = None
    metrics: list[Metric] | None = Field(None, min_length=1)
    run_cap: int | None = Field(None, ge=1)
    early_terminate: EarlyTerminateSection | None = None
    janitor: JanitorSection = JanitorSection()
    # What W&B also accepts, and a controller of this machine does not need.
    entity: str | None = None
    project: str | None = None
    api_version: str | None = Field(None, alias="apiVersion")
    kind: str | None = None
    controller: dict[str, Any] | None = None
    job: str | None = None
    image_uri: str | None = None
    scheduler: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None

    _source: Source = PrivateAttr()
    _space: Space = PrivateAttr()
    _notes: tuple[str, ...] = PrivateAttr(default=())

    @classmethod
    def load(cls, path: Path | str) -> SweepConfig:
        """Read a sweep file, YAML or JSON.

        Raises:
            ConfigError: it cannot be read, or settings cannot be used. The message names all of
                them, each with its line.

        """
        return cls._checked(read_sweep_file(Path(path)))

    @classmethod
    def from_document(
        cls, document: Mapping[str, Any], directory: str | Path, name: str
    ) -> SweepConfig:
        """A sweep file from what it held, as a ledger keeps it.

        Raises:
            ConfigError: settings cannot be used.

        """
        return cls._checked(Source(dict(document), name, Path(directory), f"sweep {name}"))

    @classmethod
    def from_source(cls, source: Source, directory: Path) -> SweepConfig:
        """A sweep file that was read, whose commands run in another folder.

        Raises:
            ConfigError: settings cannot be used.

        """
        return cls._checked(replace(source, directory=directory.absolute()))

    @classmethod
    def _checked(cls, source: Source) -> SweepConfig:
        problems: list[tuple[int, str]] = []
        config = None
        try:
            config = cls.model_validate(source.values)
        except ValidationError as error:
            problems = [(source.line(each.at), str(each)) for each in complaints(error, cls)]
        given = source.values.get("parameters")
        parameters = Parameters(given if isinstance(given, Mapping) else {})
        problems += [
            (source.line(at), f"{'.'.join(at)} {said}") for at, said in parameters.problems
        ]
        if config is not None:
            config.complete(source, parameters)
            problems += [(source.line(at), said) for at, said in contradictions(config)]
        if problems or config is None:
            said = [source.sentence(line, text) for line, text in sorted(set(problems))]
            raise ConfigError("; ".join(said))
        return config

    def complete(self, source: Source, parameters: Parameters) -> None:
        """Keep where the file came from, and its search space."""
        self._source, self._space = source, parameters.space
        self._notes = tuple(parameters.notes)

    @property
    def _optimizer_type(self) -> OptimizerType:
        return self.janitor.optimizer.type or _BY_METHOD.get(self.method, "random")

    @property
    def name(self) -> str:
        """The sweep's name: that of the file's ``name``, or of the file."""
        return self.name_ or self._source.name

    @property
    def directory(self) -> Path:
        """The folder of the file, absolute; commands run there."""
        return self._source.directory

    @property
    def document(self) -> dict[str, Any]:
        """What the file holds, for the ledger."""
        return self._source.values

    def to_yaml(self) -> str:
        """The file as YAML; reading it gives the same digest."""
        text: str = yaml.safe_dump(self.document, sort_keys=False, allow_unicode=True)
        return text

    def to_json(self) -> str:
        """The file as JSON; reading it gives the same digest."""
        return json.dumps(self.document, indent=2, ensure_ascii=False) + "\n"

    @property
    def notes(self) -> tuple[str, ...]:
        """What was read in another way than it may look."""
        if self.method == "bayes" and self.janitor.optimizer.type is None:
            note = (
                "method: bayes is done by the optimizer tpe here; W&B's own is a Gaussian process,"
                " which is janitor.optimizer.type: gp"
            )
            return (*self._notes, note)
        return self._notes

    @property
    def space(self) -> Space:
        """The search space."""
        return self._space

    @property
    def optimizer_type(self) -> OptimizerType:
        """Its name in the file, or that of the method."""
        return self._optimizer_type

    @property
    def digest(self) -> str:
        """SHA-256 of the file's meaning. The order of parameters counts: it orders the grid."""
        known = dict(self.document)
        order = list(_flat_names(known.get("parameters") or {}))
        text = json.dumps([known, order], sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def training_resources(self) -> Resources:
        """What a training needs."""
        return self.janitor.resources.resources()

    @property
    def evaluation_resources(self) -> Resources:
        """What an evaluation needs."""
        evaluation = self.janitor.evaluation
        return Resources() if evaluation is None else evaluation.resources.resources()

    @property
    def primary(self) -> Metric | None:
        """The metric, or the first one of several."""
        return self.metrics[0] if self.metrics else self.metric

    @property
    def limits(self) -> Limits:
        """What decisions read."""
        ours, metric = self.janitor, self.primary
        metrics = self.metrics or ([] if metric is None else [metric])
        caps = [cap for cap in (self.run_cap, ours.budget.runs) if cap is not None]
        retries = ours.retries
        return Limits(
            max_parallel_jobs=ours.max_parallel_jobs,
            run_cap=min(caps, default=None),
            metric=metric.name if metric else "",
            goal=metric.goal if metric else "minimize",
            target=metric.target if metric else None,
            objective=ours.objective.objective(metrics),
            evaluates=ours.evaluation is not None,
            repeats=ours.repeats,
            retries={
                Cause.PREEMPTED: retries.preempted,
                Cause.LOST: retries.lost,
                Cause.TIMEOUT: retries.timeout,
                Cause.FAILED: retries.failed,
            },
            first_failures=ours.brake.first_failures,
            failed_percent=ours.brake.failed_percent,
            gpu_hours=ours.budget.gpu_hours,
            deadline=ours.budget.deadline,
            gpus=ours.resources.gpus,
            evaluation_gpus=self.evaluation_resources.gpus,
        )

    def training_command(
        self, params: Mapping[str, Any], environment: Mapping[str, str], params_file: str
    ) -> tuple[str, ...]:
        """The command of a training with these params."""
        if self.recipe and not self.command:
            has_job = self.janitor.evaluation is not None
            return self._recipe_command(self.recipe, [] if has_job else ["--evaluate"])
        template = self.command or commands.DEFAULT
        return self._build(template, params, environment, params_file)

    def evaluation_command(
        self, params: Mapping[str, Any], environment: Mapping[str, str], params_file: str
    ) -> tuple[str, ...]:
        """The command of an evaluation of a trial with these params."""
        evaluation = self.janitor.evaluation
        if evaluation is not None and evaluation.recipe:
            return self._recipe_command(evaluation.recipe, [])
        template = evaluation.command if evaluation else None
        return self._build(template or [], params, environment, params_file)

    def _recipe_command(self, recipe: str, more: Sequence[str]) -> tuple[str, ...]:
        """The command that runs a recipe, by the Python that runs the controller."""
        metric = ["--metric", self.metric.name] if self.metric else []
        namespace = ["--namespace", self.janitor.namespace]
        module = [sys.executable, "-m", "janitor.sweep.recipes"]
        return (*module, recipe, *metric, *namespace, *more)

    def _build(
        self,
        template: Sequence[str],
        params: Mapping[str, Any],
        environment: Mapping[str, str],
        params_file: str,
    ) -> tuple[str, ...]:
        return commands.build(
            template, params, environment, program=self.program or "", params_file=params_file
        )


def _flat_names(parameters: Mapping[Any, Any], prefix: str = "") -> list[str]:
    names = []
    for name, settings in parameters.items():
        names.append(f"{prefix}{name}")
        if isinstance(settings, Mapping) and isinstance(settings.get("parameters"), Mapping):
            names += _flat_names(settings["parameters"], f"{prefix}{name}.")
    return names


def sweep_schema() -> dict[str, Any]:
    """The JSON Schema of sweep files."""
    schema = SweepConfig.model_json_schema(by_alias=True)
    schema["title"] = "Sweep file of janitor"
    return schema
