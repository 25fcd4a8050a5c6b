"""Checks an own rule before it is used: unknown names, and operations that fail for every run.

CEL libraries for Python find these only while they evaluate. So the names are looked up in the
parse tree, and the expression is evaluated on sample runs, with every error reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from janitor.model.summary import Path
from janitor.model.wording import did_you_mean
from janitor.rules.custom.bounds import STEPS, Budget, ExhaustedError
from janitor.rules.custom.cel import Expression, ExpressionError, TooComplexError, compiled
from janitor.rules.custom.names import names_of
from janitor.rules.custom.operators import kind_of
from janitor.rules.custom.rule import FIELDS

_NOW: Final = datetime(2026, 1, 15, 12, tzinfo=UTC)
_ANYTHING: Final = (
    1.5,
    3,
    "text",
    True,
    "2026-01-15T09:00:00+00:00",
    1768467600,
    "3h",
    "1.5",
    [1.5],
    ["text"],
    {"key": 1.5},
    {"key": "text"},
    None,
)
"""Values of each kind that a summary may hold."""
_SAMPLE: Final[Mapping[str, Any]] = {
    "id": "a1b2c3d4",
    "path": "acme/rl/a1b2c3d4",
    "name": "brave-sweep-1",
    "entity": "acme",
    "project": "rl",
    "sweep": "s1",
    "group": "night",
    "tags": ["debug"],
    "wandb_state": "running",
    "ended": False,
    "state": "running",
    "age": timedelta(hours=7),
    "last_alive": _NOW - timedelta(hours=7),
    "created_at": _NOW - timedelta(days=2),
    "heartbeat_at": _NOW - timedelta(hours=7),
    "history_lines": 120,
    "objective": 0.5,
}
"""A run that has everything."""
_OTHERS: Final[tuple[Mapping[str, Any], ...]] = (
    {"wandb_state": "finished", "ended": True},
    {"wandb_state": "crashed", "ended": True, "age": timedelta(days=40)},
    {"state": "initializing", "age": timedelta(seconds=30), "history_lines": 0},
    {"state": "evaluating", "age": timedelta(days=400)},
)
"""What other runs have instead."""


def check_expression(text: str) -> None:
    """Refuse an expression that could not judge any run.

    Raises:
        ExpressionError: it is not valid CEL, uses a name or field that does not exist, compares
            what cannot be compared, gives something else than true or false, or takes too much.

    """
    names = names_of(text)
    for name in sorted(names.fields - FIELDS.keys()):
        raise ExpressionError(
            f"run has no field {name!r}; its fields are {', '.join(FIELDS)}"
            f"{did_you_mean(name, FIELDS)}"
        )
    expression = compiled(text)
    paths = [("summary", *path) for path in sorted(names.summary_paths)]
    paths += [("objective",)] if "objective" in names.fields else []
    check = _Check(paths)
    for value in check.values(expression):
        if (kind := kind_of(value)) != "a truth value":
            raise ExpressionError(f"it must be true or false, and gives {kind}")
    for branch in _branches(expression):
        check.values(branch)


@dataclass(slots=True)
class _Check:
    """Evaluates an expression and its branches on samples, within one budget for all of them."""

    paths: Sequence[Path]
    """Places in a run that may hold anything."""
    total: Budget = field(default_factory=lambda: Budget(steps=400_000, seconds=10))

    def values(self, expression: Expression) -> list[Any]:
        """The expression's values on the samples: with the right kinds at the paths, it has some.

        Raises:
            ExpressionError: it has none, or takes too much.

        """
        chosen = self._fitting(expression)
        samples = [_facts({**_SAMPLE, **other}, chosen) for other in ({}, *_OTHERS)]
        return [self._evaluate(expression, sample) for sample in samples]

    def _evaluate(self, expression: Expression, facts: Mapping[str, Any]) -> Any:
        once = Budget()
        try:
            return expression.evaluate(facts, lenient=False, budget=once)
        finally:
            self._count(STEPS - once.steps)

    def _count(self, steps: int) -> None:
        try:
            self.total.take(max(1, steps))
        except ExhaustedError as error:
            raise TooComplexError(f"cannot be checked: {error}") from error

    def _fitting(self, expression: Expression) -> dict[Path, Any]:
        """For each place that may hold anything, the kind of value with the fewest failures."""
        chosen: dict[Path, Any] = {}
        for paths in (self.paths, *([path] for path in (*self.paths, *self.paths))):
            value, failures = self._best(expression, chosen, paths)
            chosen |= dict.fromkeys(paths, value)
            if not failures:
                break
        return chosen

    def _best(
        self, expression: Expression, chosen: Mapping[Path, Any], paths: Sequence[Path]
    ) -> tuple[Any, int]:
        """The kind of value for these places with the fewest failing parts, and how many fail."""
        best: Any = None
        fewest = -1
        for value in _ANYTHING:
            failures = self._problems(expression, {**chosen, **dict.fromkeys(paths, value)})
            if fewest < 0 or failures < fewest:
                best, fewest = value, failures
            if not fewest:
                break
        return best, fewest

    def _problems(self, expression: Expression, chosen: Mapping[Path, Any]) -> int:
        try:
            self._evaluate(expression, _facts(_SAMPLE, chosen))
        except TooComplexError:
            raise
        except ExpressionError as error:
            return error.problems
        return 0


def _facts(fields: Mapping[str, Any], chosen: Mapping[Path, Any]) -> dict[str, Any]:
    run: dict[str, Any] = {**fields, "summary": {}}
    for path, value in chosen.items():
        level = run
        for key in path[:-1]:
            below = level.get(key)
            level[key] = dict(below) if isinstance(below, dict) else {}
            level = level[key]
        level[path[-1]] = value
    return {"now": _NOW, "run": run}


def _branches(expression: Expression) -> Iterator[Expression]:
    """The branches of each ``a ? b : c``: evaluation takes one of them only."""
    for node in expression.tree.iter_subtrees():
        if node.data == "expr" and len(node.children) == 3:
            yield from (expression.part(branch) for branch in node.children[1:])
