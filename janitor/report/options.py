"""RenderOptions: what a user chooses about the look of reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """The choices that renderers take."""

    junit_fixed: Literal["failure", "pass"] = "failure"
    """How a repaired run appears in JUnit XML."""


DEFAULT_OPTIONS: Final = RenderOptions()
