"""What the tests with real frameworks look at."""

from __future__ import annotations

from typing import Any

import pytest


def framework(module: str) -> Any:
    """A framework's module; where it is missing, the test file is skipped, and says so."""
    reason = f"no {module} here: `make test-frameworks` has an environment with it"
    return pytest.importorskip(module, reason=reason)


def protein(run: Any) -> dict[str, Any]:
    """What the run's summary says under ``protein.``."""
    summary = run.summary._as_dict()  # noqa: SLF001 - all keys at once
    return {k.removeprefix("protein."): v for k, v in summary.items() if k.startswith("protein.")}
