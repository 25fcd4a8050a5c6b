"""A run's history as rows by step.

A run whose id is used again without ``resume`` logs from step 0 again, behind the lines of the old
process (the SDK continues at the server's line count). Its rows then replace the old rows of the
same steps one by one, as W&B's users see it (wandb#3424).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from janitor.emulator.records import read_json, step_of

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, Any]


def rows_by_step(lines: Sequence[str]) -> list[tuple[int, Row]]:
    """The rows in the order of their steps; of several rows with one step, the last.

    A row without a step, as several processes of one run log them, has its line number as its step.
    """
    found: dict[tuple[bool, int], Row] = {}
    for number, line in enumerate(lines):
        row = read_json(line)
        if isinstance(row, dict):
            found["_step" in row, step_of(row, number)] = row
    rows = [(step, row) for (_, step), row in found.items()]
    return sorted(rows, key=lambda pair: pair[0])
