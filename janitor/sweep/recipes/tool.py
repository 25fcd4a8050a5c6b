"""Tool: a training as a pydantic model, whose fields a sweep can set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from janitor.sweep.recipes.overrides import with_overrides

if TYPE_CHECKING:
    from pathlib import Path

    from janitor.lifecycle.manager import RobustSweepStateManager
    from janitor.lifecycle.trial.trial import Trial

Result = float | Mapping[str, Any] | None
MetricHook = Callable[[float | None, Mapping[str, float]], None]


class Tool(BaseModel):
    """A training. A subclass declares its settings as fields, and implements :meth:`run`.

    Inside a sweep ``sweep_mode`` is true, :meth:`report` reaches the controller, and
    :attr:`checkpoint_dir` is kept across attempts. Outside everything works as well.
    """

    model_config = ConfigDict(extra="forbid", validate_default=True)

    sweep: ClassVar[Mapping[str, Any]] = {}
    """The sweep section: ``metric``, ``janitor`` and the other keys of a sweep file, as
    ``janitor sweep init`` suggests them."""

    sweep_mode: bool = Field(default=False, exclude=True)
    """Whether a sweep runs the tool."""

    _trial: Trial | None = PrivateAttr(default=None)
    _manager: RobustSweepStateManager | None = PrivateAttr(default=None)
    _hooks: list[MetricHook] = PrivateAttr(default_factory=list)

    def run(self) -> Result:
        """Train. Returns the objective, or metrics by name, or None if all was reported."""
        raise NotImplementedError(f"{type(self).__name__} has no method run")

    def evaluate(self, policy_uri: str) -> Result:
        """Evaluate what a training left. Returns the objective, or metrics by name.

        Args:
            policy_uri: What the training named with :meth:`save_policy`; else its checkpoint
                folder.

        """
        raise NotImplementedError(f"{type(self).__name__} has no method evaluate: {policy_uri}")

    @classmethod
    def has_evaluation(cls) -> bool:
        """Whether the class implements :meth:`evaluate`."""
        return cls.evaluate is not Tool.evaluate

    def with_overrides(self, overrides: Mapping[str, Any]) -> Self:
        """A copy with other values, by dotted path.

        Raises:
            ConfigError: a path does not exist, or a value does not fit; it names path, value and
                type.

        """
        changed = with_overrides(self, overrides)
        changed._trial, changed._manager = self._trial, self._manager  # noqa: SLF001 - its own class
        changed._hooks = list(self._hooks)  # noqa: SLF001 - its own class
        return changed

    def attach(self, trial: Trial, manager: RobustSweepStateManager) -> None:
        """Take the trial and the state that :class:`SweepTool` keeps."""
        self._trial, self._manager = trial, manager
        self.sweep_mode = trial.is_in_sweep

    @property
    def trial(self) -> Trial:
        """The trial that this process works on; outside a sweep one that records nothing."""
        if self._trial is None:
            from janitor.lifecycle.trial.trial import trial  # noqa: PLC0415 - only if it runs

            self._trial = trial()
        return self._trial

    @property
    def checkpoint_dir(self) -> Path:
        """Where checkpoints go; kept across attempts."""
        return self.trial.checkpoint_dir

    @property
    def should_stop(self) -> bool:
        """Whether the tool should save its state and return: the controller stops it."""
        return self.trial.should_stop

    def on_metrics(self, hook: MetricHook) -> None:
        """Call ``hook(step, metrics)`` at each report."""
        self._hooks.append(hook)

    def report(self, step: float | None = None, **metrics: float) -> None:
        """Record metrics, such as once per epoch. They survive a kill of this process."""
        for hook in self._hooks:
            hook(step, metrics)
        self.trial.report(step, **metrics)

    def progress(self, done: float, total: float) -> None:
        """Show people how far the tool is; written with the heartbeat."""
        if self._manager is not None:
            self._manager.heartbeat(progress={"done": done, "total": total})

    def save_policy(self, uri: str) -> None:
        """Record what the training leaves to evaluate."""
        self.trial.save_policy(uri)
