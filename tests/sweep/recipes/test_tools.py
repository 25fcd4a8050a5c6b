"""Tools without a sweep around them: overrides, ranges, metrics."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, Field

from janitor.errors import ConfigError, UsageError
from janitor.lifecycle.trial.trial import Trial
from janitor.sweep.recipes.ranges import Choices, Range
from janitor.sweep.recipes.recipe import recipe, recipe_of
from janitor.sweep.recipes.sweep_file import draft_of
from janitor.sweep.recipes.sweep_tool import SweepTool
from janitor.sweep.recipes.tool import Tool


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Optimizer(BaseModel):
    lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 1e-3
    momentum: float = Field(0.9, ge=0, lt=1)
    kind: Literal["sgd", "adam"] = "sgd"


class Training(Tool):
    optimizer: Optimizer = Optimizer()
    width: Annotated[int, Choices(16, 32)] = 16
    layers: int = Field(2, gt=0, le=4)
    color: Color = Color.RED
    name: str = "plain"
    gpus: int = 0

    def run(self) -> float:
        self.report(1, loss=self.optimizer.lr)
        return self.optimizer.lr * self.width


def test_overrides_by_path_keep_the_other_values() -> None:
    tool = Training(name="mine")
    changed = tool.with_overrides({"optimizer.lr": 0.01, "color": "blue"})
    assert (changed.optimizer.lr, changed.optimizer.kind) == (0.01, "sgd")
    assert (changed.color, changed.name) == (Color.BLUE, "mine")
    assert tool.optimizer.lr == 1e-3


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"optimizer.lr": "fast"}, r"optimizer\.lr \(float\) .*number.* not 'fast'"),
        ({"optimizer": {"lrr": 1}}, r"optimizer\.lrr: Optimizer has no field 'lrr'; did you mean"),
        ({"layers": 9}, r"layers \(int\) .*less than or equal to 4, not 9"),
        ({"optimizer.lr": 1, "optimizer": {"lr": 2}}, r"optimizer\.lr is set twice"),
    ],
)
def test_an_override_that_does_not_fit_names_path_value_and_type(
    overrides: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        Training().with_overrides(overrides)


def test_ranges_come_from_the_annotations() -> None:
    draft = draft_of(recipe_of(Training, "it:Training"))
    parameters = draft.document["parameters"]
    optimizer = parameters["optimizer"]["parameters"]
    assert optimizer["lr"] == {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}
    assert optimizer["momentum"]["min"] == 0
    assert 0.999 < optimizer["momentum"]["max"] < 1
    assert optimizer["kind"] == {"values": ["sgd", "adam"]}
    assert parameters["width"] == {"values": [16, 32]}
    assert parameters["layers"] == {"distribution": "int_uniform", "min": 1, "max": 4}
    assert parameters["color"] == {"values": ["red", "blue"]}
    assert {"name", "gpus", "sweep_mode"}.isdisjoint(parameters)
    assert yaml.safe_load(draft.text()) == draft.document
    assert "name has no range  # default: plain" in draft.text()


def test_a_config_without_ranges_is_refused() -> None:
    def train(lr: float = 0.1) -> float:
        return lr

    with pytest.raises(UsageError, match="nothing in the config of it:train has a range"):
        draft_of(recipe_of(train, "it:train"))


def test_what_a_tool_returns_is_the_objective_and_hooks_see_reports() -> None:
    seen: list[Any] = []
    tool = Training()
    tool.on_metrics(lambda step, metrics: seen.append((step, dict(metrics))))
    metrics = SweepTool(tool, "score").run(Trial({}))
    assert metrics == {"score": 0.016}
    assert seen == [(1, {"loss": 0.001})]


def test_a_function_is_evaluated_after_its_training() -> None:
    def evaluate(policy_uri: str, lr: float) -> dict[str, float]:
        assert policy_uri
        return {"score": lr * 2}

    @recipe(evaluate=evaluate, metric={"name": "score"})
    def train(lr: Annotated[float, Range(0, 1)] = 0.25) -> dict[str, float]:
        return {"loss": lr}

    assert SweepTool(train).run(Trial({})) == {"loss": 0.25, "score": 0.5}
    assert SweepTool(train).run(Trial({}), must_evaluate=False) == {"loss": 0.25}


def test_a_result_that_is_no_number_is_refused() -> None:
    def train(lr: Annotated[float, Range(0, 1)] = 0.25) -> Any:
        return {"loss": [lr]}

    with pytest.raises(ConfigError, match="for loss: a recipe returns the objective"):
        SweepTool(train).run(Trial({}))


def test_resources_come_from_the_section_or_from_fields() -> None:
    assert SweepTool(Training).resources == {"gpus": 0}

    @recipe(janitor={"resources": {"gpus": 2}})
    def train(lr: Annotated[float, Range(0, 1)] = 0.25) -> float:
        return lr

    assert SweepTool(train).resources == {"gpus": 2}
