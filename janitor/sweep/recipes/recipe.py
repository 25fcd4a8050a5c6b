"""A recipe: a training found by a dotted name, ``package.module:name``."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, PydanticUserError, create_model

from janitor.errors import UsageError
from janitor.model.wording import did_you_mean, quoted
from janitor.sweep.recipes.overrides import complete
from janitor.sweep.recipes.tool import Result, Tool

SECTION: Final = "__sweep__"
"""The attribute of a function that holds its sweep section."""
Function = TypeVar("Function", bound=Callable[..., Any])


def recipe(**section: Any) -> Callable[[Function], Function]:
    """Give a function its sweep section: ``metric``, ``janitor`` and other keys of a sweep file.

    ``evaluate`` is a function that evaluates what the training left.

    Example:
        ``@janitor.recipe(metric={"name": "loss"}, janitor={"max_parallel_jobs": 2})``

    """

    def mark(function: Function) -> Function:
        setattr(function, SECTION, section)
        return function

    return mark


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training, its config and its sweep section."""

    name: str
    """``package.module:name``."""
    config: type[BaseModel]
    section: Mapping[str, Any]
    """Keys of a sweep file."""
    description: str
    has_evaluation: bool
    takes_trial: bool
    """Whether it can ask the trial if it should stop."""
    make: Callable[[Mapping[str, Any]], Tool]
    """A tool with these params; raises ConfigError for params that do not fit."""
    defaults: BaseModel | None = None
    """The config's values without params; None if some have no default."""

    @property
    def short_name(self) -> str:
        """A name for its sweeps: ``arena-train``."""
        module, _, name = self.name.partition(":")
        return f"{module.rpartition('.')[2]}-{name}".replace(".", "-").replace("_", "-")


def is_recipe(text: str) -> bool:
    """Whether a text names a recipe: ``package.module:name``."""
    module, colon, name = text.partition(":")
    return bool(colon) and all(
        part.isidentifier() for part in (*module.split("."), *name.split("."))
    )


