"""The callback in the real Trainer, with a tiny model on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.framework_runs import framework, protein

torch: Any = framework("torch")
lightning: Any = framework("lightning.pytorch")

from janitor.lifecycle.lightning import SweepStateCallback  # noqa: E402 - it needs the extra


class Doubling(lightning.LightningModule):  # type: ignore[misc] # Any, without the extra
    def __init__(self, run: Any, exception: BaseException | None = None) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.wandb_run = run
        self.exception = exception
        self.seen: dict[str, set[str]] = {"training": set(), "validation": set()}

    def training_step(self, batch: Any, _: int) -> Any:
        self.seen["training"].add(protein(self.wandb_run)["state"])
        if self.exception is not None:
            raise self.exception
        x, y = batch
        return torch.nn.functional.mse_loss(self.layer(x), y)

    def validation_step(self, batch: Any, _: int) -> None:
        self.seen["validation"].add(protein(self.wandb_run)["state"])
        x, y = batch
        self.log("val_loss", torch.nn.functional.mse_loss(self.layer(x), y))

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(model: Doubling, callback: SweepStateCallback, folder: Path, logger: Any = None) -> None:
    data = torch.utils.data.TensorDataset(torch.rand(8, 1), torch.rand(8, 1))
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=logger or False,
        callbacks=[callback],
        default_root_dir=str(folder),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    ).fit(model, loader, loader)


def test_a_fit_is_running_evaluating_and_a_success(run: Any, tmp_path: Path) -> None:
    model = Doubling(run)
    fit(model, SweepStateCallback("val_loss", heartbeat_interval=0), tmp_path)
    assert model.seen == {"training": {"running"}, "validation": {"evaluating"}}
    after = protein(run)
    assert after["state"] == "success"
    assert isinstance(after["objective"], float)
    assert after["progress"] == 1.0


def test_the_loggers_run_is_taken(run: Any, tmp_path: Path) -> None:
    logger = lightning.loggers.WandbLogger(experiment=run, save_dir=str(tmp_path))
    fit(Doubling(run), SweepStateCallback(), tmp_path, logger)
    assert protein(run)["state"] == "success"


@pytest.mark.parametrize(
    ("exception", "state"),
    [(ValueError("no data"), "failure"), (TimeoutError("slow"), "timeout")],
)
def test_an_exception_is_written(
    run: Any, tmp_path: Path, exception: BaseException, state: str
) -> None:
    with pytest.raises(type(exception)):
        fit(Doubling(run, exception), SweepStateCallback(), tmp_path)
    assert protein(run)["state"] == state
    assert protein(run)["error"] == f"{type(exception).__name__}: {exception}"


def test_ctrl_c_is_a_cancelled_run(run: Any, tmp_path: Path) -> None:
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        fit(Doubling(run, KeyboardInterrupt()), SweepStateCallback(), tmp_path)
    assert protein(run)["state"] == "cancelled"


def test_an_objective_that_never_came_is_a_failure(run: Any, tmp_path: Path) -> None:
    fit(Doubling(run), SweepStateCallback("val_accuracy"), tmp_path)
    assert protein(run)["state"] == "failure"
