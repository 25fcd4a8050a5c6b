"""The files beside this one, which mypy checks, name everything that is public."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import janitor

HERE = Path(__file__).parent
CHECKED = sorted(path for path in HERE.glob("*.py") if not path.name.startswith(("test_", "__")))


def used() -> set[str]:
    """Every name and attribute in the checked files."""
    found = set[str]()
    for path in CHECKED:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
    return found


def test_every_public_name_is_checked() -> None:
    assert sorted(janitor._MODULES.keys() - used()) == []  # noqa: SLF001 - its table of names


@pytest.mark.parametrize("module", ["janitor.lifecycle", "janitor.experiments", "janitor.tasks"])
def test_every_public_name_of_a_subpackage_is_checked(module: str) -> None:
    assert sorted(set(import_module(module).__all__) - used()) == []
