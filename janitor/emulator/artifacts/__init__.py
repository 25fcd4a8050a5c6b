"""Artifacts: collections of versions, whose manifests name files by their digest."""

from __future__ import annotations

from janitor.emulator.artifacts.records import Artifact, Blob, Collection, Manifest

__all__ = ["Artifact", "Blob", "Collection", "Manifest"]
