"""The callback in the real Trainer, with a tiny model on the CPU."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.framework_runs import framework, protein

torch: Any = framework("torch")
transformers: Any = framework("transformers")

from janitor.lifecycle import exit_hooks  # noqa: E402 - after the check for the extra
from janitor.lifecycle.huggingface import SweepStateCallback  # noqa: E402 - after the check for the extra


class Doubling(torch.nn.Module):  # type: ignore[misc] # Any, without the extra
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x: Any, labels: Any) -> dict[str, Any]:
        logits = self.layer(x)
        return {"loss": torch.nn.functional.mse_loss(logits, labels), "logits": logits}


class Watching(transformers.TrainerCallback):  # type: ignore[misc] # Any, without the extra
    """Keeps the states that it sees, and may raise."""

    def __init__(self, run: Any, exception: BaseException | None = None) -> None:
        self.run = run
        self.exception = exception
        self.seen: dict[str, set[str]] = {"step": set(), "prediction": set()}

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seen["step"].add(protein(self.run)["state"])
        if self.exception is not None:
            raise self.exception

    def on_prediction_step(self, *_: Any, **__: Any) -> None:
        self.seen["prediction"].add(protein(self.run)["state"])


def trainer(folder: Path, *callbacks: Any, report_to: str = "none") -> Any:
    data = [{"x": torch.tensor([i / 8]), "labels": torch.tensor([i / 4])} for i in range(8)]
    return transformers.Trainer(
        model=Doubling(),
        args=transformers.TrainingArguments(
            output_dir=str(folder / "out"),
            num_train_epochs=2,
            per_device_train_batch_size=4,
            eval_strategy="epoch",
            save_strategy="no",
            report_to=report_to,
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=data,
        eval_dataset=data,
        callbacks=list(callbacks),
    )


@pytest.mark.parametrize("report_to", ["none", "wandb"])
def test_a_training_is_running_evaluating_and_a_success(
    run: Any, tmp_path: Path, report_to: str
) -> None:
    watching = Watching(run)
    trainer(tmp_path, SweepStateCallback("eval_loss"), watching, report_to=report_to).train()
    assert watching.seen == {"step": {"running"}, "prediction": {"evaluating"}}
    after = protein(run)
    assert after["state"] == "success"
    assert isinstance(after["objective"], float)
    assert "completion_time" in after


def test_without_an_objective_the_end_is_a_success(run: Any, tmp_path: Path) -> None:
    trainer(tmp_path, SweepStateCallback()).train()
    assert protein(run)["state"] == "success"
    assert "objective" not in protein(run)


def test_an_objective_that_never_came_is_a_failure(run: Any, tmp_path: Path) -> None:
    trainer(tmp_path, SweepStateCallback("eval_accuracy")).train()
    assert protein(run)["state"] == "failure"


def test_progress_is_written_with_the_heartbeats(run: Any, tmp_path: Path) -> None:
    trainer(tmp_path, SweepStateCallback(heartbeat_interval=0)).train()
    assert protein(run)["progress"] == 1.0


def test_an_exception_that_nobody_catches_is_a_failure(run: Any, tmp_path: Path) -> None:
    exception = ValueError("no data")
    with pytest.raises(ValueError, match="no data"):
        trainer(tmp_path, SweepStateCallback(), Watching(run, exception)).train()
    # The Trainer tells no callback; the interpreter tells the exit guard.
    assert protein(run)["state"] == "running"
    sys.excepthook(ValueError, exception, exception.__traceback__)
    assert protein(run)["error"] == "ValueError: no data"


def test_other_processes_write_nothing(run: Any, tmp_path: Path) -> None:
    trainer(tmp_path, SweepStateCallback(rank=1)).train()
    assert protein(run) == {}


def test_a_training_that_was_cut_short_is_not_a_success_of_the_process(
    run: Any, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="no data"):
        trainer(tmp_path, SweepStateCallback(), Watching(run, ValueError("no data"))).train()
    exit_hooks.GUARD._at_exit()  # noqa: SLF001 - as the interpreter calls it
    assert protein(run)["state"] == "running"
