"""Extras: parts of the janitor whose libraries are optional."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

from janitor.errors import UsageError

PACKAGES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "dashboard": (
            "altair",
            "jinja2",
            "prometheus_client",
            "starlette",
            "uvicorn",
            "vl_convert",
        ),
        "emulator": ("ariadne", "graphql", "starlette", "uvicorn"),
        "html": ("altair", "jinja2", "vl_convert"),
        "metrics": ("prometheus_client",),
        "notify": ("apprise",),
        "sweep": ("optuna", "scipy", "cmaes"),
        "sweep-importance": ("optuna", "scipy", "sklearn"),
        "sweep-gp": ("optuna", "scipy", "torch"),
    }
)
"""An extra → the packages that it installs, by their import names."""


def is_installed(extra: str) -> bool:
    """Whether all packages of an extra are installed. Imports none of them."""
    return not _missing(extra)


def require(extra: str, *, for_what: str) -> None:
    """Make sure, before any work is done, that an extra is installed. Imports none of it.

    Raises:
        UsageError: a package is missing; the message says how to install the extra.

    """
    missing = _missing(extra)
    if missing:
        raise UsageError(
            f"{for_what} needs the extra {extra!r} (not installed: {', '.join(missing)}):"
            f" pip install 'wandb-janitor[{extra}]'"
        )


def _missing(extra: str) -> list[str]:
    return [package for package in PACKAGES[extra] if find_spec(package) is None]


@contextmanager
def temporary_home() -> Iterator[None]:
    """Set HOME during an import, for libraries that read it at import, if the user has none.

    altair is one of them. In a container the user may not exist on the machine.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = tempfile.gettempdir()
        try:
            yield
        finally:
            del os.environ["HOME"]
    else:
        yield
