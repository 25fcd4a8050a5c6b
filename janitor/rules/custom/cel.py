"""Expressions in CEL, the Common Expression Language of Kubernetes, over named values.

The CEL library is optional: it is imported when an expression is used. Our operators
(:mod:`janitor.rules.custom.operators`) are stricter than the library's, and each evaluation is
bounded (:mod:`janitor.rules.custom.bounds`).

https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from janitor.rules.custom.bounds import Budget, ExhaustedError, Program, bounded
from janitor.rules.custom.operators import operators, to_cel

if TYPE_CHECKING:
    from celpy import Environment

LONGEST = 2000
"""Characters of an expression."""
_PARSING = Lock()
"""The library's parser is shared by all threads."""


class ExpressionError(ValueError):
    """An expression cannot be read, or not be evaluated; its text is a part of a sentence."""

    def __init__(self, message: str, problems: int = 1) -> None:
        super().__init__(message)
        self.problems = problems
        """How many parts of the expression failed."""


class TooComplexError(ExpressionError):
    """An expression takes too many steps, too much time or too much memory."""


class Expression:
    """A compiled expression; safe from many threads.

    Args:
        tree: As the parser gave it.
        environment: The library's.

    """

    def __init__(self, tree: Any, environment: Environment) -> None:
        self.tree = tree
        self._environment = environment
        self._lenient = Program(tree, environment, operators(lenient=True))
        self._strict = Program(tree, environment, operators(lenient=False))

    def evaluate(
        self, values: Mapping[str, Any], *, lenient: bool = True, budget: Budget | None = None
    ) -> Any:
        """The expression's value, in Python's types.

        Args:
            values: The values of the names: JSON values, times and durations.
            lenient: Whether a decided ``&&`` or ``||`` forgives an error on its other side.
            budget: What the evaluation may take; the usual without it.

        Raises:
            ExpressionError: it has none.
            TooComplexError: it takes too much.

        """
        from celpy.evaluation import CELEvalError

        program = self._lenient if lenient else self._strict
        try:
            with bounded(budget or Budget()):
                return program.evaluate({name: to_cel(value) for name, value in values.items()})
        except ExhaustedError as error:
            raise TooComplexError(str(error)) from error
        except CELEvalError as error:
            raise ExpressionError(_explain(error), getattr(error, "problems", 1)) from error
        except RecursionError as error:
            raise ExpressionError("it is nested too deeply") from error

    def part(self, tree: Any) -> Expression:
        """A part of the expression, by itself."""
        return Expression(tree, self._environment)


@lru_cache(maxsize=256)
def compiled(text: str) -> Expression:
    """Compile an expression.

    Raises:
        ExpressionError: it is not valid CEL, or the library is not installed.

    """
    if len(text) > LONGEST:
        raise ExpressionError(f"is longer than {LONGEST} characters")
    try:
        import celpy.celparser
    except ImportError as error:
        raise ExpressionError(
            "needs the extra 'cel': install wandb-janitor[cel] (or the package cel-python)"
        ) from error
    try:
        with _PARSING:
            environment = celpy.Environment()
            return Expression(environment.compile(text), environment)
    except celpy.celparser.CELParseError as error:
        place = f" at line {error.line}, column {error.column}" if error.line else ""
        raise ExpressionError(f"is not a valid CEL expression{place}") from error
    except RecursionError as error:
        raise ExpressionError("is nested too deeply") from error


_MEMBER = re.compile(r"no such member in mapping: '(.*)'")
_UNDECLARED = re.compile(r"undeclared reference to '(.*?)'")
_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+?)(?:Type)?'>|'NoneType' object")


def _explain(error: Exception) -> str:
    """The library's error in words."""
    said, *rest = error.args
    if found := _MEMBER.match(str(said)):
        return f"{found[1]!r} does not exist"
    if found := _UNDECLARED.match(str(said)):
        return f"unknown function {found[1]!r}"
    detail = rest[1] if len(rest) > 1 and rest[1] else (said,)
    text = detail[0].decode(errors="replace") if isinstance(detail[0], bytes) else str(detail[0])
    text = _CLASS.sub(lambda found: (found[1] or "None").lower(), " ".join(text.split()))
    text = re.sub(r"\bnone\b", "null", text)
    if rest and rest[0] is KeyError:
        return f"{text!r} does not exist"
    return text if len(text) <= 200 else f"{text[:197]}..."
