"""The built wheel, as people install it: what is in it, and that it works away from the sources."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMPORT_EVERY_PUBLIC_NAME = """
import importlib, sys
import janitor

assert sys.prefix in janitor.__file__, janitor.__file__
for module in (janitor, *map(importlib.import_module, sys.argv[1:])):
    names = getattr(module, "__all__", None) or [n for n in dir(module) if not n.startswith("_")]
    for name in names:
        assert getattr(module, name) is not None, name
    print(module.__name__, len(names))
print(janitor.__version__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, or the one that TESTED_WHEEL names: before a release."""
    if given := os.environ.get("TESTED_WHEEL"):
        return Path(given).absolute()
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds the wheel; its dependencies are those of this one."""

    folder: Path

    def run(self, program: str, *words: str) -> str:
        """What the program prints, away from the sources."""
        path = str(self.folder / "bin" / program)
        return run(path, *words, cwd=self.folder)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel in an environment of its own; nothing is downloaded."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    run(*pip, "install", "--no-deps", "--no-index", str(wheel), cwd=folder)
    places = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    own = Path(places["purelib"])
    # A line of a .pth file is put on the path; the .pth files there, such as that of the
    # editable install, are not read.
    (own / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return Environment(folder)


def run(*command: str, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "WANDB_"))}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    sources = [path for path in (ROOT / "janitor").rglob("*") if path.is_file()]
    expected = {str(path.relative_to(ROOT)) for path in sources if "__pycache__" not in path.parts}
    assert inside == expected
    assert {"janitor/py.typed", "janitor/emulator/schema.graphql"} <= inside


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = [name for name in archive.namelist() if name.endswith("dist-info/METADATA")]
    (licence,) = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    said = email.message_from_bytes(archive.read(metadata))
    assert (said["Name"], said["Version"]) == (PROJECT["name"], PROJECT["version"])
    assert said["Requires-Python"] == PROJECT["requires-python"]
    assert set(said.get_all("Provides-Extra", [])) == set(PROJECT["optional-dependencies"])
    assert said["Description-Content-Type"] == "text/markdown"
    assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_the_command_works_from_the_wheel(installed: Environment) -> None:
    assert installed.run("janitor", "--version") == f"janitor {PROJECT['version']}\n"
    assert "fix" in installed.run("janitor", "--help")
    assert "experiments" in installed.run("janitor", "fix", "--help")
    assert "heartbeat_timeout" in installed.run("janitor", "config", "schema")


def test_every_public_name_can_be_imported_from_the_wheel(installed: Environment) -> None:
    public = ("janitor.lifecycle", "janitor.experiments", "janitor.tasks")
    printed = installed.run("python", "-c", IMPORT_EVERY_PUBLIC_NAME, *public).splitlines()
    assert [line.split()[0] for line in printed[:-1]] == ["janitor", *public]
    assert printed[-1] == PROJECT["version"]
