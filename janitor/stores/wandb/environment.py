"""The environment in which wandb is set up: quiet, and without variables that it cannot use.

It lasts only while the connection is opened. Processes that are started later, such as training
runs, get the environment as the user set it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PREFIX: Final = "WANDB_"
_OF_ONE_RUN: Final = frozenset(
    {
        *("WANDB_PROJECT", "WANDB_RUN_ID", "WANDB_NAME", "WANDB_NOTES", "WANDB_TAGS"),
        *("WANDB_RUN_GROUP", "WANDB_JOB_TYPE", "WANDB_RESUME", "WANDB_SWEEP_ID"),
    }
)
"""They describe a training run. wandb would check them, and the janitor does not use them."""
_ALWAYS_CHECKED: Final = frozenset({"WANDB_BASE_URL"})
"""Without it wandb would send the key to W&B's own server, so wandb must refuse an empty one."""
_LOCK: Final = threading.Lock()
"""The environment belongs to the whole process."""


@contextmanager
def quiet_environment(
    folder: Path, environ: MutableMapping[str, str] = os.environ
) -> Iterator[None]:
    """Keep wandb from prompting, printing, and writing outside ``folder``, during the block."""
    with _LOCK:
        before = _of_wandb(environ)
        try:
            _replace(environ, _quiet(before, folder))
            yield
        finally:
            _replace(environ, before)


def _quiet(before: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The variables for wandb. A variable that is set and empty counts as not set.

    Blanks around a value are stripped: a key that was read from a file ends with a newline.
    """
    stripped = {name: value.strip() for name, value in before.items()}
    kept = {
        name: value
        for name, value in stripped.items()
        if (value or name in _ALWAYS_CHECKED) and name not in _OF_ONE_RUN
    }
    kept.pop("WANDB_SERVICE", None)  # left over from a parent process, it would break the Api
    kept |= {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
    kept |= dict.fromkeys(("WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_DIR"), str(folder))
    try:
        Path.home()
    except RuntimeError:
        kept.setdefault("WANDB_CONFIG_DIR", str(folder))
    return kept


def _of_wandb(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(_PREFIX)}


def _replace(environ: MutableMapping[str, str], variables: Mapping[str, str]) -> None:
    for name in _of_wandb(environ):
        if name not in variables:
            del environ[name]
    environ.update(variables)


def named_in(message: str, environ: Mapping[str, str]) -> str | None:
    """The variable of wandb whose value a message quotes; None if there is none."""
    for name, value in sorted(_of_wandb(environ).items()):
        if value and repr(value) in message:
            return name
    return None
