"""README and manual fit together: generated parts are current, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from janitor.cli.exit_codes import PRECEDENCE, ExitCode
from janitor.config import Config
from janitor.rules import RULE_IDS
from tests.docs.generated import PARTS, renewed
from tests.docs.pages import (
    GENERATED,
    INDEX,
    MANUAL,
    README,
    ROOT,
    anchors,
    inline_code,
    links,
    manual,
    pages,
)

README_LINES = 200
"""The README has fewer."""


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < README_LINES


@pytest.mark.parametrize("page", [README, *manual()], ids=named)
def test_generated_parts_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert renewed(text) == text, "run `make docs`"


def test_every_generated_part_is_on_a_page() -> None:
    texts = [page.read_text(encoding="utf-8") for page in (README, *manual())]
    assert {name for text in texts for name in GENERATED.findall(text)} == set(PARTS)


def test_every_exit_code_has_a_meaning_and_a_place_in_the_order() -> None:
    assert set(PRECEDENCE) == set(ExitCode)
    rows = [*PARTS["exit codes"]()][2:]
    assert [int(row.split("|")[1]) for row in rows] == [int(code) for code in PRECEDENCE]
    assert all(row.split("|")[2].strip() for row in rows)


def test_every_page_of_the_manual_is_in_its_index() -> None:
    linked = {MANUAL / link.partition("#")[0] for link in links(INDEX)}
    assert [named(page) for page in manual() if page != INDEX and page not in linked] == []


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_file_named_in_backticks_exists(page: Path) -> None:
    folders = r"(?:tests|janitor|cron|k8s|examples|docs|\.ci|\.github)"
    named_files = [text for text in inline_code(page) if re.fullmatch(rf"{folders}/[\w./-]+", text)]
    assert [name for name in named_files if not (ROOT / name).exists()] == []


def test_every_rule_is_described() -> None:
    text = (MANUAL / "rules.md").read_text() + (MANUAL / "local-state.md").read_text()
    assert [rule for rule in RULE_IDS if f"| `{rule}` |" not in text] == []


def test_defaults_within_sentences_are_those_of_the_settings() -> None:
    config = Config()
    defaults = {
        "settle": f"{config.settle.seconds // 60} min",
        "crash_grace": f"{config.crash_grace.seconds // 60} min",
        "heartbeat_timeout": f"{config.heartbeat_timeout.seconds // 60} min",
        "stale_after": f"{config.stale_after.seconds // 3600} h",
        "max_changes": str(config.limits.max_changes),
        "max_silent_percent": f"{config.limits.max_silent_percent} %",
    }
    found = [
        (name, value)
        for page in (README, *manual())
        for name, value in re.findall(r"`(\w+)` \((\d[^)]*)\)", page.read_text(encoding="utf-8"))
        if name in defaults
    ]
    assert {name for name, _ in found} == set(defaults)
    assert [(name, value) for name, value in found if value != defaults[name]] == []


def test_every_promise_names_its_tests() -> None:
    tests = sorted((ROOT / "tests" / "promises").glob("test_*.py"))
    linked = {(MANUAL / link).resolve() for link in links(MANUAL / "guarantees.md")}
    assert [test.name for test in tests if test not in linked] == []
