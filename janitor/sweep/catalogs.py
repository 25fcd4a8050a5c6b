"""Where sweeps are: ``file:DIR`` on this machine, or ``wandb:ENTITY/PROJECT``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from janitor.config import Config
from janitor.errors import UsageError
from janitor.model.wording import quoted
from janitor.stores.sweep_files import SweepFolder
from janitor.sweep.ports import SweepCatalog

if TYPE_CHECKING:
    from janitor.stores.wandb.api import GraphQLApi

DEFAULT: Final = "file:.janitor"
WANDB: Final = "wandb"
_FILE: Final = "file:"


@dataclass(frozen=True, slots=True)
class Place:
    """A store of sweeps, as people write it."""

    scheme: str
    """``file`` or ``wandb``."""
    folder: Path = Path()
    entity: str | None = None
    """None: the default entity of the login."""
    project: str | None = None

    @classmethod
    def parse(cls, text: str, entity: str | None = None, project: str | None = None) -> Self:
        """A store from its text.

        Args:
            text: ``file:DIR``, ``wandb``, ``wandb:PROJECT`` or ``wandb:ENTITY/PROJECT``.
            entity: Where the text names none: that of the sweep file.
            project: The same.

        Raises:
            UsageError: it is not a store of sweeps.

        """
        if text.startswith(_FILE) and text != _FILE:
            return cls("file", _folder(text.removeprefix(_FILE)))
        scheme, colon, rest = text.partition(":")
        parts = rest.split("/") if colon else []
        if scheme != WANDB or len(parts) > 2 or not all(part.strip() for part in parts):
            raise UsageError(
                f"{quoted(text)} is not a store of sweeps: use file:DIR, such as {DEFAULT}, or"
                " wandb:ENTITY/PROJECT"
            )
        if parts:
            entity, project = (parts[0] if len(parts) == 2 else entity), parts[-1]
        return cls(WANDB, entity=entity, project=project)


def _folder(text: str) -> Path:
    """The folder, absolute; ``~`` is the user's home, as everywhere."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise UsageError(f"names the home of an unknown user: {quoted(text)}") from error


def catalog_of(
    place: Place,
    settings: Config,
    clock: Callable[[], datetime],
    at_end: Callable[[Callable[[], None]], object],
) -> SweepCatalog:
    """The sweeps of a store.

    Args:
        place: The store.
        settings: How W&B is reached and runs are read.
        clock: The time, aware, UTC.
        at_end: Gets what closes the connection.

    Raises:
        UsageError: the store cannot be used, such as for a refused login.
        TransientError: the server does not answer.

    """
    if place.scheme != WANDB:
        return SweepFolder(place.folder, clock)
    # W&B's client takes a second to import; sweeps of a folder do without it.
    from janitor.stores.backends import open_door  # noqa: PLC0415
    from janitor.stores.wandb_sweeps.catalog import WandbSweeps  # noqa: PLC0415

    if place.project is None:
        raise UsageError(
            "a sweep on W&B needs a project: set `project:` in the sweep file, or use"
            " --store wandb:ENTITY/PROJECT"
        )
    door = open_door(settings)
    at_end(door.close)
    entity = place.entity or _default_entity(door)
    return WandbSweeps(door, entity, place.project, settings.policy, clock)


def _default_entity(door: GraphQLApi) -> str:
    entity = door.default_entity()
    if entity is None:
        raise UsageError(
            "wandb has no default entity: set `entity:` in the sweep file, or use"
            " --store wandb:ENTITY/PROJECT"
        )
    return entity
