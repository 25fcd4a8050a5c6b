"""The wording check: finds phrases that read like a translation, or like an old book.

``python -m tests.docs.wording [PATH]...`` lists them as ``FILE:LINE: phrase -> what to write``, and
exits with 1 if there are any. A path is a file or a folder; the default is what the test checks.

In Markdown everything except generated parts and inline code is checked. In Python the docstrings,
the comments and the other string literals are checked, also across the lines of a sentence. Other
files, such as YAML and shell scripts, are checked as a whole.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.docs.pages import CHANGELOG, CONTRIBUTING, GENERATED, MANUAL, README, ROOT, SECURITY

PACKAGE: Final = ROOT / "janitor"
CHECKED: Final = (
    *(README, MANUAL, CHANGELOG, CONTRIBUTING, SECURITY, PACKAGE),
    *(ROOT / name for name in ("cron", "k8s", "examples", ".github")),
)
"""What ``make check`` checks."""

PHRASES: Final = {
    r"(?<!there\s)(is|are|was|were) no(?! (longer|more|less|fewer|better|later|limit))": "is not",
    r"whom": "who; or name the person",
    r"whoever": "anyone who; or name the caller",
    r"anew": "again",
    r"afresh": "again",
    r"reckon(s|ed|ing)?": "compute, count",
    r"for ever": "forever, permanently",
    r"(call|calls|called|calling)( \w+){0,2} over": "mark as ended",
    r"(stand|stands|stood|standing) in for": "replace, represent",
    r"of ours": "the janitor's; or leave it out",
    r"but for": "except for",
    r"nought": "zero, nothing",
    r"(deal|deals|dealt) to": "assign to",
    r"(tell|tells|told|telling) of": "describe, record",
    r"(see|sees|saw|seen|seeing)( \w+){0,2} through": "complete, confirm",
    r"(somebody|someone) has looked": "the report was reviewed",
    r"at leisure": "at any time",
    r"mend(s|ed|ing)?": "repair",
    r"what stood": "the previous value",
    r"said plainly": "leave it out",
    r"nobody's": "without an owner",
    r"of its own accord": "automatically",
    r"hence|thence|wherefore|hither|thither": "so, therefore, from there",
    r"lest": "so that it does not",
    r"in (its|their|his|your) stead": "instead",
    r"(come|comes|came) to (its|their) end": "end, finish",
    r"(is|are|be) to be had": "is available",
    r"heed(s|ed)?": "obey, respect",
    r"(come|comes|came)( back)? to life": "is alive",
    r"asunder|betwixt|behold|alas|unto": "a modern word",
}
"""Regular expression -> what to write instead. A phrase is matched as whole words, in any case; a
space in it matches any white space."""

_SPACE: Final = r"\s+"
_PATTERNS: Final = {
    re.compile(rf"\b(?:{phrase.replace(' ', _SPACE)})(?!\w)", re.IGNORECASE): plain
    for phrase, plain in PHRASES.items()
}
_CODE: Final = "\0"
"""Replaces what is not prose, so that no phrase is found across it."""
_PROSE: Final = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
_BETWEEN: Final = {
    tokenize.NL,
    getattr(tokenize, "FSTRING_START", -1),
    getattr(tokenize, "FSTRING_END", -1),
}
"""Tokens between the parts of one literal, or between two lines of a comment."""
_NOT_TEXT: Final = frozenset({".png", ".pyc", "__pycache__"})
"""Suffixes and folders that are left out."""
_INLINE_CODE: Final = re.compile(r"`[^`\n]+`")
_OPENING: Final = re.compile(r"#+:?|[a-zA-Z]{0,2}(?:\"{3}|'{3}|[\"'])")
_COMMENT_SIGN: Final = re.compile(r"^[ \t]*#+", re.MULTILINE)
_CLOSING: Final = re.compile(r"[\"']+\Z")


@dataclass(frozen=True, slots=True)
class Offence:
    """A phrase that should be written in plain English."""

    file: Path
    line: int
    phrase: str
    plain: str

    def __str__(self) -> str:
        file = self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else self.file
        return f"{file}:{self.line}: {self.phrase!r} -> {self.plain}"


def offences(file: Path) -> list[Offence]:
    """The offences in a file, by line."""
    text = file.read_text(encoding="utf-8")
    prose_of = {".py": python_prose, ".md": markdown_prose}.get(file.suffix, other_prose)
    prose = prose_of(text)
    found = [
        Offence(file, prose.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), plain)
        for pattern, plain in _PATTERNS.items()
        for match in pattern.finditer(prose)
    ]
    return sorted(found, key=lambda each: each.line)


def markdown_prose(text: str) -> str:
    """The text with the same lines, without generated parts and inline code."""
    without_generated = GENERATED.sub(lambda match: _blanked(match[0]), text)
    return _INLINE_CODE.sub(lambda match: _blanked(match[0]), without_generated)


def other_prose(text: str) -> str:
    """The text with the same lines, without the signs of comments and without inline code."""
    return markdown_prose(_COMMENT_SIGN.sub(lambda match: _spaces(match[0]), text))


def python_prose(source: str) -> str:
    """The source with the same lines, in which only comments and string literals are left."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    characters = [*source]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.ENDMARKER, tokenize.DEDENT):
            continue
        start = starts[token.start[0] - 1] + token.start[1]
        end = min(starts[token.end[0] - 1] + token.end[1], len(source))
        text = source[start:end]
        if token.type in _PROSE:
            characters[start:end] = _without_quotes(text)
        elif token.type in _BETWEEN:
            characters[start:end] = _spaces(text)
        else:
            characters[start:end] = _blanked(text)
    return "".join(characters)


def _blanked(text: str) -> str:
    return re.sub(r"[^\n]", _CODE, text)


def _spaces(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _without_quotes(text: str) -> str:
    """The same length; quotes, prefix and the sign of a comment are spaces."""
    opening = _OPENING.match(text)
    length = opening.end() if opening else 0
    return " " * length + _CLOSING.sub(lambda match: _spaces(match[0]), text[length:])


def files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files of text at or below the paths."""
    for path in paths:
        if path.is_dir():
            below = sorted(each for each in path.rglob("*") if each.is_file())
            yield from (each for each in below if not _NOT_TEXT & {each.suffix, *each.parts})
        else:
            yield path


def main(arguments: Sequence[str]) -> int:
    """List the offences; 1 if there are any, 0 otherwise, 2 if a path does not exist."""
    paths = [Path(argument).absolute() for argument in arguments] or list(CHECKED)
    missing = [path for path in paths if not path.exists()]
    if missing:
        sys.stderr.write(f"there is no {missing[0]}\n")
        return 2
    found = [offence for file in files(paths) for offence in offences(file)]
    sys.stdout.writelines(f"{offence}\n" for offence in found)
    sys.stderr.write(f"{len(found)} phrases to write in plain English\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
