"""Where a config field is searched: ranges from annotations, as ``parameters:`` of a sweep file.

A field has a range if it is annotated with :class:`Range` or :class:`Choices`, if annotated-types
or pydantic bounds close it on both sides, or if it is a ``Literal``, an enum or a ``bool``. Fields
of nested models are nested parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from janitor.model.summary import ABSENT


@dataclass(frozen=True, slots=True)
class Range:
    """The range of a number: ``lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 1e-3``.

    Args:
        min: The lower bound, included.
        max: The upper bound, included.
        log: Whether the logarithm is distributed evenly.
        q: The step, if only multiples of it are tried.
        points: How many points the range has in a grid.

    Raises:
        ValueError: there is nothing between the bounds, or no logarithm of them.

    """

    min: float
    max: float
    log: bool = False
    q: float | None = None
    points: int | None = None

    def __post_init__(self) -> None:
        """Refuse a range without numbers."""
        if not (math.isfinite(self.min) and math.isfinite(self.max) and self.min < self.max):
            raise ValueError(f"Range needs two finite bounds, min < max: {self.min}, {self.max}")
        if self.log and self.min <= 0:
            raise ValueError(f"Range with log=True needs min above 0, not {self.min}")

    def settings(self, *, is_int: bool) -> dict[str, Any]:
        """The parameter in a sweep file."""
        found: dict[str, Any]
        if is_int and not self.log and self.q is None:
            return {"distribution": "int_uniform", "min": int(self.min), "max": int(self.max)}
        kind = "log_uniform_values" if self.log else "uniform"
        q = 1 if is_int and self.q is None else self.q
        bounds = {"min": self.min, "max": self.max}
        found = {"distribution": f"q_{kind}" if q is not None else kind, **bounds}
        if q is not None:
            found["q"] = q
        if self.points is not None:
            found["points"] = self.points
        return found


class Choices:
    """The values that are tried: ``width: Annotated[int, Choices(16, 32, 64)] = 32``."""

    def __init__(self, *values: Any) -> None:
        if not values:
            raise ValueError("Choices needs at least one value")
        self.values = values


@dataclass(frozen=True, slots=True)
class SearchField:
    """A field of a config, as a sweep file shows it."""

    path: tuple[str, ...]
    settings: Mapping[str, Any] | None
    """The parameter; None if the field has no range."""
    default: Any
    """ABSENT if the field is required."""
    description: str

    @property
    def name(self) -> str:
        """The path as people write it: ``optimizer.lr``."""
        return ".".join(self.path)


def fields_of(
    model: type[BaseModel], above: tuple[str, ...] = (), instance: BaseModel | None = None
) -> Iterator[SearchField]:
    """The fields that can be set in a sweep, in order; those of nested models in their place.

    Args:
        model: The config.
        above: The path of a nested model.
        instance: The config with the values that count as defaults.

    """
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        default = getattr(instance, name) if instance is not None else _default(field)
        inner = _model(field.annotation)
        if inner is not None:
            is_given = isinstance(default, inner)
            yield from fields_of(
                type(default) if is_given else inner, (*above, name), default if is_given else None
            )
            continue
        yield SearchField(
            (*above, name), settings_of(field), plain(default), field.description or ""
        )


def settings_of(field: FieldInfo) -> dict[str, Any] | None:
    """The range of a field as a parameter of a sweep file; None if it has none."""
    kind = field.annotation
    is_int = kind is int
    for mark in field.metadata:
        if isinstance(mark, Range):
            return mark.settings(is_int=is_int)
        if isinstance(mark, Choices):
            return {"values": [plain(value) for value in mark.values]}
    if get_origin(kind) is Literal:
        return {"values": [plain(value) for value in get_args(kind)]}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"values": [plain(value) for value in kind]}
    if kind is bool:
        return {"values": [False, True]}
    return _bounded(field, is_int=is_int) if kind in (int, float) else None


def _bounded(field: FieldInfo, *, is_int: bool) -> dict[str, Any] | None:
    """The range between annotated-types bounds, if both are there."""
    low = high = q = None
    for mark in field.metadata:
        ge, gt = getattr(mark, "ge", None), getattr(mark, "gt", None)
        le, lt = getattr(mark, "le", None), getattr(mark, "lt", None)
        low = ge if ge is not None else low
        high = le if le is not None else high
        if gt is not None:
            low = math.floor(gt) + 1 if is_int else math.nextafter(gt, math.inf)
        if lt is not None:
            high = math.ceil(lt) - 1 if is_int else math.nextafter(lt, -math.inf)
        q = getattr(mark, "multiple_of", q)
    if low is None or high is None or not low < high:
        return None
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return Range(low, high, q=q).settings(is_int=is_int)


def _model(annotation: Any) -> type[BaseModel] | None:
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None


def _default(field: FieldInfo) -> Any:
    if field.default_factory_takes_validated_data:
        return ABSENT
    default = field.get_default(call_default_factory=True)
    return ABSENT if default is PydanticUndefined else default


def plain(value: Any) -> Any:
    """A value as a sweep file has it."""
    return value.value if isinstance(value, Enum) else value
