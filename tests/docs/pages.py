"""The Markdown files of the project, and what stands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
MANUAL = ROOT / "docs"
INDEX = MANUAL / "index.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
CHANGELOG = ROOT / "CHANGELOG.md"
SECURITY = ROOT / "SECURITY.md"

GENERATED = re.compile(r"<!-- generated: ([a-z ]+) -->\n.*?<!-- end -->", re.DOTALL)
"""A part that ``make docs`` writes; its name is the first group."""

_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block."""

    page: Path
    line: int
    """Line of the opening fence, from 1."""
    language: str
    options: dict[str, str]
    """The ``key=value`` words after the language, such as ``file=train.py``."""
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def manual() -> list[Path]:
    """Every page of the manual."""
    return sorted(MANUAL.rglob("*.md"))


def pages() -> list[Path]:
    """Every page whose code blocks and links are checked."""
    return [README, *manual(), CONTRIBUTING, CHANGELOG, SECURITY]


@cache
def tokens(page: Path) -> list[Token]:
    """The page as parsed Markdown."""
    return _PARSER.parse(page.read_text(encoding="utf-8"))


@cache
def _by_hand(page: Path) -> list[Token]:
    """The page as parsed Markdown, without its generated parts; the lines keep their numbers."""
    text = page.read_text(encoding="utf-8")
    return _PARSER.parse(GENERATED.sub(lambda match: "\n" * match[0].count("\n"), text))


def blocks(page: Path) -> list[Block]:
    """The fenced code blocks of a page that people wrote, in order."""
    return [_block(page, token) for token in _by_hand(page) if token.type == "fence"]


def _block(page: Path, token: Token) -> Block:
    language, *options = shlex.split(token.info) or [""]
    first_line = token.map[0] + 1 if token.map else 0
    pairs = dict(option.split("=", 1) for option in options)
    return Block(page, first_line, language, pairs, token.content)


def indented_blocks(page: Path) -> list[str]:
    """Where the page has code that is indented instead of fenced: ``FILE:LINE``."""
    return [
        f"{page.relative_to(ROOT)}:{token.map[0] + 1 if token.map else 0}"
        for token in _by_hand(page)
        if token.type == "code_block"
    ]


def links(page: Path) -> Iterator[str]:
    """The targets of the page's links and images."""
    for token in tokens(page):
        for child in token.children or ():
            target = child.attrGet("href") if child.type == "link_open" else child.attrGet("src")
            if target is not None:
                yield str(target)


def inline_code(page: Path) -> list[str]:
    """The texts of the page's code spans."""
    children = [child for token in tokens(page) for child in token.children or ()]
    return [child.content for child in children if child.type == "code_inline"]


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub makes from the page's headings."""
    found: dict[str, int] = {}
    names = set[str]()
    for heading, inline in pairwise(tokens(page)):
        if heading.type != "heading_open":
            continue
        text = "".join(child.content for child in inline.children or ())
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        names.add(f"{slug}-{count}" if count else slug)
    return frozenset(names)
