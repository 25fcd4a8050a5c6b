"""The names that an expression uses, from its parse tree: unknown ones would fail unnoticed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import takewhile
from typing import Any, Final

from janitor.rules.custom.cel import Expression, ExpressionError, compiled

_MACROS: Final = {"all", "exists", "exists_one", "filter", "map"}
"""Each binds the name that its first argument is."""
_ROOTS: Final = ("run", "now")


@dataclass(slots=True)
class Names:
    """What an expression reads."""

    fields: set[str] = field(default_factory=set)
    """Fields of ``run``."""
    summary_paths: set[tuple[str, ...]] = field(default_factory=set)
    """Keys of ``run.summary``, each with the keys below it that are named."""


@lru_cache(maxsize=256)
def names_of(text: str) -> Names:
    """The names that an expression reads.

    Raises:
        ExpressionError: it is not valid CEL; or a name in it is computed, or neither ``run`` nor
            ``now``.

    """
    expression, found = compiled(text), Names()
    _Walk(expression, found).walk(expression.tree, frozenset())
    return found


def summary_keys(text: str) -> tuple[str, ...]:
    """The keys of a run's summary that an expression reads, in order.

    Raises:
        ExpressionError: as of :func:`names_of`.

    """
    return tuple(sorted({path[0] for path in names_of(text).summary_paths}))


@dataclass(slots=True)
class _Walk:
    expression: Expression
    found: Names

    def walk(self, node: Any, bound: Collection[str]) -> None:
        """Collect the names below a node, except those that a macro binds."""
        node = _core(node)
        if not hasattr(node, "data"):
            return
        base, selectors = self._chain(node)
        match base.data:
            case "ident" if base.children[0] not in bound:
                self._name(str(base.children[0]), selectors)
            case "dot_ident" | "dot_ident_arg" | "member_object":
                raise ExpressionError("uses a form of name that is not supported here")
            case "member_dot_arg" if base.children[1] in _MACROS:
                self._macro(base, bound)
            case "ident_arg" if base.children[0] == "has":
                self._has(base, bound)
            case "relation" if len(base.children) == 2:
                self._relation(base, bound)
            case _:
                for child in base.children:
                    self.walk(child, bound)
        for selector in selectors:
            if not isinstance(selector, str):
                self.walk(selector, bound)

    def _chain(self, node: Any) -> tuple[Any, list[Any]]:
        """A node without its selectors, and these: texts, or trees where they are computed."""
        selectors: list[Any] = []
        while node.data in {"member_dot", "member_index"}:
            last = node.children[1]
            selectors.insert(0, str(last) if node.data == "member_dot" else self._literal(last))
            node = _core(node.children[0])
        return node, selectors

    def _literal(self, node: Any) -> Any:
        """The text that a node stands for, or the node itself."""
        if getattr(_core(node), "data", None) != "literal":
            return node
        value = self.expression.part(node).evaluate({})
        return str(value) if isinstance(value, str) else node

    def _name(self, name: str, selectors: list[Any]) -> None:
        if name not in _ROOTS:
            raise ExpressionError(f"unknown name {name!r}: an expression reads run and now")
        if name == "now":
            return
        if not selectors or not isinstance(selectors[0], str):
            raise ExpressionError("run needs the name of a field, as in run.age")
        self.found.fields.add(selectors[0])
        if selectors[0] != "summary":
            return
        if len(selectors) < 2 or not isinstance(selectors[1], str):
            raise ExpressionError(
                'run.summary needs the name of a key, as in run.summary.loss or run.summary["a/b"]'
            )
        named = takewhile(lambda selector: isinstance(selector, str), selectors[1:])
        self.found.summary_paths.add(tuple(named))

    def _macro(self, node: Any, bound: Collection[str]) -> None:
        subject, _, arguments = node.children
        self.walk(subject, bound)
        variable, *bodies = arguments.children
        name = _core(variable)
        if getattr(name, "data", None) != "ident":
            raise ExpressionError(f"{node.children[1]}() takes a name first, as in exists(tag, …)")
        for body in bodies:
            self.walk(body, {*bound, str(name.children[0])})

    def _has(self, node: Any, bound: Collection[str]) -> None:
        argument = _core(node.children[1].children[0])
        base, selectors = self._chain(argument)
        if base.data == "ident" and base.children[0] == "run" and len(selectors) == 1:
            raise ExpressionError(
                f"has(run.{selectors[0]}) is always true: compare the field with null"
            )
        self.walk(argument, bound)

    def _relation(self, node: Any, bound: Collection[str]) -> None:
        """``"loss" in run.summary`` names a key; other relations are what their sides are."""
        operator, right = node.children
        (left,) = operator.children
        base, selectors = self._chain(_core(right)) if _has_data(right) else (None, [])
        of_summary = (
            base is not None
            and base.data == "ident"
            and base.children[0] == "run"
            and selectors == ["summary"]
        )
        if operator.data == "relation_in" and of_summary:
            self._name("run", ["summary", self._literal(left)])
            return
        self.walk(left, bound)
        self.walk(right, bound)


def _has_data(node: Any) -> bool:
    return hasattr(_core(node), "data")


def _core(node: Any) -> Any:
    """A node without the layers of grammar around it that say nothing."""
    while getattr(node, "data", None) in _LAYERS and len(node.children) == 1:
        node = node.children[0]
    return node


_LAYERS: Final = {
    "expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication",
    "unary", "member", "primary", "paren_expr",
}  # fmt: skip
