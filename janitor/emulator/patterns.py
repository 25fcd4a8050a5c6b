"""Regular expressions whose cost is bounded, so that a client's filter cannot block the server.

Python's ``re`` backtracks: ``(a+)+$`` needs minutes for thirty letters. Here a pattern is parsed by
``re`` and run as a set of states, one step per character (Thompson's construction). That takes
time in proportion to the text. Lookaround, back references, and atomic or possessive groups cannot
be run this way and are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# The parser has no public name. Its tree has not changed from Python 3.11 to 3.14.
from re import _constants as sre
from re import _parser as parser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LONGEST_PATTERN = 1_000
_MOST_STATES = 1_000
_MOST_WORK = 5_000_000
"""States visited for one pattern over all texts; at most a few seconds."""
_KEPT = 4_000
_CATEGORIES: dict[Any, Callable[[str], object]] = {
    sre.CATEGORY_DIGIT: re.compile(r"\d").match,
    sre.CATEGORY_NOT_DIGIT: re.compile(r"\D").match,
    sre.CATEGORY_SPACE: re.compile(r"\s").match,
    sre.CATEGORY_NOT_SPACE: re.compile(r"\S").match,
    sre.CATEGORY_WORD: re.compile(r"\w").match,
    sre.CATEGORY_NOT_WORD: re.compile(r"\W").match,
}
_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


class PatternError(ValueError):
    """A regular expression cannot be read, is not supported, or is too expensive."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What anchors need to know about a position between two characters."""

    first: bool
    last: bool
    after_newline: bool
    before_newline: bool
    before_last_newline: bool
    boundary: bool


_ANCHORS: dict[Any, Callable[[_Place, bool], bool]] = {
    sre.AT_BEGINNING: lambda at, many: at.first or (many and at.after_newline),
    sre.AT_BEGINNING_STRING: lambda at, _many: at.first,
    sre.AT_END: lambda at, many: at.last or at.before_last_newline or (many and at.before_newline),
    sre.AT_END_STRING: lambda at, _many: at.last,
    sre.AT_BOUNDARY: lambda at, _many: at.boundary,
    sre.AT_NON_BOUNDARY: lambda at, _many: not at.boundary,
}


@dataclass(slots=True)
class _State:
    """One state: it reads a character, or moves on without reading one."""

    reads: Callable[[str], bool] | None = None
    passes: Callable[[_Place], bool] | None = None
    next: tuple[int, ...] = ()


