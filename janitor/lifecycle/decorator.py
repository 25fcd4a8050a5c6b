"""``@tracked``: a function whose call is the run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast, overload

from janitor.lifecycle.manager import RobustSweepStateManager

P = ParamSpec("P")
R = TypeVar("R")


@overload
def tracked(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def tracked(**settings: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def tracked(function: Callable[..., Any] | None = None, /, **settings: Any) -> Any:
    """Set running when the function is called, and the state that its end means when it ends.

    The run is ``wandb.run`` at the time of the call, so ``wandb.init()`` comes before it; where
    the function calls it, the end alone is written. Settings are those of
    :class:`RobustSweepStateManager`. A coroutine function stays one.
    """
    if function is None:
        return functools.partial(_tracked, settings=settings)
    return _tracked(function, settings)


def _tracked(function: Callable[..., Any], settings: dict[str, Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_and_wait(*args: Any, **kwargs: Any) -> Any:
            with RobustSweepStateManager(**settings):
                return await function(*args, **kwargs)

        return cast("Callable[..., Any]", call_and_wait)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with RobustSweepStateManager(**settings):
            return function(*args, **kwargs)

    return call
