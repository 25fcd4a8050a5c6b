"""The layout of the package: few rooms at the root, and no import that leads back up."""

from __future__ import annotations

import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "janitor"
MOST_ROOMS = 22
NOT_A_ROOM = {"__init__.py", "__main__.py", "py.typed", "__pycache__"}


def rooms() -> set[str]:
    """What stands at the root of the package: folders and modules."""
    return {path.name.removesuffix(".py") for path in PACKAGE.iterdir()} - {
        name.removesuffix(".py") for name in NOT_A_ROOM
    }


def layers() -> list[set[str]]:
    """The layers that `make check` holds, the highest first; siblings stand in one set."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract, *_) = document["tool"]["importlinter"]["contracts"]
    return [
        {name.strip().removeprefix("janitor.") for name in layer.split("|")}
        for layer in contract["layers"]
    ]


def imports() -> set[tuple[str, str]]:
    """Each pair of rooms of which the first imports the second."""
    graph = grimp.build_graph("janitor", exclude_type_checking_imports=True, cache_dir=None)
    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            if module.count(".") and imported.count("."):
                found.add((module.split(".")[1], imported.split(".")[1]))
    return {(first, second) for first, second in found if first != second}


def test_the_root_holds_few_rooms() -> None:
    assert len(rooms()) <= MOST_ROOMS, sorted(rooms())


def test_every_room_has_its_layer() -> None:
    assert set().union(*layers()) == rooms()


def test_no_layer_lets_its_rooms_import_each_other() -> None:
    assert not [layer for layer in layers() if any(":" in name for name in layer)]


def test_no_import_leads_back_up() -> None:
    height = {room: number for number, layer in enumerate(layers()) for room in layer}
    upwards = [
        (importer, imported)
        for importer, imported in sorted(imports())
        if importer in height and imported in height and height[importer] >= height[imported]
    ]
    assert upwards == []


@pytest.mark.parametrize("room", ["model", "rules", "runtime", "records", "report", "stores"])
def test_a_room_says_what_it_holds(room: str) -> None:
    first = (PACKAGE / room / "__init__.py").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith('"""')
    assert len(first) > 10