class Pattern:
    """A compiled pattern. Raises PatternError.

    ``options`` are those of MongoDB's ``$options``: i, m, s, x.
    """

    def __init__(self, text: object, options: str = "") -> None:
        if not isinstance(text, str):
            raise PatternError("a regular expression must be a string")
        if len(text) > _LONGEST_PATTERN:
            raise PatternError(f"a regular expression may have {_LONGEST_PATTERN} characters")
        self._states = [_State()]
        self._work = 0
        self._closures: dict[tuple[frozenset[int], _Place], frozenset[int]] = {}
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        flags = re.NOFLAG
        for letter in options:
            if letter not in _FLAGS:
                raise PatternError(f"unknown option {letter!r}")
            flags |= _FLAGS[letter]
        try:
            tree = parser.parse(text, flags)
            self._start = self._compile(tree, 0, int(tree.state.flags))
        except (re.error, OverflowError) as error:
            raise PatternError(f"invalid regular expression: {error}") from error
        except RecursionError as error:
            raise PatternError("the regular expression is nested too deeply") from error

    def search(self, text: str) -> bool:
        """Whether the pattern matches somewhere in the text."""
        return self._run(text, anywhere=True)

    def fullmatch(self, text: str) -> bool:
        """Whether the pattern matches the whole text."""
        return self._run(text, anywhere=False)

    def _run(self, text: str, *, anywhere: bool) -> bool:
        pending = frozenset({self._start})
        for position, char in enumerate(text):
            reached = self._closure(pending, _place(text, position))
            if anywhere and 0 in reached:
                return True
            pending = self._step(reached, char)
            if anywhere:
                pending |= {self._start}
            elif not pending:
                return False
        return 0 in self._closure(pending, _place(text, len(text)))

    def _closure(self, states: frozenset[int], place: _Place) -> frozenset[int]:
        """The states that can be reached without reading a character."""
        key = (states, place)
        if key not in self._closures:
            found, waiting = set(states), list(states)
            while waiting:
                state = self._states[waiting.pop()]
                if state.reads is None and (state.passes is None or state.passes(place)):
                    new = [number for number in state.next if number not in found]
                    found.update(new)
                    waiting.extend(new)
            self._spend(len(found))
            if len(self._closures) >= _KEPT:
                self._closures.clear()
            self._closures[key] = frozenset(found)
        return self._closures[key]

    def _step(self, states: frozenset[int], char: str) -> frozenset[int]:
        """The states after reading a character."""
        key = (states, char)
        if key not in self._steps:
            found: set[int] = set()
            for number in states:
                state = self._states[number]
                if state.reads is not None and state.reads(char):
                    found.update(state.next)
            self._spend(len(states))
            if len(self._steps) >= _KEPT:
                self._steps.clear()
            self._steps[key] = frozenset(found)
        return self._steps[key]

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > _MOST_WORK:
            raise PatternError("the regular expression is too expensive for these values")

    def _add(self, state: _State) -> int:
        if len(self._states) >= _MOST_STATES:
            raise PatternError("the regular expression is too large")
        self._states.append(state)
        return len(self._states) - 1

    def _compile(self, nodes: Iterable[Any], after: int, flags: int) -> int:
        """Add states for a sequence of nodes; the first of them. ``after`` is the state behind."""
        for operation, argument in reversed(list(nodes)):
            after = self._compile_node(operation, argument, after, flags)
        return after

    def _compile_node(self, operation: Any, argument: Any, after: int, flags: int) -> int:
        if operation in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
            return self._compile_repeat(*argument, after=after, flags=flags)
        if operation is sre.SUBPATTERN:
            _, added, removed, nodes = argument
            return self._compile(nodes, after, (flags | added) & ~removed)
        if operation is sre.BRANCH:
            starts = [self._compile(nodes, after, flags) for nodes in argument[1]]
            return self._add(_State(next=tuple(starts)))
        if operation is sre.AT:
            anchor, many = _ANCHORS[argument], bool(flags & re.MULTILINE)
            return self._add(_State(passes=lambda place: anchor(place, many), next=(after,)))
        return self._add(_State(reads=_reader(operation, argument, flags), next=(after,)))

    def _compile_repeat(self, least: int, most: Any, nodes: Any, *, after: int, flags: int) -> int:
        if most is sre.MAXREPEAT:
            loop = self._add(_State())
            self._states[loop].next = (self._compile(nodes, loop, flags), after)
            start = loop
        else:
            start = after
            for _ in range(most - least):
                start = self._add(_State(next=(self._compile(nodes, start, flags), after)))
        for _ in range(least):
            start = self._add(_State(next=(self._compile(nodes, start, flags),)))
        return start


def _place(text: str, position: int) -> _Place:
    before = text[position - 1] if position else ""
    after = text[position : position + 1]
    return _Place(
        first=position == 0,
        last=position == len(text),
        after_newline=before == "\n",
        before_newline=after == "\n",
        before_last_newline=after == "\n" and position == len(text) - 1,
        boundary=_is_word(before) != _is_word(after),
    )


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _reader(operation: Any, argument: Any, flags: int) -> Callable[[str], bool]:
    """What one character must be."""
    if operation is sre.ANY:
        return (lambda _char: True) if flags & re.DOTALL else (lambda char: char != "\n")
    members = argument if operation is sre.IN else [(operation, argument)]
    if operation is sre.NOT_LITERAL:
        members = [(sre.NEGATE, None), (sre.LITERAL, argument)]
    if any(kind not in _MEMBERS for kind, _ in members):
        raise PatternError(f"the regular expression uses {operation}, which is not supported")
    return _one_of(members, ignore_case=bool(flags & re.IGNORECASE))


_MEMBERS = frozenset({sre.LITERAL, sre.RANGE, sre.CATEGORY, sre.NEGATE})


def _one_of(members: list[Any], *, ignore_case: bool) -> Callable[[str], bool]:
    negated = members[0][0] is sre.NEGATE
    tests = [_member(*member) for member in members[negated:]]

    def is_member(char: str) -> bool:
        forms = {char, char.lower(), char.upper()} if ignore_case else {char}
        return any(test(form) for test in tests for form in forms) != negated

    return is_member


def _member(operation: Any, argument: Any) -> Callable[[str], bool]:
    if operation is sre.LITERAL:
        wanted = chr(argument)
        return lambda char: char == wanted
    if operation is sre.RANGE:
        low, high = argument
        return lambda char: len(char) == 1 and low <= ord(char) <= high
    find = _CATEGORIES[argument]
    return lambda char: find(char) is not None
