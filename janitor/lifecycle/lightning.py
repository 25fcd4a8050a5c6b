"""A callback for PyTorch Lightning: ``Trainer(…, callbacks=[SweepStateCallback()])``."""
# ruff: noqa: ARG002 - the signatures are the Trainer's

from __future__ import annotations

import math
from typing import Any

try:
    from lightning.pytorch import Callback  # type: ignore[import-not-found,unused-ignore] # an extra
except ImportError:
    try:
        from pytorch_lightning import Callback  # type: ignore[import-not-found,no-redef,unused-ignore] # its other name
    except ImportError as error:
        raise ImportError(
            "janitor.lifecycle.lightning needs PyTorch Lightning: pip install lightning"
        ) from error

from janitor.lifecycle.manager import RobustSweepStateManager
from janitor.model import SweepRunState


class SweepStateCallback(Callback):  # type: ignore[misc,unused-ignore] # Any, without the extra
    """Keeps the state of the Trainer's W&B run: that of its WandbLogger, else ``wandb.run``.

    Args:
        objective: the metric that the sweep optimizes, as the module logs it; its last value
            becomes the run's objective. Without it a finished fit is a success.
        settings: those of :class:`RobustSweepStateManager`.

    """

    def __init__(self, objective: str | None = None, **settings: Any) -> None:
        super().__init__()
        self.manager = RobustSweepStateManager(rank=1)  # silent, until a fit starts
        self._objective = objective
        self._settings = settings
        self._batches: float | None = None

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Set running; a resumed run is another attempt."""
        settings = {"rank": 0 if trainer.is_global_zero else 1} | self._settings
        if trainer.is_global_zero:
            settings.setdefault("wandb_run", _run_of(trainer))
        self.manager = RobustSweepStateManager(**settings)
        self.manager.start()

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Ask once how many steps there will be: the trainer computes it each time."""
        batches = trainer.estimated_stepping_batches
        self._batches = batches if math.isfinite(batches) and batches > 0 else None

    def on_train_batch_end(self, trainer: Any, *_: Any, **__: Any) -> None:
        """Send a heartbeat, with the fraction of the steps that is done, if it is known."""
        is_known = self._batches is not None
        self.manager.heartbeat(progress=trainer.global_step / self._batches if is_known else None)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Set evaluating, except for the sanity check before the first epoch."""
        if not trainer.sanity_checking:
            self.manager.set_state(SweepRunState.EVALUATING)

    def on_validation_batch_end(self, *_: Any, **__: Any) -> None:
        """Send a heartbeat."""
        self.manager.heartbeat()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Go on training."""
        if not trainer.sanity_checking:
            self.manager.set_state(SweepRunState.RUNNING)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Write the state that the exception means."""
        self.manager.handle_exception(exception)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Set success, with the objective if one was named; failure if it was never logged."""
        if self._objective is None:
            self.manager.set_state(SweepRunState.SUCCESS)
        else:
            self.manager.set_success(trainer.callback_metrics.get(self._objective))


def _run_of(trainer: Any) -> Any:
    """The run of the trainer's WandbLogger, which starts it if necessary."""
    for logger in trainer.loggers:
        if any(each.__name__ == "WandbLogger" for each in type(logger).__mro__):
            return logger.experiment
    return None
