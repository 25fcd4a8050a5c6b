"""Sets fields of a config by dotted path, and checks each value against the field's type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from janitor.errors import ConfigError
from janitor.model.wording import did_you_mean, quoted

Config = TypeVar("Config", bound=BaseModel)


def with_overrides(config: Config, overrides: Mapping[str, Any]) -> Config:
    """A copy of the config with other values.

    Args:
        config: Is left as it is.
        overrides: Values by path, such as ``{"optimizer.lr": 0.1}``, or nested, such as
            ``{"optimizer": {"lr": 0.1}}``.

    Raises:
        ConfigError: a path does not exist, or a value does not fit its field. The message names
            path, value and type.

    """
    return _merged(config, _nested(overrides), ())


def complete(model: type[Config], values: Mapping[str, Any]) -> Config:
    """A config from values by path, of which the others have their defaults.

    Raises:
        ConfigError: as :func:`with_overrides`, or a value without a default is missing.

    """
    given = _nested(values)
    _check_names(model, given, ())
    required = {
        name: given[name]
        for name, field in model.model_fields.items()
        if name in given and field.is_required()
    }
    base = _validated(model, required, ())
    return _merged(base, {name: given[name] for name in given if name not in required}, ())


def _nested(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The values as nested mappings.

    Raises:
        ConfigError: a path is set twice, or goes through a value.

    """
    nested: dict[str, Any] = {}

    def put(path: tuple[str, ...], value: Any) -> None:
        if isinstance(value, Mapping) and value:
            for name, inner in value.items():
                put((*path, *str(name).split(".")), inner)
            return
        level = nested
        for key in path[:-1]:
            level = level.setdefault(key, {})
            if not isinstance(level, dict):
                raise ConfigError(f"{'.'.join(path)}: {key} is set to a value as well")
        if path[-1] in level:
            raise ConfigError(f"{'.'.join(path)} is set twice")
        level[path[-1]] = value

    for name, value in overrides.items():
        put(tuple(name.split(".")), value)
    return nested


def _merged(config: Config, overrides: Mapping[str, Any], above: tuple[str, ...]) -> Config:
    model = type(config)
    _check_names(model, overrides, above)
    values = {name: getattr(config, name) for name in model.model_fields}
    for name, value in overrides.items():
        here, current = (*above, name), values[name]
        if isinstance(current, BaseModel) and isinstance(value, Mapping):
            values[name] = _merged(current, value, here)
        elif isinstance(current, Mapping) and isinstance(value, Mapping):
            values[name] = {**current, **value}
        else:
            values[name] = value
    return _validated(model, values, above)


def _check_names(
    model: type[BaseModel], overrides: Mapping[str, Any], above: tuple[str, ...]
) -> None:
    for name in overrides:
        if name not in model.model_fields:
            hint = did_you_mean(name, model.model_fields)
            known = hint or f"; it has {', '.join(model.model_fields) or 'no fields'}"
            path = ".".join((*above, name))
            raise ConfigError(f"{path}: {model.__name__} has no field {quoted(name)}{known}")


def _validated(model: type[Config], values: Mapping[str, Any], above: tuple[str, ...]) -> Config:
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        said = [
            _sentence(model, above, each["loc"], each["type"], each["msg"], each["input"])
            for each in error.errors(include_url=False)
        ]
        raise ConfigError("; ".join(dict.fromkeys(said))) from error


def _sentence(
    model: type[BaseModel],
    above: tuple[str, ...],
    location: tuple[int | str, ...],
    kind: str,
    message: str,
    given: Any,
) -> str:
    path = ".".join(map(str, (*above, *location))) or model.__name__
    if kind == "missing":
        return f"{path} is missing: {model.__name__} has no default for it"
    field = model.model_fields.get(str(location[0])) if location else None
    wanted = "" if field is None else f" ({_type_name(field.annotation)})"
    message = message.removeprefix("Value error, ").removeprefix("Input ")
    return f"{path}{wanted} {message}, not {quoted(given)}"


def _type_name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
