from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import janitor
from janitor import _MODULES


@pytest.mark.parametrize(("name", "module"), _MODULES.items())
def test_a_public_name_is_loaded_from_its_module(name: str, module: str) -> None:
    assert getattr(janitor, name) is getattr(import_module(module), name)
    assert name in dir(janitor)


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(janitor.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    assert seen == _MODULES


def test_the_version_is_that_of_the_distribution() -> None:
    assert janitor.__version__[0].isdigit()


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'janitor' has no attribute 'Broom'"):
        janitor.Broom  # noqa: B018 - reading it is the test
