"""Problems of the quality bench. Plain Python: the peers' environments lack the janitor.

A problem is a space and a function from params to what a training reports, one loss per epoch; the
smaller the better. Losses are distances from the best one that is possible.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Params = Mapping[str, Any]
Space = Mapping[str, tuple[Any, ...]]
"""("float", low, high), ("log", low, high) or ("choice", values …) by name."""
EPOCHS = 27


@dataclass(frozen=True)
class Problem:
    """A space, and how trainings in it go."""

    name: str
    space: Space
    curve: Callable[[Params], Sequence[float]]
    epochs: int
    budget: int
    """Epochs of all trainings together; for problems with one epoch that is trials."""


def branin(p: Params) -> float:
    """Branin and Hoo."""
    x, y = p["x0"], p["x1"]
    bent = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return float(bent**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.39788735772973816)


_A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
      [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]  # fmt: skip
_P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
      [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]  # fmt: skip


def hartmann(p: Params) -> float:
    """Hartmann in six dimensions."""
    x = [p[f"x{number}"] for number in range(6)]
    total = 0.0
    for weight, a, b in zip((1.0, 1.2, 3.0, 3.2), _A, _P):  # noqa: B905 - of one length
        inner = sum(k * (v - c / 1e4) ** 2 for k, v, c in zip(a, x, b))  # noqa: B905 - the same
        total += weight * math.exp(-inner)
    return 3.322368011415515 - total


def rosenbrock(p: Params) -> float:
    """Rosenbrock in five dimensions."""
    x = [p[f"x{number}"] for number in range(5)]
    return float(sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)))


def hartmann_curve(p: Params) -> list[float]:
    """A made-up training that comes to Hartmann's function; large x0 learn slowly."""
    speed = 0.5 + p["x0"]
    return [hartmann(p) + 3 * epoch ** (-1 / speed) for epoch in range(1, EPOCHS + 1)]


def digits(table: Path) -> Problem:
    """Real learning curves, from :func:`train_digits`."""
    document = json.loads(table.read_text())
    best = min(min(curve) for curve in document["curves"].values())
    curves = {key: [loss - best for loss in curve] for key, curve in document["curves"].items()}
    space = {name: ("choice", *values) for name, values in document["space"].items()}

    def curve(params: Params) -> list[float]:
        return curves[json.dumps([params[name] for name in space])]

    return Problem("digits", space, curve, EPOCHS, 20 * EPOCHS)


def train_digits(table: Path) -> None:
    """Train a linear model on scikit-learn's digits with each configuration; takes a minute."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split

    data, target = load_digits(return_X_y=True)
    kept = train_test_split(data / 16, target, test_size=0.4, random_state=0)
    train, test, wanted, known = kept
    space: dict[str, list[Any]] = {
        "eta0": [10 ** (-4 + 0.5 * step) for step in range(9)],
        "alpha": [10.0**-step for step in range(6, 0, -1)],
        "penalty": ["l1", "l2", "elasticnet"],
        "learning_rate": ["constant", "invscaling"],
    }
    curves: dict[str, list[float]] = {}
    for values in itertools.product(*space.values()):
        settings = dict(zip(space, values, strict=True))
        model = SGDClassifier(loss="log_loss", random_state=0, **settings)
        curve = []
        for _ in range(EPOCHS):
            model.partial_fit(train, wanted, classes=np.unique(target))
            chances = np.nan_to_num(model.predict_proba(test), nan=0.1)
            curve.append(float(log_loss(known, np.clip(chances, 1e-3, 1), labels=range(10))))
        curves[json.dumps(list(values))] = curve
    table.write_text(json.dumps({"space": space, "curves": curves}))


def problems(table: Path) -> tuple[Problem, ...]:
    """All of them."""

    def box(count: int, low: float, high: float) -> Space:
        return {f"x{number}": ("float", low, high) for number in range(count)}

    plane = {"x0": ("float", -5.0, 10.0), "x1": ("float", 0.0, 15.0)}
    return (
        Problem("Branin", plane, lambda p: [branin(p)], 1, 60),
        Problem("Hartmann 6", box(6, 0.0, 1.0), lambda p: [hartmann(p)], 1, 60),
        Problem("Rosenbrock 5", box(5, -2.0, 2.0), lambda p: [rosenbrock(p)], 1, 60),
        Problem("Hartmann curves", box(6, 0.0, 1.0), hartmann_curve, EPOCHS, 20 * EPOCHS),
        digits(table),
    )
