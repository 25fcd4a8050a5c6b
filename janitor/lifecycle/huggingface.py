"""A callback for the Hugging Face Trainer: ``Trainer(…, callbacks=[SweepStateCallback()])``."""
# ruff: noqa: ARG002 - the signatures are the Trainer's

from __future__ import annotations

from typing import Any

try:
    from transformers import TrainerCallback  # type: ignore[import-not-found,unused-ignore] # an extra
except ImportError as error:
    raise ImportError(
        "janitor.lifecycle.huggingface needs Hugging Face Transformers: pip install transformers"
    ) from error

from janitor.lifecycle.manager import RobustSweepStateManager
from janitor.model import SweepRunState


class SweepStateCallback(TrainerCallback):  # type: ignore[misc,unused-ignore] # Any, without the extra
    """Keeps the state of the Trainer's W&B run.

    Args:
        objective: the metric that the sweep optimizes, as the Trainer names it (``eval_loss``);
            its last value becomes the run's objective. Without it, finishing is a success.
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
        """Send a heartbeat, with the fraction of the steps that is done."""
        if self._is_training:
            self.manager.heartbeat(progress=state.global_step / max(state.max_steps, 1))

    def on_prediction_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Set evaluating at the first step of an evaluation, and send a heartbeat at each step."""
        if self._is_training and not self._is_evaluating:
            self._is_evaluating = True
            self.manager.set_state(SweepRunState.EVALUATING)
        self.manager.heartbeat()

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict[str, Any] | None = None, **_: Any
    ) -> None:
        """Remember the objective, and set running again."""
        if self._objective is not None:
            self._value = (metrics or {}).get(self._objective, self._value)
        if self._is_evaluating:
            self._is_evaluating = False
            self.manager.set_state(SweepRunState.RUNNING)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Set success, with the objective if one was named; failure if it was never logged."""
        if not self._is_training:
            return
        self._is_training = False
        if self._objective is None:
            self.manager.set_state(SweepRunState.SUCCESS)
        else:
            self.manager.set_success(self._value)
