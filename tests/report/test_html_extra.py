from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from janitor.errors import UsageError
from janitor.report import check
from janitor.runtime.extras import PACKAGES, require


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The packages put in here are not installed."""
    names: set[str] = set()
    find = importlib.util.find_spec

    def find_others(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in names else find(name, package)

    monkeypatch.setattr("janitor.runtime.extras.find_spec", find_others)
    return names


@pytest.mark.parametrize("extra", PACKAGES)
def test_a_missing_extra_is_one_sentence_that_says_how_to_install_it(
    extra: str, missing: set[str]
) -> None:
    missing.add(PACKAGES[extra][-1])
    with pytest.raises(UsageError) as raised:
        require(extra, for_what="x")
    assert str(raised.value) == (
        f"x needs the extra '{extra}' (not installed: {PACKAGES[extra][-1]}):"
        f" pip install 'wandb-janitor[{extra}]'"
    )


# torch is too large for the tests' environment.
@pytest.mark.parametrize("extra", sorted(PACKAGES.keys() - {"sweep-gp"}))
def test_an_extra_that_is_installed_passes_the_check(extra: str) -> None:
    require(extra, for_what="x")


def test_a_page_that_cannot_be_drawn_is_reported_before_any_work(
    tmp_path: Path, missing: set[str]
) -> None:
    missing.add("altair")
    with pytest.raises(UsageError, match=r"report\.HTML needs the extra 'html'"):
        check(tmp_path / "report.HTML")
    check(tmp_path / "report.xml")


def test_reports_import_no_library_of_an_extra_before_it_is_used() -> None:
    code = "import janitor.report, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    extras = {package for packages in PACKAGES.values() for package in packages}
    assert set(done.stdout.split()) & (extras | {"pandas", "numpy"}) == set()
