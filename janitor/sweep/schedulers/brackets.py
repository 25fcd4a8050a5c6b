"""Brackets of Hyperband: how many trials begin with how much of the resource. Pure.

Source: Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, "Hyperband: A Novel Bandit-Based Approach to
Hyperparameter Optimization", JMLR 18 (2018), Algorithm 1. With s_max = the number of rungs - 1,
bracket s begins n = ⌈(s_max + 1) / (s + 1) · η^s⌉ trials at R·η^-s and keeps ⌊n·η^-i⌋ in its round
i: for R = 81 and η = 3 it begins 81, 34, 15, 8 and 5 trials, as Ray, NNI, Katib and Optuna do.
(Table 1 of the paper's first version, and Orion, have 81, 27, 9, 6 and 5.)
"""

from __future__ import annotations

import math
from functools import lru_cache

from janitor.sweep.levels import exact
from janitor.sweep.seeds import Numbers


def size_of(bracket: int, rungs: int, eta: float) -> int:
    """How many trials a bracket begins.

    Args:
        bracket: From 0: the number of rungs that it leaves out at the bottom.
        rungs: How many rungs there are without leaving any out.
        eta: One of so many trials comes to the next rung.

    """
    further = rungs - 1 - bracket
    return math.ceil(exact(eta) ** further * rungs / (further + 1))


@lru_cache(maxsize=64)
def sizes_of(rungs: int, eta: float) -> tuple[int, ...]:
    """How many trials each bracket begins, the one with all rungs first."""
    return tuple(size_of(bracket, rungs, eta) for bracket in range(rungs))


def bracket_of(run: str, brackets: int, rungs: int, eta: float) -> int:
    """The bracket of a run, by a hash of its name; larger brackets are more likely."""
    if brackets == 1:
        return 0
    sizes = sizes_of(rungs, eta)[:brackets]
    drawn = Numbers("bracket", run).next() * sum(sizes)
    for bracket, size in enumerate(sizes):
        drawn -= size
        if drawn < 0:
            return bracket
    return brackets - 1
