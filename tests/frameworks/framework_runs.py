"""What the tests with real frameworks look at."""

from __future__ import annotations

from typing import Any


def protein(run: Any) -> dict[str, Any]:
    """What the run's summary says under ``protein.``."""
    summary = run.summary._as_dict()  # noqa: SLF001 - all keys at once
    return {k.removeprefix("protein."): v for k, v in summary.items() if k.startswith("protein.")}
