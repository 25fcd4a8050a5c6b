"""``@tracked``: each call of a function is a run."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar, cast, overload

from janitor.lifecycle.current import current_run
from janitor.lifecycle.manager import RobustSweepStateManager

P = ParamSpec("P")
R = TypeVar("R")


@overload
def tracked(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def tracked(**settings: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def tracked(function: Callable[..., Any] | None = None, /, **settings: Any) -> Any:
    """Set running when the function is called, and the state of the run when it ends.

    The run is ``wandb.run`` at the time of the call, or the one that the function creates with
    ``wandb.init()``. Settings are those of :class:`RobustSweepStateManager`. A coroutine function
    remains one.

    Raises:
        TypeError: the function is a generator: calling it runs none of its code.

    """
    if function is None:
        return functools.partial(_tracked, settings=settings)
    return _tracked(function, settings)


def _tracked(function: Callable[..., Any], settings: dict[str, Any]) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{function.__qualname__} is a generator, and calling it runs none of its code:"
            " use `with RobustSweepStateManager():` inside it instead of @tracked"
        )
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_and_wait(*args: Any, **kwargs: Any) -> Any:
            with _life_of_a_call(settings):
                return await function(*args, **kwargs)

        return cast("Callable[..., Any]", call_and_wait)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with _life_of_a_call(settings):
            return function(*args, **kwargs)

    return call


@contextmanager
def _life_of_a_call(settings: dict[str, Any]) -> Iterator[None]:
    """The block of a manager; it begins with ``wandb.init()`` if there is no run yet."""
    manager = RobustSweepStateManager(**settings)
    wandb: Any = sys.modules.get("wandb")
    if wandb is None or settings.get("wandb_run") is not None or current_run() is not None:
        with manager:
            yield
        return
    with ExitStack() as block:
        begun: list[Any] = []

        def begin() -> None:
            if not begun:
                begun.append(block.enter_context(manager))

        try:
            with _upon_init(wandb, begin):
                yield
        finally:
            begin()  # the run was created in another way: at least its end is written


@contextmanager
def _upon_init(wandb: Any, begin: Callable[[], None]) -> Iterator[None]:
    """Call ``begin`` as soon as ``wandb.init()`` has created a run, while the block runs."""
    init, is_over = wandb.init, False

    @functools.wraps(init)
    def init_and_begin(*args: Any, **kwargs: Any) -> Any:
        run = init(*args, **kwargs)
        if not is_over and current_run() is not None:
            begin()
        return run

    wandb.init = init_and_begin
    try:
        yield
    finally:
        is_over = True
        if wandb.init is init_and_begin:
            wandb.init = init
