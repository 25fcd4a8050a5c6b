from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from janitor.errors import UsageError
from janitor.experiments import (
    ExperimentStatus,
    InvalidExperimentIdError,
    StateManager,
    config_hash,
    sanitize_experiment_id,
)
from tests.experiments.samples import NOON


def test_the_newest_experiment_of_a_config_is_found_until_it_is_aggregated(tmp_path: Path) -> None:
    now = NOON

    def clock() -> datetime:
        nonlocal now
        now += timedelta(minutes=1)
        return now

    manager = StateManager(tmp_path, clock=clock)
    config = {"lr": 0.1, "layers": [1, 2]}
    for name in ("b", "a", "c"):
        manager.create(name, config=config)
    manager.create("other", config={"lr": 0.2})
    found = manager.find_by_config_hash(config_hash(config))
    assert found is not None
    assert found.experiment_id == "c"
    manager.update("c", lambda state: setattr(state, "status", ExperimentStatus.AGGREGATED))
    manager.update("other", lambda state: setattr(state, "status", ExperimentStatus.FAILED))
    found = manager.find_by_config_hash(config_hash(config))
    assert found is not None
    assert found.experiment_id == "a"
    assert [state.experiment_id for state in manager.find_incomplete()] == ["b", "a"]
    assert manager.ids() == ["a", "b", "c", "other"]


def test_equal_configurations_have_equal_hashes() -> None:
    known = config_hash({"a": 1, "b": {"x": [1, 2.5], "y": None}})
    assert known == config_hash({"b": {"y": None, "x": (1.0, 2.5)}, "a": 1.0})
    assert known == "07720367b39a4fdb31db869bea31e8c929569b71e8d990b343715124dbec3212"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": "1"}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": None}, {}),
        ({"a": math.inf}, {"a": -math.inf}),
    ],
)
def test_different_configurations_have_different_hashes(
    left: dict[str, object], right: dict[str, object]
) -> None:
    assert config_hash(left) != config_hash(right)


@pytest.mark.parametrize("config", [{1: 2}, {"a": {1}}, {"a": object()}])
def test_what_json_cannot_say_has_no_hash(config: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"JSON|text"):
        config_hash(config)


def test_a_config_that_holds_itself_has_no_hash() -> None:
    config: dict[str, object] = {}
    config["again"] = config
    with pytest.raises(ValueError, match="nested too deeply"):
        config_hash(config)


@pytest.mark.parametrize("name", ["exp_20240115_123456", "a", "A.b-c_d", "_x", "0", "x" * 128])
def test_safe_names_are_left_as_they_are(name: str) -> None:
    assert sanitize_experiment_id(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "C:\\x", "a\0b", ".hidden", "-rf"),
        *("con", "NUL.txt", "lpt1", "x" * 129, "a b", "ä", "a\n", "trailing.", None, 7),
    ],
)
def test_names_that_are_unsafe_are_refused(name: object) -> None:
    with pytest.raises(UsageError, match="is not an experiment id"):
        sanitize_experiment_id(name)
    with pytest.raises(ValueError, match="is not an experiment id"):
        sanitize_experiment_id(name)


@pytest.mark.parametrize("name", ["../x", "con", "", None])
def test_an_experiment_of_an_unsafe_name_is_refused(manager: StateManager, name: Any) -> None:
    for use in (manager.create, manager.load, manager.delete):
        with pytest.raises(InvalidExperimentIdError, match="is not an experiment id"):
            use(name)
    assert not manager.state_dir.exists()
