"""Every command and every code block of README and manual does what its page says."""

from __future__ import annotations

import ast
import shlex
from pathlib import Path

import click
import pytest

from janitor.cli.root import cli
from janitor.emulator import EmulatorProcess
from tests.docs.pages import (
    CHANGELOG,
    CONTRIBUTING,
    MANUAL,
    README,
    ROOT,
    Block,
    blocks,
    indented_blocks,
    inline_code,
    manual,
    pages,
)
from tests.docs.session import Session

MANUAL_AND_README = [README, *manual()]
FOLLOWED = [page for page in MANUAL_AND_README if blocks(page)]


@pytest.mark.timeout(900)  # a page is up to twenty processes, on a machine that may be busy
@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_reader_can_follow_the_page(page: Path, tmp_path: Path) -> None:
    with EmulatorProcess() as server:
        session = Session(tmp_path, server)
        for block in blocks(page):
            session.follow(block)


def test_the_training_script_of_the_manual_leaves_a_success(tmp_path: Path) -> None:
    (script,) = [block for block in blocks(MANUAL / "training.md") if "file" in block.options]
    with EmulatorProcess() as server:
        session = Session(tmp_path, server)
        before = set(server.run_paths())
        session.follow(script)
        session.follow(Block(script.page, script.line, "sh", {}, "python train.py\n"))
        (path,) = set(server.run_paths()) - before
        summary = server.run(path).summary
    assert summary["protein.state"] == "success"
    assert summary["protein.cost"] == 120.0
    assert 0 < summary["protein.objective"] < 1


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_code_escapes_the_tests_by_its_form(page: Path) -> None:
    assert indented_blocks(page) == []
    languages = {block.language for block in blocks(page)}
    assert languages <= {"sh", "python", "yaml"}


def test_a_saved_script_is_used_by_a_later_command() -> None:
    for page in FOLLOWED:
        for name in [block.options["file"] for block in blocks(page) if "file" in block.options]:
            if name.endswith(".py"):
                uses = (name, f"{name.removesuffix('.py')}:")
                readers = [block for block in blocks(page) if block.language in {"sh", "yaml"}]
                assert any(use in block.text for block in readers for use in uses)


@pytest.mark.parametrize("page", MANUAL_AND_README, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_within_sentences_exist_with_their_options(page: Path) -> None:
    for text in inline_code(page):
        words = shlex.split(text.replace("…", "")) if text.startswith("janitor ") else []
        if not words:
            continue
        command: click.Command = cli
        rest = words[1:]
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            found = command.get_command(click.Context(command), rest.pop(0))
            assert found is not None, text
            command = found
        known = {name for option in command.params for name in option.opts}
        known |= set(click.Context(command).help_option_names)
        options = [word.split("=")[0] for word in rest if word.startswith("--") and word != "--"]
        assert set(options) <= known | {"--version"}, text


def test_blocks_that_need_a_framework_import_what_there_is() -> None:
    needing = [block for page in FOLLOWED for block in blocks(page) if "extra" in block.options]
    assert needing
    for block in needing:
        for node in ast.parse(block.text).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("janitor."):
                module = (ROOT / f"{node.module.replace('.', '/')}.py").read_text()  # type: ignore[union-attr] # it starts with janitor
                assert all(f"class {alias.name}" in module for alias in node.names), block


def test_commands_of_the_developers_are_targets_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in (CONTRIBUTING, CHANGELOG):
        for block in blocks(page):
            for line in block.text.splitlines():
                words = line.split("  #")[0].split()
                if words and words[0] == "make":
                    assert all(f"\n{target}:" in makefile for target in words[1:]), line


def test_the_quick_start_sets_up_shows_and_tests() -> None:
    lines = [line.split("  #")[0].strip() for b in blocks(README) for line in b.text.splitlines()]
    assert {"make demo", "make test", "make check"} <= set(lines)
