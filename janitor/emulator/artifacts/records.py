"""What the emulator stores of artifacts."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from janitor.emulator.records import global_id, read_json

if TYPE_CHECKING:
    from datetime import datetime

    from janitor.emulator.records import Project


@dataclass(slots=True, eq=False)
class Blob:
    """The content of a file, which every artifact of the project with this digest shares."""

    digest: str
    """MD5 in hexadecimal digits."""
    birth: int
    """The number of the artifact that it was first uploaded for."""
    content: bytes | None = None
    """None until it is uploaded."""


@dataclass(slots=True)
class Manifest:
    """A manifest: a JSON text that lists an artifact's files; empty until it is uploaded."""

    name: str
    kind: str = "FULL"
    """FULL; INCREMENTAL and PATCH add to the manifests before it."""
    base: int | None = None
    """The number of the artifact that an incremental manifest adds to."""
    text: str | None = None

    @property
    def contents(self) -> dict[str, dict[str, Any]]:
        """The entries by the files' paths."""
        value = read_json(self.text)
        contents = value.get("contents") if isinstance(value, dict) else None
        return contents if isinstance(contents, dict) else {}


@dataclass(slots=True, eq=False)
class Artifact:
    """A version of a collection; it gets its version index when it is committed."""

    number: int
    collection: Collection
    digest: str
    created_at: datetime
    updated_at: datetime
    state: str = "PENDING"
    """PENDING, COMMITTED or DELETED"""
    version_index: int | None = None
    description: str | None = None
    metadata: str | None = None
    ttl_seconds: int | None = None
    history_step: int | None = None
    client_id: str = ""
    created_by: str | None = None
    """The name of the run that logged it."""
    used_by: list[str] = field(default_factory=list)
    """Names of the runs that used it, as ``entity/project/run``."""
    tags: list[str] = field(default_factory=list)
    wanted_aliases: list[str] = field(default_factory=list)
    """Aliases that it gets once it is committed."""
    manifests: list[Manifest] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The storage id."""
        return base64.b64encode(f"Artifact:{self.number}".encode()).decode()

    @property
    def aliases(self) -> list[str]:
        """The aliases that name this version now."""
        named = self.collection.aliases.items()
        return [alias for alias, artifact in named if artifact is self]


@dataclass(slots=True, eq=False)
class Collection:
    """The versions of an artifact, by their index; W&B calls it a sequence."""

    number: int
    project: Project
    name: str
    type_name: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    tags: list[str] = field(default_factory=list)
    versions: list[Artifact] = field(default_factory=list)
    """Committed versions, by their index, the deleted ones included."""
    aliases: dict[str, Artifact] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The storage id."""
        return global_id("ArtifactCollection", str(self.number))

    @property
    def ready(self) -> list[Artifact]:
        """The versions that were not deleted."""
        return [artifact for artifact in self.versions if artifact.state == "COMMITTED"]

    def find(self, alias: str) -> Artifact | None:
        """The version of an alias, of ``v3`` or of a digest; None if there is none."""
        if alias in self.aliases:
            return self.aliases[alias]
        for artifact in self.ready:
            if alias in {f"v{artifact.version_index}", artifact.digest}:
                return artifact
        return None


def number_of_artifact(storage_id: str) -> int | None:
    """The number that an artifact's storage id holds, or None for any other id."""
    try:
        kind, _, number = base64.b64decode(storage_id, validate=True).decode().partition(":")
        return int(number) if kind == "Artifact" else None
    except ValueError:
        return None


def hex_digest(digest: str) -> str | None:
    """A digest in hexadecimal digits, from base64 as in manifests; None if it is malformed."""
    try:
        return base64.b64decode(digest, validate=True).hex()
    except (binascii.Error, ValueError):
        return None
