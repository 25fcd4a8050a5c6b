"""The file of one experiment: how it is read, checked and written."""

from __future__ import annotations

import json
from os.path import realpath
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from janitor.errors import StateFileError
from janitor.experiments.state import ExperimentState
from janitor.storage import strict_json
from janitor.storage.invalid import first_mistake
from janitor.storage.migrations import Migrations

ENDING: Final = ".json"
_VERSION: Final = "version"


def _name_the_version(document: dict[str, Any]) -> dict[str, Any]:
    """From 0, the format of the design document, to 1: everything new has a default."""
    return document


class ForeignFileError(ValueError):
    """A file is intact, but it does not hold the state of an experiment."""


MIGRATIONS: Final = Migrations("the state of an experiment", (_name_the_version,))


def parse(data: bytes) -> ExperimentState:
    """A state from the bytes of its file.

    Raises:
        ForeignFileError: it is JSON of another kind.
        ValueError: the file is damaged.
        StateFileError: it has a newer version than this janitor knows.

    """
    try:
        document = strict_json.loads(data) if b'"$' in data else json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be read") from error
    if not isinstance(document, dict) or "experiment_id" not in document:
        raise ForeignFileError("it does not hold the state of an experiment")
    document = MIGRATIONS.forward(document, document.pop(_VERSION, None))
    try:
        return ExperimentState.model_validate(document)
    except ValidationError as error:
        raise ValueError(first_mistake(error)) from error


def text_of(state: ExperimentState) -> str:
    """The text of a state's file.

    Raises:
        StateFileError: the state holds something that JSON cannot represent.

    """
    try:
        document = {_VERSION: MIGRATIONS.latest, **state.model_dump(mode="json")}
        return strict_json.dumps(document) + "\n"
    except ValueError as error:  # pydantic's errors are ValueErrors too
        raise StateFileError(
            f"experiment {state.experiment_id} cannot be written: {error}"
        ) from error


def refuse_to_leave(path: Path) -> None:
    """Make sure that a state's file is not a symbolic link out of its folder.

    Raises:
        StateFileError: it is.

    """
    if path.is_symlink() and Path(realpath(path)).parent != Path(realpath(path.parent)):
        raise StateFileError(
            f"{path} is a symbolic link out of its folder, so it is neither read nor written"
        )
