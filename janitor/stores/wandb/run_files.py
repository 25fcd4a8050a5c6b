"""The files of runs, through wandb's public objects: they reach a file wherever it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from janitor.errors import NotFoundError
from janitor.model.paths import path_for_wandb, split_run_path
from janitor.stores.wandb.api import GraphQLApi


def uploaded_file(door: GraphQLApi, path: str, name: str) -> tuple[str, Any] | None:
    """The text of a file that a run uploaded, and when it last did; None if there is none.

    Raises:
        StoreError: it could not be asked for, or not be had.

    """
    with door.public() as (api, folder):
        files = list(api.run(path_for_wandb(*split_run_path(path))).files([name]))
        if not files:
            return None
        with files[0].download(root=str(folder / "files" / path), replace=True) as file:
            return file.read(), getattr(files[0], "updated_at", None)


def uploaded_files(door: GraphQLApi, path: str, names: Sequence[str]) -> list[str]:
    """The texts of these files of a run.

    Raises:
        NotFoundError: one of them is not there.
        StoreError: one could not be had.

    """
    with door.public() as (api, _), TemporaryDirectory(prefix="janitor-files-") as root:
        run = api.run(path_for_wandb(*split_run_path(path)))
        found = {file.name: file for file in run.files(list(names), per_page=max(50, len(names)))}
        texts = []
        for name in names:
            if name not in found:
                raise NotFoundError(f"run {path} has no file {name}")
            with found[name].download(root=root, replace=True) as file:
                texts.append(file.read())
        return texts


def upload_file(door: GraphQLApi, path: str, name: str, text: str) -> None:
    """Upload a file of a run.

    Raises:
        StoreError: it is not known whether the file is there.

    """
    with door.public() as (api, _), TemporaryDirectory(prefix="janitor-files-") as root:
        place = Path(root, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        api.run(path_for_wandb(*split_run_path(path))).upload_file(str(place), root=root)
