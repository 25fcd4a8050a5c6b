"""A callback for the Hugging Face Trainer: ``Trainer(…, callbacks=[SweepStateCallback()])``."""
# ruff: noqa: ARG002 - the signatures are the Trainer's

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback  # type: ignore[import-not-found,unused-ignore] # an extra

from janitor.lifecycle.manager import RobustSweepStateManager
from janitor.model import SweepRunState


class SweepStateCallback(TrainerCallback):  # type: ignore[misc,unused-ignore] # Any, without the extra
    """Keeps the state of the Trainer's W&B run.

    Args:
        objective: the metric that the sweep optimizes, as the Trainer names it (``eval_loss``);
            its last value becomes the run's objective. Without it a finished training is a success.
        settings: those of :class:`RobustSweepStateManager`.

    """

    def __init__(self, objective: str | None = None, **settings: Any) -> None:
        super().__init__()
        self.manager = RobustSweepStateManager(**settings)
        self._objective = objective
        self._value: Any = None
        self._is_training = False
        self._is_evaluating = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Set running; a resumed run is another attempt."""
        if state.is_world_process_zero:
            self._is_training = True
            self.manager.start()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A heartbeat, with the part of the steps that is done."""
        if self._is_training:
            self.manager.heartbeat(progress=state.global_step / max(state.max_steps, 1))

    def on_prediction_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Set evaluating with the first step of an evaluation, and beat with each."""
        if self._is_training and not self._is_evaluating:
            self._is_evaluating = True
            self.manager.set_state(SweepRunState.EVALUATING)
        self.manager.heartbeat()

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict[str, Any] | None = None, **_: Any
    ) -> None:
        """Keep the objective, and go on training."""
        if self._objective is not None:
            self._value = (metrics or {}).get(self._objective, self._value)
        if self._is_evaluating:
            self._is_evaluating = False
            self.manager.set_state(SweepRunState.RUNNING)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Set success, with the objective if one was named; a failure where it never came."""
        if not self._is_training:
            return
        self._is_training = False
        if self._objective is None:
            self.manager.set_state(SweepRunState.SUCCESS)
        else:
            self.manager.set_success(self._value)
