"""What an optimizer reads from a sweep."""

from __future__ import annotations

import json
from typing import Any

import pytest

from janitor import NotFoundError, Policy, SweepRunState
from janitor.emulator import Emulator
from janitor.errors import TargetError

SWEEP = "acme/rl/s1"
PARAMETERS = {"lr": {"min": 0, "max": 1}, "opt": {"parameters": {"beta": {"value": 0.9}}}}


def seed(emulator: Emulator, *runs: dict[str, Any]) -> None:
    emulator.seed(
        {
            "defaults": {"project": "acme/rl", "sweep": "s1", "state": "finished"},
            "sweeps": [{"name": "s1", "config": {"method": "grid", "parameters": PARAMETERS}}],
            "runs": [
                {"config": {"lr": 0.1, "opt": {"beta": 0.9}, "seed": 1}} | run for run in runs
            ],
        }
    )


def rows(api: Any, sweep: Any = SWEEP, **settings: Any) -> list[dict[str, Any]]:
    import janitor  # noqa: PLC0415 - as users write it

    table = janitor.observations(api, sweep, **settings)
    assert list(table.columns[:4]) == ["run", "state", "objective", "cost"]
    return [
        {key: value for key, value in row.items() if value is not None}
        for row in json.loads(table.to_json(orient="records"))
    ]


def test_a_success_is_a_point(emulator: Emulator, api: Any) -> None:
    summary = {"protein.state": "success", "protein.objective": 0.7, "protein.cost": 12}
    seed(emulator, {"name": "r1", "summary": summary})
    assert rows(api) == [
        {
            "run": "r1",
            "state": "success",
            "objective": 0.7,
            "cost": 12.0,
            "lr": 0.1,
            "opt.beta": 0.9,
        }
    ]


@pytest.mark.parametrize("state", ["failure", "timeout", "crashed", "cancelled"])
def test_a_failure_is_marked_and_is_not_a_point(state: str, emulator: Emulator, api: Any) -> None:
    summary = {"protein.state": state, "protein.objective": 0.0, "protein.cost": 3}
    seed(emulator, {"name": "r1", "summary": summary})
    assert rows(api) == [{"run": "r1", "state": state, "cost": 3.0, "lr": 0.1, "opt.beta": 0.9}]


@pytest.mark.parametrize("state", ["initializing", "running", "evaluating"])
def test_nothing_is_read_from_an_open_run(state: str, emulator: Emulator, api: Any) -> None:
    summary = {"protein.state": state, "protein.objective": 0.7, "protein.cost": 3}
    seed(emulator, {"name": "r1", "summary": summary})
    assert rows(api) == [{"run": "r1", "state": state}]


@pytest.mark.parametrize(
    "summary", [{}, {"protein.state": "defunct"}, {"protein.state": 3}, {"loss": 1}]
)
def test_nothing_is_read_from_a_run_that_is_not_ours(
    summary: dict[str, Any], emulator: Emulator, api: Any
) -> None:
    seed(emulator, {"name": "r1", "summary": summary | {"protein.objective": 0.7}})
    assert rows(api) == [{"run": "r1"}]


@pytest.mark.parametrize("objective", [float("nan"), float("inf"), "0.7", True, None])
def test_an_objective_that_is_not_a_finite_number_is_not_a_point(
    objective: object, emulator: Emulator, api: Any
) -> None:
    summary = {"protein.state": "success", "protein.objective": objective}
    seed(emulator, {"name": "r1", "summary": summary})
    assert "objective" not in rows(api)[0]


def test_the_suggestion_of_the_run_comes_before_its_config(emulator: Emulator, api: Any) -> None:
    summary = {
        "protein": {"state": "success", "objective": 1, "suggestion": {"lr": 0.5, "cost": 7}}
    }
    seed(emulator, {"name": "r1", "summary": summary})
    assert rows(api) == [
        {"run": "r1", "state": "success", "objective": 1.0, "lr": 0.5, "params.cost": 7.0}
    ]


def test_names_and_words_are_the_policys(emulator: Emulator, api: Any) -> None:
    summary = {"sweep.state": "done", "val/acc": 0.7}
    seed(emulator, {"name": "r1", "summary": summary})
    policy = Policy(
        namespace="sweep", objective="val/acc", vocabulary={SweepRunState.SUCCESS: "done"}
    )
    assert rows(api, policy=policy)[0]["objective"] == 0.7


def test_a_change_is_seen_the_next_time(emulator: Emulator, api: Any) -> None:
    seed(emulator, {"name": "r1", "summary": {"protein.state": "running"}})
    assert rows(api) == [{"run": "r1", "state": "running"}]
    update = {"protein.state": "success", "protein.objective": 2}
    emulator.change("acme/rl/r1", summary_update=update)
    assert rows(api)[0]["objective"] == 2


def test_a_large_sweep_is_one_row_a_run(emulator: Emulator, api: Any) -> None:
    summary = {"protein.state": "success", "protein.objective": 1}
    seed(emulator, {"name": "r", "summary": summary, "count": 1200})
    table = rows(api)
    assert len({row["run"] for row in table}) == len(table) == 1200


def test_an_empty_sweep_is_an_empty_table(emulator: Emulator, api: Any) -> None:
    seed(emulator)
    assert rows(api) == []


def test_an_unknown_sweep_is_not_found(api: Any) -> None:
    with pytest.raises(NotFoundError, match="sweep acme/rl/s1 does not exist"):
        rows(api)


@pytest.mark.parametrize("path", ["s1", "", "acme/rl/s1/x", None])
def test_what_is_not_the_path_of_a_sweep_is_refused_without_asking(path: Any, api: Any) -> None:
    with pytest.raises(TargetError, match="write ENTITY/PROJECT/SWEEP"):
        rows(api, sweep=path)


def test_the_address_of_a_sweeps_page_is_taken(emulator: Emulator, api: Any) -> None:
    seed(emulator, {"name": "r1", "summary": {"protein.state": "running"}})
    assert len(rows(api, sweep="https://wandb.ai/acme/rl/sweeps/s1")) == 1


def test_an_empty_suggestion_leaves_the_config(emulator: Emulator, api: Any) -> None:
    summary = {"protein.state": "success", "protein.objective": 1, "protein.suggestion": {}}
    seed(emulator, {"name": "r1", "summary": summary})
    assert rows(api)[0]["lr"] == 0.1
