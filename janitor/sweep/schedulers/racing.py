"""Racing: a configuration that is worse than the best one gets no further repeats. Pure.

A configuration is dropped when the confidence interval of its mean lies wholly on the worse side
of the interval of the best one that has all its repeats. Source of the idea: Maron and Moore,
"Hoeffding races", NIPS 1993; as in Birattari et al., "A racing algorithm for configuring
metaheuristics", GECCO 2002, the intervals are Student's.
"""

from __future__ import annotations

from janitor.model.ledger import Ledger
from janitor.sweep.configurations import best_configuration, by_index, mean, results
from janitor.sweep.intervals import interval_of


def dropped(ledger: Ledger, repeats: int, sign: int, confidence: float) -> dict[int, str]:
    """The configurations whose further repeats are not made, and why.

    Args:
        ledger: The sweep.
        repeats: How many trials a configuration has.
        sign: 1 to maximize, -1 to minimize.
        confidence: Of the intervals, such as 0.95.

    """
    best = best_configuration(ledger, sign, repeats)
    interval = None if best is None else interval_of(best.results, confidence)
    if best is None or interval is None:
        return {}
    limit = interval[0] if sign > 0 else interval[1]
    found = {}
    for index, trials in by_index(ledger.visible()).items():
        values = results(trials)
        own = interval_of(values, confidence)
        if own is None or index == best.index:
            continue
        hopeful = own[1] if sign > 0 else own[0]
        if sign * hopeful < sign * limit:
            found[index] = (
                f"after {len(values)} of {repeats} repeats its mean, {mean(values):.6g}, is from"
                f" {own[0]:.6g} to {own[1]:.6g}; that of {best.run}, {best.objective:.6g}, is from"
                f" {interval[0]:.6g} to {interval[1]:.6g}"
            )
    return found
