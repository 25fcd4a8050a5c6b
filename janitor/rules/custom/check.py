"""Checks an own rule before it is used: unknown names, and operations that no run makes sensible.

CEL libraries for Python find these only while they evaluate. So the names are looked up in the
parse tree, and the expression is evaluated on sample runs in a way that forgives no error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from janitor.model.summary import Path
from janitor.model.wording import did_you_mean
from janitor.rules.custom.cel import Expression, ExpressionError, compiled, kind_of
from janitor.rules.custom.names import names_of
from janitor.rules.custom.rule import FIELDS

_NOW: Final = datetime(2026, 1, 15, 12, tzinfo=UTC)
_ANYTHING: Final = (1.5, 3, "text", True, [1.5], ["text"], {"key": 1.5}, {"key": "text"}, None)
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
        ExpressionError: it is no CEL, uses a name or field that does not exist, compares what
            cannot be compared, or gives something else than true or false.

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
    for value in _values(expression, paths):
        if (kind := kind_of(value)) != "a truth value":
            raise ExpressionError(f"it must be true or false, and gives {kind}")
    for branch in _branches(expression):
        _values(branch, paths)


def _values(expression: Expression, paths: Sequence[Path]) -> list[Any]:
    """The expression's values on the samples: with something at the paths, there must be some."""
    chosen = _fitting(expression, paths)
    samples = [_facts({**_SAMPLE, **other}, chosen) for other in ({}, *_OTHERS)]
    return [expression.evaluate(sample, lenient=False) for sample in samples]


def _fitting(expression: Expression, paths: Sequence[Path]) -> dict[Path, Any]:
    """For each place that may hold anything, the kind of value under which the least fails."""
    chosen: dict[Path, Any] = dict.fromkeys(paths, _ANYTHING[0])
    for path in (*paths, *paths):
        failures = {
            index: _problems(expression, {**chosen, path: value})
            for index, value in enumerate(_ANYTHING)
        }
        chosen[path] = _ANYTHING[min(failures, key=failures.__getitem__)]
    return chosen


def _problems(expression: Expression, chosen: Mapping[Path, Any]) -> int:
    try:
        expression.evaluate(_facts(_SAMPLE, chosen), lenient=False)
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
