"""Paths of W&B runs: ENTITY/PROJECT/RUN. Every part of the janitor builds and reads them here.

A path holds the plain names. W&B percent-encodes names in the addresses of its pages and in
``run.path`` of its public objects: "my proj" becomes "my%20proj". No name can contain ``%``, so
decoding a path once is always right. Code that builds an address encodes the names.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

_ADDRESS: Final = re.compile(r"https?://[^/?#]+/([^?#]*)(?:[?#].*)?")
_DROPPED: Final = frozenset({"runs", "sweeps"})
"""``wandb.Api().run(path)`` drops these words between slashes (``Api._parse_path``), also where one
of them is the name of a project."""


def run_path(entity: str, project: str, run: str) -> str:
    """The path of a run, from its plain names."""
    return f"{entity}/{project}/{run}"


def split_run_path(text: str) -> tuple[str, str, str]:
    """The plain entity, project and run of a path, or of the address of the run's page.

    Raises:
        ValueError: the text is not a path with three parts.

    """
    address = _ADDRESS.fullmatch(text)
    parts = [unquote(part) for part in (address[1] if address else text).rstrip("/").split("/")]
    if len(parts) == 4 and parts[2] == "runs":
        del parts[2]
    if len(parts) != 3 or not all(parts):
        raise ValueError(f"{text!r} is not a run: write ENTITY/PROJECT/RUN")
    entity, project, run = parts
    return entity, project, run


def path_for_wandb(entity: str, project: str, run: str) -> str:
    """The path with which ``wandb.Api().run`` finds the run, whatever its project is called."""
    middle = f"{project}/{project}" if project in _DROPPED else project
    return run_path(entity, middle, run)
