"""A plan on disk that somebody edited: what cannot be carried out is refused before anything is."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from janitor.errors import PlanError
from janitor.model import Policy
from janitor.records.plan import read_plan, write_plan
from tests.support.passes import SILENT, Scene


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    scene = Scene(tmp_path / "journals")
    scene.store.add(SILENT)
    path = tmp_path / "plan.json"
    write_plan(scene.fix(dry_run=True), Policy(heartbeat_timeout=timedelta(days=3650)), path)
    return path


def test_the_policy_is_read_as_it_was_written(plan: Path) -> None:
    assert read_plan(plan).policy == Policy(heartbeat_timeout=timedelta(days=3650))


@pytest.mark.parametrize("seconds", [-5, 1e14, 1e300, {"$number": "NaN"}, {"$number": "Infinity"}])
@pytest.mark.parametrize("name", ["heartbeat_timeout", "settle", "future_tolerance"])
def test_a_duration_that_is_none_is_refused(plan: Path, name: str, seconds: Any) -> None:
    edited = json.loads(plan.read_text())
    edited["policy"][name] = seconds
    plan.write_text(json.dumps(edited))
    with pytest.raises(PlanError, match=f"malformed at policy.{name}"):
        read_plan(plan)
