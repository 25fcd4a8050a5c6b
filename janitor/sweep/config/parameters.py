"""Reads ``parameters:`` of a sweep file as W&B does, with a few additions.

``when: {optimizer: adam}`` (or a list of values) makes a parameter exist only for these values of
a parameter above it. Parameters with the same word under ``zip`` change together. ``points: N``
gives a continuous parameter N points in a grid. ``default: 0.1`` says what a parameter was in
trials that were started before the file had it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from janitor.model.summary import ABSENT
from janitor.model.wording import did_you_mean, quoted
from janitor.sweep.config.distributions import KEYS, MOST_GRID_VALUES, Distribution
from janitor.sweep.config.space import Parameter, Path, Space, canonical
from janitor.sweep.config.usable import why_undrawable, why_unusable

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OURS: Final = ("when", "zip", "points", "default")
_NUMBERS: Final = ("min", "max", "q", "mu", "sigma", "a", "b")
_ALL: Final = ("value", "values", "probabilities", "distribution", "parameters", *_NUMBERS, *_OURS)

Problem = tuple[tuple[str, ...], str]
"""Where in the file, and what is wrong there."""


class Parameters:
    """The parameters of a file, and everything that is wrong with them.

    Args:
        document: The mapping under ``parameters``.

    """

    def __init__(self, document: Mapping[Any, Any]) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self._found: list[Parameter] = []
        self._walk(document, ("parameters",), ())
        self._check_conditions()
        self._check_zips()

    @property
    def space(self) -> Space:
        """The search space; only complete without problems."""
        return Space(tuple(self._found))

    def _walk(self, level: Mapping[Any, Any], place: Path, above: Path) -> None:
        for name, settings in level.items():
            at = (*place, str(name))
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                self._complain(
                    at, f"{quoted(name)} is not a parameter name: use letters, digits and _.-"
                )
            elif not isinstance(settings, Mapping) or not settings:
                self._complain(
                    at, f"must be a mapping such as {{values: [1, 2]}}, not {quoted(settings)}"
                )
            elif isinstance(settings.get("parameters"), Mapping):
                self._nest(settings, at, (*above, name))
            else:
                self._read(settings, at, (*above, name))

    def _nest(self, settings: Mapping[Any, Any], at: Path, path: Path) -> None:
        if others := [key for key in settings if key != "parameters"]:
            self._complain(at, f"has nested parameters, so it cannot also have {quoted(others[0])}")
        self._walk(settings["parameters"], (*at, "parameters"), path)

    def _read(self, settings: Mapping[Any, Any], at: Path, path: Path) -> None:
        before = len(self.problems)
        for key in settings:
            if key not in _ALL:
                self._complain(at, f"has no setting {quoted(key)}{did_you_mean(key, _ALL)}")
        kind = self._kind(settings, at)
        if kind is None or len(self.problems) > before:
            return
        distribution = self._distribution(kind, settings, at)
        self._check_when(settings, at)
        if len(self.problems) == before:
            when = {
                str(name): tuple(values) if isinstance(values, list) else (values,)
                for name, values in (settings.get("when") or {}).items()
            }
            zipped = settings.get("zip")
            word = None if zipped is None else str(zipped)
            default = settings.get("default", ABSENT)
            self._found.append(Parameter(path, distribution, when, word, default))

    def _check_when(self, settings: Mapping[Any, Any], at: Path) -> None:
        when, zipped = settings.get("when"), settings.get("zip")
        if when is not None and (not isinstance(when, Mapping) or not when):
            said = f"when must be a mapping such as {{optimizer: adam}}, not {quoted(when)}"
            self._complain(at, said)
        if zipped is not None and not isinstance(zipped, str | int):
            self._complain(at, f"zip must be a word, not {quoted(zipped)}")

    def _kind(self, settings: Mapping[Any, Any], at: Path) -> str | None:
        """The distribution, named or inferred as W&B infers it."""
        kind = settings.get("distribution")
        if kind is None:
            kind = _inferred(settings)
        if kind is None:
            self._complain(at, "needs a value, values, or min and max")
            return None
        if kind not in KEYS:
            self._complain(at, f"has no distribution {quoted(kind)}{did_you_mean(kind, KEYS)}")
            return None
        needed, optional = KEYS[kind]
        for name in needed:
            if name not in settings:
                self._complain(at, f"needs {name!r} for the distribution {kind}")
        for name in settings:
            if name not in {*needed, *optional, *_OURS, "distribution"}:
                self._complain(at, f"has {name!r}, which the distribution {kind} does not use")
        return str(kind)

    def _distribution(self, kind: str, settings: Mapping[Any, Any], at: Path) -> Distribution:
        numbers = {
            name: number
            for name in _NUMBERS
            if name in settings and (number := self._number(settings[name], name, at)) is not None
        }
        values: tuple[Any, ...] = ()
        if kind == "constant":
            values = (settings["value"],)
            if (why := why_unusable(settings["value"])) is not None:
                self._complain(at, f"value cannot be used: {why}")
        elif "values" in settings:
            values = self._values(settings["values"], kind, at)
        probabilities = tuple(self._probabilities(settings, values, at))
        if probabilities and not sum(probabilities):
            self._complain(at, "needs a probability that is larger than 0")
        points = settings.get("points")
        if points is not None and (not isinstance(points, int) or points < 1):
            self._complain(at, f"points must be a whole number from 1, not {quoted(points)}")
            points = None
        found = Distribution(kind, numbers, values, probabilities, points)
        self._check_range(found, at)
        return found

    def _values(self, values: Any, kind: str, at: Path) -> tuple[Any, ...]:
        if not isinstance(values, list) or not values:
            self._complain(at, f"values must be a list with a value, not {quoted(values)}")
            return ()
        if (why := why_unusable(values)) is not None:
            self._complain(at, f"values cannot be used: {why}")
            return ()
        texts = [each for each in values if isinstance(each, str) and _is_number(each)]
        if texts:
            self.notes.append(
                f"{'.'.join(at)}: {texts[0]} is a text in YAML 1.1, as for W&B; write it with a"
                " dot, such as 1.0e-5, for a number"
            )
        if kind == "categorical":
            return tuple({canonical({"": each}): each for each in values}.values())
        return tuple(values)

    def _probabilities(
        self, settings: Mapping[Any, Any], values: tuple[Any, ...], at: Path
    ) -> Iterator[float]:
        given = settings.get("probabilities")
        if given is None:
            return
        if not isinstance(given, list) or len(given) != len(values):
            self._complain(at, f"needs {len(values)} probabilities, one for each value")
            return
        for each in given:
            number = self._number(each, "probabilities", at)
            if number is None or number < 0:
                self._complain(at, f"has the probability {quoted(each)}: it must be 0 or more")
                return
            yield number

    def _number(self, value: Any, name: str, at: Path) -> float | None:
        """A number; ``1e-5``, which YAML 1.1 reads as a text, is one, with a note."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            if _is_finite(value):
                return value
        elif isinstance(value, str) and _is_number(value):
            self.notes.append(f"{'.'.join(at)}.{name}: {value} is taken as a number")
            return float(value)
        self._complain(at, f"{name} must be a number, not {quoted(value)}")
        return None

    def _check_range(self, found: Distribution, at: Path) -> None:
        low, high = found.numbers.get("min"), found.numbers.get("max")
        if low is not None and high is not None:
            if low > high:
                self._complain(at, f"min ({low:g}) is larger than max ({high:g})")
                return
            if "values" in found.kind and low <= 0:
                self._complain(at, f"min must be larger than 0 for {found.kind}, not {low:g}")
                return
            if found.kind == "int_uniform" and not (_is_whole(low) and _is_whole(high)):
                self._complain(at, "min and max must be whole numbers for int_uniform")
                return
        if found.kind.startswith("q_") and found.number("q") <= 0:
            self._complain(at, f"q must be larger than 0, not {found.number('q'):g}")
            return
        if found.number("sigma") < 0 or found.number("a") <= 0 or found.number("b") <= 0:
            self._complain(at, f"{found.kind} needs a positive sigma, a and b")
            return
        steps = (
            (high - low) / found.number("q")
            if found.kind == "q_uniform" and high is not None and low is not None
            else 0
        )
        if steps > MOST_GRID_VALUES:
            self._complain(at, f"has more than {MOST_GRID_VALUES:,} steps: use a larger q")
            return
        if (why := why_undrawable(found)) is not None:
            self._complain(at, f"cannot be used: {why}")

    def _check_conditions(self) -> None:
        above: set[str] = set()
        for parameter in self._found:
            name = ".".join(parameter.path)
            for other in parameter.when:
                if other not in above:
                    hint = did_you_mean(other, above)
                    self._complain(
                        ("parameters", *parameter.path),
                        f"when names {quoted(other)}, which is not a parameter above it{hint}",
                    )
            if name in above:
                self._complain(("parameters", *parameter.path), f"is there twice: {name}")
            above.add(name)

    def _check_zips(self) -> None:
        groups: dict[str, list[Parameter]] = {}
        for parameter in self._found:
            if parameter.zipped is not None:
                groups.setdefault(parameter.zipped, []).append(parameter)
        for word, group in groups.items():
            sizes = {
                None if (grid := one.distribution.grid) is None else len(grid) for one in group
            }
            if len(sizes) > 1 or None in sizes:
                self._complain(
                    ("parameters", *group[-1].path),
                    f"the parameters with zip: {word} need the same number of values",
                )

    def _complain(self, at: Path, problem: str) -> None:
        self.problems.append((at, problem))


def _inferred(settings: Mapping[Any, Any]) -> str | None:
    if "value" in settings:
        return "constant"
    if "values" in settings:
        return "categorical_w_probabilities" if "probabilities" in settings else "categorical"
    if "min" in settings and "max" in settings:
        whole = all(type(settings[name]) is int for name in ("min", "max"))
        return "int_uniform" if whole else "uniform"
    return None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond all floats
        return False


def _is_whole(number: float) -> bool:
    return float(number).is_integer()
