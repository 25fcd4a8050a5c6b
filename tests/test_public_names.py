from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import janitor
from janitor import _MODULES


@pytest.mark.parametrize(("name", "module"), _MODULES.items())
def test_a_public_name_is_loaded_from_its_module(name: str, module: str) -> None:
    assert getattr(janitor, name) is getattr(import_module(module), name)
    assert name in dir(janitor)


@pytest.mark.parametrize(
    "first", ["import janitor.observations", "import janitor; janitor.observations"]
)
@pytest.mark.parametrize(
    "then",
    [
        "import janitor; called = janitor.observations",
        "import janitor.observations as called",
        "import janitor.observations; called = janitor.observations",
        "from janitor import observations as called",
        "from janitor.observations import observations as called",
    ],
)
def test_observations_can_be_called_whichever_way_it_came(first: str, then: str) -> None:
    code = f"""
{first}
{then}
import inspect
from janitor.observations import COLUMNS
assert list(inspect.signature(called).parameters) == ["api", "sweep", "policy"]
try:
    called()
except TypeError as error:
    assert "missing 2 required positional arguments: 'api' and 'sweep'" in str(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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