def find(name: str) -> Recipe:
    """The recipe with this dotted name. Its module is imported, also from the current folder.

    Raises:
        UsageError: it does not exist, its module cannot be imported, or it is not a recipe.

    """
    if not is_recipe(name):
        raise UsageError(f"{quoted(name)} is not a recipe: use package.module:name")
    module_name, _, attribute = name.partition(":")
    found: Any = _module(name, module_name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            hint = did_you_mean(part, [each for each in dir(found) if each[0] != "_"])
            raise UsageError(f"{module_name} has no recipe {quoted(part)}{hint}")
        found = getattr(found, part)
    return recipe_of(found, name)


def _module(recipe_name: str, name: str) -> Any:
    if "" not in sys.path and "." not in sys.path:
        sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(
                f"the recipe {recipe_name} cannot be found: there is no module {error.name} in this"
                " folder or among the installed packages"
            ) from error
        raise UsageError(f"the recipe {recipe_name} cannot be imported: {error}") from error
    except Exception as error:
        raise UsageError(
            f"the recipe {recipe_name} cannot be imported: {type(error).__name__}: {error}"
        ) from error


def recipe_of(found: Any, name: str) -> Recipe:
    """The recipe that an object is.

    Raises:
        UsageError: it is not a Tool, a Tool's class, or a function.

    """
    if isinstance(found, Tool):
        return _of_tool(found, name)
    if isinstance(found, type) and issubclass(found, Tool):
        return _of_class(found, name)
    if not callable(found) or isinstance(found, type):
        kind = type(found).__name__
        raise UsageError(f"{name} is a {kind}: a recipe is a function, a Tool or a Tool's class")
    try:
        hints = get_type_hints(found, include_extras=True)
    except Exception as error:
        raise UsageError(f"the annotations of {name} cannot be read: {error}") from error
    made = hints.get("return")
    if isinstance(made, type) and issubclass(made, Tool):
        return _of_tool(_call_factory(found, name), name, getattr(found, SECTION, {}))
    return _of_function(found, hints, name)


def _call_factory(factory: Callable[[], Any], name: str) -> Tool:
    try:
        tool = factory()
    except TypeError as error:
        raise UsageError(f"{name} returns a Tool, so it takes no arguments: {error}") from error
    if not isinstance(tool, Tool):
        raise UsageError(f"{name} says that it returns a Tool, and returned {quoted(tool)}")
    return tool


def _of_tool(tool: Tool, name: str, section: Mapping[str, Any] | None = None) -> Recipe:
    kind = type(tool)
    return Recipe(
        name,
        kind,
        {**kind.sweep, **(section or {})},
        _first_line(kind),
        kind.has_evaluation(),
        takes_trial=True,
        make=tool.with_overrides,
        defaults=tool,
    )


def _of_class(kind: type[Tool], name: str) -> Recipe:
    return Recipe(
        name,
        kind,
        kind.sweep,
        _first_line(kind),
        kind.has_evaluation(),
        takes_trial=True,
        make=lambda params: complete(kind, params),
    )


class FunctionTool(Tool):
    """A function as a Tool."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    function: Callable[..., Any]
    evaluation: Callable[..., Any] | None = None
    arguments: dict[str, Any]
    trial_name: str | None = None

    def run(self) -> Result:
        """Call the function."""
        return self._call(self.function, self.arguments)

    def evaluate(self, policy_uri: str) -> Result:
        """Call the function's evaluation, with ``policy_uri`` and what else it takes."""
        assert self.evaluation is not None  # noqa: S101 - Recipe.has_evaluation says so
        known = inspect.signature(self.evaluation).parameters
        given = {**self.arguments, "policy_uri": policy_uri}
        return self._call(self.evaluation, {key: given[key] for key in given if key in known})

    def _call(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Result:
        more = {}
        if self.trial_name and self.trial_name in inspect.signature(function).parameters:
            more[self.trial_name] = self.trial
        result: Result = function(**arguments, **more)
        return result


def _of_function(function: Callable[..., Any], hints: Mapping[str, Any], name: str) -> Recipe:
    signature = inspect.signature(function)
    section = dict(getattr(function, SECTION, {}))
    evaluation = section.pop("evaluate", None)
    params = dict(signature.parameters)
    trial_name = "trial" if params.pop("trial", None) is not None else None
    single = _single_config(params, hints)
    model = single[1] if single else _model_of(params, hints, name)

    def make(values: Mapping[str, Any]) -> Tool:
        config = complete(model, values)
        arguments = (
            {single[0]: config}
            if single
            else {each: getattr(config, each) for each in model.model_fields}
        )
        return FunctionTool(
            function=function, evaluation=evaluation, arguments=arguments, trial_name=trial_name
        )

    return Recipe(
        name,
        model,
        section,
        _first_line(function),
        evaluation is not None,
        takes_trial=trial_name is not None,
        make=make,
    )


def _single_config(
    params: Mapping[str, inspect.Parameter], hints: Mapping[str, Any]
) -> tuple[str, type[BaseModel]] | None:
    """The one parameter that is a pydantic config."""
    if len(params) != 1:
        return None
    (name,) = params
    kind = hints.get(name)
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return (name, kind) if is_model and kind is not None else None


def _model_of(
    params: Mapping[str, inspect.Parameter], hints: Mapping[str, Any], name: str
) -> type[BaseModel]:
    """A config from the parameters of a function.

    Raises:
        UsageError: they cannot be set by name, or have types that pydantic does not know.

    """
    fields: dict[str, Any] = {}
    for key, parameter in params.items():
        if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
            raise UsageError(f"{name} takes {parameter}: a recipe's parameters have names")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[key] = (hints.get(key, Any), default)
    title = name.partition(":")[2]
    try:
        return create_model(title, __config__=ConfigDict(extra="forbid"), **fields)
    except (PydanticUserError, NameError) as error:
        raise UsageError(f"the parameters of {name} cannot be read: {error}") from error


def _first_line(found: Any) -> str:
    return (inspect.getdoc(found) or "").partition("\n")[0].strip()
