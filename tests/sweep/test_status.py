"""The status of a sweep, from its ledger and its file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from janitor.sweep.config import SweepConfig
from janitor.sweep.status import is_done
from tests.sweep.ledgers import AT, Building

NOW = datetime.fromisoformat(AT)


def config_with(folder: Path, parameters: str, ours: str = "{}") -> SweepConfig:
    path = folder / "s.yaml"
    path.write_text(
        "method: grid\nprogram: t.py\nmetric: {name: loss}\n"
        f"parameters: {parameters}\njanitor: {ours}\n"
    )
    return SweepConfig.load(path)


def over(*values: int) -> Building:
    """A ledger whose trials had these values of x."""
    building = Building()
    for index, x in enumerate(values):
        building.launch(index, {"x": x}).end(index, objective=1.0)
        building.complete(index)
    return building


def test_a_sweep_is_done_when_a_step_would_say_so(tmp_path: Path) -> None:
    grid = config_with(tmp_path, "{x: {values: [1, 2]}}")

    assert is_done(over(1, 2).ledger, grid, NOW)
    assert not is_done(over(1).ledger, grid, NOW)


def test_an_edited_grid_or_points_outside_of_it_are_still_to_come(tmp_path: Path) -> None:
    edited = config_with(tmp_path, "{x: {values: [3, 4]}}")
    assert not is_done(over(1, 2).ledger, edited, NOW)

    points = config_with(tmp_path, "{x: {values: [1, 2]}}", "{points: [{x: 7}]}")
    assert not is_done(over(1, 2).ledger, points, NOW)
