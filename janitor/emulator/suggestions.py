"""Suggestions for sweeps: grid and random search over the parameters.

A configuration's ``parameters`` are W&B's: ``value``, ``values`` (with ``probabilities``), ``min``
and ``max`` with a ``distribution``, and nested ``parameters``. A suggestion has the form that
agents pass on: ``{name: {"value": …}}``. The n-th suggestion of a sweep is always the same.
"""

from __future__ import annotations

import itertools
import math
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Suggestion = dict[str, dict[str, Any]]


class SweepConfigError(ValueError):
    """A sweep's configuration cannot be searched."""


def suggest(config: dict[str, Any], number: int, seed: str) -> Suggestion | None:
    """The suggestion of a number, starting at 0, or None if the search is over.

    Raises SweepConfigError.
    """
    expected = count_expected(config)
    if expected is not None and number >= expected:
        return None
    parameters = _parameters(config)
    if config.get("method") == "grid":
        values = next(itertools.islice(_grid(parameters), number, None))
    else:
        values = _draw(parameters, random.Random(f"{seed}:{number}"))  # noqa: S311 - no secrets
    return {name: {"value": value} for name, value in values.items()}


def count_expected(config: dict[str, Any]) -> int | None:
    """The number of runs of the sweep, or None if it has no end. Raises SweepConfigError."""
    method, cap = config.get("method"), config.get("run_cap")
    if method == "custom":
        return 0
    if method not in {"grid", "random", "bayes"}:
        raise SweepConfigError(f"unknown method {method!r}")
    limits = [int(cap)] if cap is not None else []
    if method == "grid":
        limits.append(_count_grid(_parameters(config)))
    return min(limits) if limits else None


def check(config: Any) -> list[str]:
    """Check a configuration; warnings for the user. Raises SweepConfigError."""
    if not isinstance(config, dict):
        raise SweepConfigError("it is not a mapping")
    if config.get("method") != "custom":
        suggest(config, 0, "check")
    if config.get("method") == "bayes":
        return ["the emulator has no Bayesian search: it draws values at random"]
    return []


def _parameters(config: dict[str, Any]) -> dict[str, Any]:
    parameters = config.get("parameters")
    if not isinstance(parameters, dict) or not parameters:
        raise SweepConfigError("a sweep needs parameters")
    return parameters


def _count_grid(parameters: dict[str, Any]) -> int:
    counts = (
        _count_grid(spec["parameters"]) if _is_nested(spec) else len(_choices(name, spec))
        for name, spec in parameters.items()
    )
    return math.prod(counts)


def _grid(parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All combinations; the last parameter changes fastest."""
    axes = [
        list(_grid(spec["parameters"])) if _is_nested(spec) else _choices(name, spec)
        for name, spec in parameters.items()
    ]
    for combination in itertools.product(*axes):
        yield dict(zip(parameters, combination, strict=True))


def _is_nested(spec: Any) -> bool:
    return isinstance(spec, dict) and isinstance(spec.get("parameters"), dict)


def _choices(name: str, spec: Any) -> list[Any]:
    """The values of one parameter of a grid."""
    if isinstance(spec, dict):
        if "value" in spec:
            return [spec["value"]]
        if isinstance(spec.get("values"), list):
            return list(spec["values"])
        if "min" in spec and "max" in spec:
            if spec.get("distribution") == "int_uniform":
                return list(range(int(spec["min"]), int(spec["max"]) + 1))
            if spec.get("distribution") == "q_uniform":
                return _steps(float(spec["min"]), float(spec["max"]), float(spec.get("q", 1)))
    raise SweepConfigError(f"parameter {name!r} has no list of values for a grid")


def _steps(low: float, high: float, step: float) -> list[float]:
    return [low + step * number for number in range(int((high - low) / step + 1e-9) + 1)]


def _draw(parameters: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    return {
        name: _draw(spec["parameters"], rng) if _is_nested(spec) else _draw_one(name, spec, rng)
        for name, spec in parameters.items()
    }


def _draw_one(name: str, spec: Any, rng: random.Random) -> Any:
    if not isinstance(spec, dict):
        raise SweepConfigError(f"parameter {name!r} must be an object")
    if "value" in spec:
        return spec["value"]
    if isinstance(spec.get("values"), list):
        return rng.choices(spec["values"], weights=spec.get("probabilities"))[0]
    distribution = str(spec.get("distribution", "uniform"))
    try:
        return _quantized(_DRAWS[distribution.removeprefix("q_")](spec, rng), distribution, spec)
    except KeyError as error:
        raise SweepConfigError(f"parameter {name!r}: no {error} in {spec}") from error


def _quantized(value: Any, distribution: str, spec: dict[str, Any]) -> Any:
    if not distribution.startswith("q_"):
        return value
    step = float(spec.get("q", 1))
    return round(value / step) * step


def _normal(spec: dict[str, Any], rng: random.Random) -> float:
    return rng.gauss(float(spec.get("mu", 0)), float(spec.get("sigma", 1)))


_DRAWS: dict[str, Callable[[dict[str, Any], random.Random], Any]] = {
    "uniform": lambda spec, rng: rng.uniform(spec["min"], spec["max"]),
    "int_uniform": lambda spec, rng: rng.randint(int(spec["min"]), int(spec["max"])),
    "log_uniform": lambda spec, rng: math.exp(rng.uniform(spec["min"], spec["max"])),
    "log_uniform_values": lambda spec, rng: math.exp(
        rng.uniform(math.log(spec["min"]), math.log(spec["max"]))
    ),
    "inv_log_uniform": lambda spec, rng: math.exp(-rng.uniform(spec["min"], spec["max"])),
    "inv_log_uniform_values": lambda spec, rng: (
        1 / math.exp(rng.uniform(-math.log(spec["max"]), -math.log(spec["min"])))
    ),
    "normal": _normal,
    "log_normal": lambda spec, rng: math.exp(_normal(spec, rng)),
    "beta": lambda spec, rng: rng.betavariate(spec["a"], spec["b"]),
}
