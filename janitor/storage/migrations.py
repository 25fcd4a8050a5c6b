"""Versions of files: older ones are migrated, newer ones refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from janitor.errors import StateFileError

Step = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes a document of the next version from one of the version before."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """The migrations of one kind of document.

    Args:
        kind: What the documents are, for sentences: "the state of an experiment".
        steps: The first makes version 1 from version 0, and so on. A step is never changed
            after its release: files of its version exist.

    """

    kind: str
    steps: Sequence[Step]

    @property
    def latest(self) -> int:
        """The version that is written now."""
        return len(self.steps)

    def forward(self, document: dict[str, Any], version: Any) -> dict[str, Any]:
        """The document in the latest version.

        Args:
            document: As it was read.
            version: The one that it names; None counts as 0, from before there were versions.

        Raises:
            StateFileError: it is of a newer version than this janitor knows.
            ValueError: the version is not a version number.

        """
        found = 0 if version is None else version
        if isinstance(found, bool) or not isinstance(found, int) or found < 0:
            raise ValueError(f"its version is not a version number: {version!r:.40}")
        if found > self.latest:
            raise StateFileError(
                f"{self.kind} is of version {found}, and this janitor knows versions up to"
                f" {self.latest}: use the janitor that wrote it, or a newer one"
            )
        for step in self.steps[found:]:
            document = step(document)
        return document
