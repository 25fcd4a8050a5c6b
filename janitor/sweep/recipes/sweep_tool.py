"""SweepTool: runs a recipe as a trial of a sweep."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from janitor.errors import ConfigError, UsageError
from janitor.lifecycle.manager import RobustSweepStateManager
from janitor.lifecycle.trial.trial import Trial
from janitor.model.wording import quoted
from janitor.sweep.recipes.attempt_run import AttemptRun
from janitor.sweep.recipes.recipe import Recipe, recipe_of
from janitor.sweep.recipes.tool import Tool

_EVAL = "eval"


class SweepTool:
    """Wraps a recipe, a Tool or a callable for a sweep.

    It applies the trial's params, keeps the run's state with :class:`RobustSweepStateManager`,
    reports what the tool returns as metrics, and evaluates after the training, if the tool can
    evaluate and no job of the sweep does it. An exception is recorded and raised again.

    Args:
        wrapped: What is run.
        metric: The name of the objective; None for that of the recipe's section.
        namespace: The first part of the keys in the run's summary.

    Raises:
        UsageError: ``wrapped`` is not a Tool or a callable.

    """

    def __init__(
        self,
        wrapped: Recipe | Tool | type[Tool] | Callable[..., Any],
        metric: str | None = None,
        namespace: str = "protein",
    ) -> None:
        name = getattr(wrapped, "__name__", type(wrapped).__name__)
        self.recipe = wrapped if isinstance(wrapped, Recipe) else recipe_of(wrapped, f"it:{name}")
        named = (self.recipe.section.get("metric") or {}).get("name")
        self.metric: str = metric or named or "objective"
        self.namespace = namespace

    @property
    def resources(self) -> dict[str, Any]:
        """What a training needs, as the sweep section says; else what its fields say.

        The fields ``nodes``, ``gpus``, ``cpus``, ``memory`` and ``time`` of a config count.
        """
        said = (self.recipe.section.get("janitor") or {}).get("resources")
        if said is not None:
            return dict(said)
        found = {}
        for name in ("nodes", "gpus", "cpus", "memory", "time"):
            field = self.recipe.config.model_fields.get(name)
            value = getattr(self.recipe.defaults, name, None) if self.recipe.defaults else None
            if field is not None and value is None and not field.is_required():
                value = field.default
            if isinstance(value, int | str) and not isinstance(value, bool):
                found[name] = value
        return found

    def run(self, trial: Trial, *, must_evaluate: bool = True) -> dict[str, Any]:
        """Run the training, or the evaluation, that the trial asks for.

        Args:
            trial: Where params come from, and metrics go.
            must_evaluate: Whether a training is evaluated here, if the tool can.

        Returns the metrics by name.

        Raises:
            ConfigError: a param does not fit the tool.

        """
        tool = self.recipe.make(trial.params)
        with RobustSweepStateManager(
            self._run_of(trial), namespace=self.namespace, on_sigterm=None
        ) as manager:
            tool.attach(trial, manager)
            with trial if self.recipe.takes_trial else nullcontext():
                metrics = self._work(tool, trial, manager, must_evaluate=must_evaluate)
                if metrics:
                    trial.report(**metrics)
            objective = metrics.get(self.metric)
            if objective is not None:
                manager.set_success(objective, metrics.get("cost"))
        return metrics

    def _work(
        self,
        tool: Tool,
        trial: Trial,
        manager: RobustSweepStateManager,
        *,
        must_evaluate: bool,
    ) -> dict[str, Any]:
        checkpoints = trial.checkpoint_dir if trial.is_in_sweep else Path("checkpoints")
        if trial.kind == _EVAL:
            if not self.recipe.has_evaluation:
                raise UsageError(f"{self.recipe.name} has no evaluation")
            with manager.beating():
                return self._metrics(tool.evaluate(trial.policy_uri or str(checkpoints)))
        with manager.beating():
            metrics = self._metrics(tool.run())
        if must_evaluate and self.recipe.has_evaluation and not trial.should_stop:
            manager.set_state("evaluating")
            with manager.beating():
                metrics |= self._metrics(tool.evaluate(str(checkpoints)))
        return metrics

    def _metrics(self, result: Any) -> dict[str, Any]:
        """The metrics in what a tool returned.

        Raises:
            ConfigError: it is not a number or a mapping of numbers.

        """
        if result is None:
            return {}
        given = result if isinstance(result, Mapping) else {self.metric: result}
        metrics = {}
        for name, value in given.items():
            try:
                metrics[str(name)] = float(value)
            except (TypeError, ValueError):
                raise ConfigError(
                    f"{self.recipe.name} returned {quoted(value)} for {name}: a recipe returns the"
                    " objective, or numbers by name"
                ) from None
        return metrics

    @staticmethod
    def _run_of(trial: Trial) -> Any:
        """The run of wandb if the process has one; else a file in the attempt's folder."""
        run = getattr(sys.modules.get("wandb"), "run", None)
        folder = os.environ.get("JANITOR_TRIAL_DIR")
        place = Path(folder) if folder and trial.is_in_sweep else None
        return AttemptRun(trial.run, place) if run is None else run
