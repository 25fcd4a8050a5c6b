"""The settings under ``janitor:`` in a sweep file."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from janitor.config.fields import Namespace
from janitor.model.jobs import Resources
from janitor.model.wording import quoted
from janitor.sweep.config.dispatch_settings import Dispatch, DispatchSection
from janitor.sweep.config.objective_settings import ObjectiveSection
from janitor.sweep.config.optimizer_settings import OptimizerSection, PruneSection
from janitor.sweep.config.scheduler_settings import SchedulerSection
from janitor.sweep.config.section import Seconds, Section

_SIZE: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)


def _bytes(value: Any) -> int:
    found = _SIZE.fullmatch(str(value)) if not isinstance(value, bool) else None
    if found is None:
        raise ValueError(f"must be a size such as 8GB or 512MiB, not {quoted(value)}")
    base = 1024 if found[3] else 1000
    power = "kmgt".find(found[2].lower()) + 1
    size = int(float(found[1]) * base**power)
    if size == 0:
        raise ValueError("must be larger than 0")
    return size


Bytes = Annotated[int, BeforeValidator(_bytes), WithJsonSchema({"type": ["string", "integer"]})]


class ResourcesSection(Section):
    """What one job needs."""

    nodes: int = Field(1, ge=1)
    gpus: int = Field(0, ge=0)
    cpus: int | None = Field(None, ge=1)
    memory: Bytes | None = None
    time: Seconds | None = None

    def resources(self) -> Resources:
        """The same in the model's terms."""
        return Resources(self.nodes, self.gpus, self.cpus, self.memory, self.time)


class EvaluationSection(Section):
    """A job that follows each training, and reports the objective."""

    command: list[str] | None = Field(None, min_length=1)
    recipe: str | None = None
    """Instead of a command: the recipe whose evaluation is run."""
    resources: ResourcesSection = ResourcesSection()
    at: Literal["end"] = "end"

    @model_validator(mode="after")
    def _check(self) -> EvaluationSection:
        """Refuse an evaluation with two jobs, or with none."""
        if (self.command is None) == (self.recipe is None):
            raise ValueError("needs a command, or a recipe, and not both")
        return self


class RetriesSection(Section):
    """How many attempts follow one that ended so."""

    preempted: int = Field(5, ge=0)
    lost: int = Field(2, ge=0)
    timeout: int = Field(1, ge=0)
    failed: int = Field(0, ge=0)


class BrakeSection(Section):
    """When failures pause the sweep."""

    first_failures: int | None = Field(5, ge=1)
    failed_percent: float | None = Field(50, ge=0, le=100)


class BudgetSection(Section):
    """When the sweep has used what it may use."""

    gpu_hours: float | None = Field(None, gt=0)
    deadline: Seconds | None = None
    runs: int | None = Field(None, ge=1)


def _store(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    scheme, colon, rest = text.partition(":")
    is_known = scheme == "wandb" if not colon else scheme in {"file", "wandb"} and bool(rest)
    if not is_known:
        raise ValueError(
            "must be file:DIR, such as file:.janitor, or wandb or wandb:ENTITY/PROJECT, not"
            f" {quoted(value)}"
        )
    return text


class JanitorSection(Section):
    """Everything that is not W&B's."""

    store: Annotated[str, BeforeValidator(_store)] = "file:.janitor"
    scheduler: SchedulerSection = SchedulerSection()
    optimizer: OptimizerSection = OptimizerSection()
    objective: ObjectiveSection = ObjectiveSection()
    max_parallel_jobs: int = Field(1, ge=1)
    dispatch: Dispatch = DispatchSection()
    resources: ResourcesSection = ResourcesSection()
    evaluation: EvaluationSection | None = None
    collect: Literal["stdout"] | None = None
    retries: RetriesSection = RetriesSection()
    brake: BrakeSection = BrakeSection()
    budget: BudgetSection = BudgetSection()
    points: list[dict[str, Any]] = Field(default_factory=list)
    warm_start: list[str] = Field(default_factory=list)
    """Sweeps of the same store, from whose trials the optimizer learns."""
    prune_unimportant: Annotated[
        PruneSection | None,
        BeforeValidator(
            lambda each: {True: {}, False: None}.get(each, each) if isinstance(each, bool) else each
        ),
    ] = None
    """Whether parameters that do not matter are fixed; ``true`` for the defaults."""
    repeats: int = Field(1, ge=1)
    namespace: Namespace = Field("protein", min_length=1)
    grace: Seconds = 30.0
    """Seconds between SIGTERM and SIGKILL."""

    @model_validator(mode="after")
    def _check(self) -> JanitorSection:
        """Refuse what contradicts each other."""
        if self.repeats > 1 and self.scheduler.type == "pbt":
            raise ValueError(
                f"cannot have repeats: {self.repeats} with the scheduler pbt, whose members are"
                " single runs: enlarge the population"
            )
        if self.scheduler.racing is not None and self.repeats < 3:
            raise ValueError("needs repeats: 3 or more for scheduler.racing, which compares means")
        return self
