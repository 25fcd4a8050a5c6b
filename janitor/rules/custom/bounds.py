"""Bounds of an evaluation: an expression that explodes is interrupted, whatever it computes.

Macros within macros take a number of steps that grows with a power of the depth, and sums of
texts double their length. Steps are counted at each node and at each turn of a macro; texts and
lists cost steps by their length. The time limit is for single steps over large values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from time import thread_time
from typing import Any, Final

STEPS: Final = 20_000
"""Of one evaluation."""
SECONDS: Final = 2.0
"""Of the processor: a machine that is busy with other things refuses no expression."""
LONGEST_VALUE: Final = 100_000
"""Characters of a text, or items of a list, that an operator may make."""
_PER_STEP: Final = 50
"""Characters or items that cost one step."""


class ExhaustedError(Exception):
    """An evaluation takes too much. Not a ValueError: CEL's ``||`` must not forgive it."""


@dataclass(slots=True)
class Budget:
    """What an evaluation may still take. For one thread."""

    steps: int = STEPS
    seconds: float = SECONDS
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = thread_time() + self.seconds

    def take(self, steps: int = 1) -> None:
        """Count some steps.

        Raises:
            ExhaustedError: that is too many, or they take too long.

        """
        self.steps -= steps
        if self.steps < 0:
            raise ExhaustedError("it takes too many steps to evaluate")
        if thread_time() > self._end:
            raise ExhaustedError("it takes too long to evaluate")


_CURRENT: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def bounded(budget: Budget) -> Iterator[None]:
    """Evaluations in this block take from the budget."""
    token = _CURRENT.set(budget)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def take(steps: int = 1) -> None:
    """Count steps of the evaluation that is under way.

    Raises:
        ExhaustedError: there are no more.

    """
    budget = _CURRENT.get()
    if budget is not None:
        budget.take(steps)


def take_for_size(length: int) -> None:
    """Count the making of a text or list of this length.

    Raises:
        ExhaustedError: it is too long, or there are no more steps.

    """
    if length > LONGEST_VALUE:
        raise ExhaustedError("it makes a value that is too large")
    take(1 + length // _PER_STEP)


@cache
def _evaluator() -> type[Any]:
    """The library's evaluator, counting its steps."""
    from celpy.evaluation import Evaluator

    class Counting(Evaluator):
        def sub_evaluator(self, ast: Any) -> Any:
            return Counting(ast, activation=self.activation)

        def visit_children(self, tree: Any) -> Any:
            take()
            return super().visit_children(tree)

        def evaluate(self, context: Any = None) -> Any:
            take()
            return super().evaluate(context)

    return Counting


class Program:
    """A compiled expression with its functions: the library's interpreter, bounded.

    Args:
        tree: The expression, as the parser returned it.
        environment: The library's.
        functions: Operators and functions, by the library's names for them.

    """

    def __init__(
        self, tree: Any, environment: Any, functions: Mapping[str, Callable[..., Any]]
    ) -> None:
        self._tree = tree
        self._runner = environment.program(tree, functions=dict(functions))

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The value under the current budget.

        Raises:
            ExhaustedError: it takes too much.
            CELEvalError: it has no value.

        """
        return _evaluator()(self._tree, self._runner.new_activation()).evaluate(dict(values))
