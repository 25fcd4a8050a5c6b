"""The extra ``emulator``: what to say where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from janitor.errors import UsageError

_PACKAGES = frozenset({"ariadne", "graphql", "starlette", "uvicorn", "h11"})


@contextmanager
def needing_emulator_extra() -> Iterator[None]:
    """Import the emulator in here.

    Raises:
        UsageError: a package of the extra is not installed.

    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _PACKAGES:
            raise
        raise UsageError(
            f"the emulator needs the package {error.name}, which is not installed:"
            " pip install 'wandb-janitor[emulator]'"
        ) from error
