"""Attributes with which trials are given to Optuna, and names that need none of its parts."""

from __future__ import annotations

from typing import Final, Literal

Acquisition = Literal["logei", "ei", "ucb", "cost_ei"]
"""What a Gaussian process maximizes; see :mod:`.acquisition`."""
COST: Final = "cost"
"""A trial's cost, among the user's attributes."""
CONSTRAINT: Final = "constraints:"
"""Begins the attributes in which Optuna keeps by how much a trial violates each constraint."""
