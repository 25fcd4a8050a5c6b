"""The addresses at which manifests and files of artifacts are uploaded and downloaded.

GraphQL answers them with a signature, which takes the place of credentials. The address
``/artifactsV2/…`` is the one that clients build themselves; it needs credentials.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

from janitor.emulator.access import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from janitor.emulator.artifacts import Blob, Manifest
    from janitor.emulator.emulation import Emulation
    from janitor.emulator.records import Project

INERT = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
"""An uploaded file is shown in a browser without running its scripts."""

V2 = "/artifactsV2/{region}/{entity}/{project}/{collection}/{rest:path}"


class ArtifactFiles:
    """Answers uploads and downloads. Raises RefusedError (400, 401, 403, 404)."""

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def table(self) -> list[tuple[str, str, str, Callable[[Request, bytes], Response]]]:
        """Method, path, kind in the request log, and answer of each address."""
        manifest = "/artifact-manifests/{number:int}/{index:int}"
        blob = "/artifact-files/{entity}/{project}/{digest}"
        return [
            ("PUT", manifest, "upload", self.put_manifest),
            ("GET", manifest, "download", self.get_manifest),
            ("PUT", blob, "upload", self.put_blob),
            ("GET", blob, "download", self.get_blob),
            ("GET", V2, "download", self.get_v2),
        ]

    def put_manifest(self, request: Request, raw: bytes) -> Response:
        """Store a manifest."""
        manifest = self._manifest(request)
        try:
            manifest.text = raw.decode()
        except UnicodeDecodeError as error:
            message = "the manifest is not UTF-8"
            raise RefusedError(HTTPStatus.BAD_REQUEST, message) from error
        artifact = self._emulation.store.artifact(request.path_params["number"])
        if artifact is not None:
            self._emulation.store.changed(artifact)
        return Response()

    def get_manifest(self, request: Request, _raw: bytes) -> Response:
        """Answer a manifest."""
        text = self._manifest(request).text
        if text is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "the manifest was not uploaded")
        return Response(text, headers=INERT, media_type="application/json")

    def put_blob(self, request: Request, raw: bytes) -> Response:
        """Store a file, if its content has the digest of its address."""
        self._require_signature(request)
        project, blob = self._blob(request, request.path_params["digest"])
        if hashlib.md5(raw, usedforsecurity=False).hexdigest() != blob.digest:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the content has another MD5 digest")
        blob.content = raw
        self._emulation.store.changed(project)
        return Response(headers={"ETag": blob.digest})

    def get_blob(self, request: Request, _raw: bytes) -> Response:
        """Answer a file at its signed address."""
        self._require_signature(request)
        return self._content(request, request.path_params["digest"])

    def get_v2(self, request: Request, _raw: bytes) -> Response:
        """Answer a file at the address that clients build: …/DIGEST/NAME."""
        user = self._emulation.doorkeeper.user(request.headers.get("authorization"))
        self._emulation.doorkeeper.require(user, request.path_params["entity"])
        digest = request.path_params["rest"].split("/")[-2:][0]
        return self._content(request, digest)

    def _content(self, request: Request, digest: str) -> Response:
        _, blob = self._blob(request, digest)
        if blob.content is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "the file was not uploaded")
        return Response(blob.content, headers=INERT, media_type="application/octet-stream")

    def _manifest(self, request: Request) -> Manifest:
        self._require_signature(request)
        artifact = self._emulation.store.artifact(request.path_params["number"])
        index: int = request.path_params["index"]
        if artifact is None or index >= len(artifact.manifests):
            raise RefusedError(HTTPStatus.NOT_FOUND, "no such manifest")
        return artifact.manifests[index]

    def _blob(self, request: Request, digest: str) -> tuple[Project, Blob]:
        entity, name = request.path_params["entity"], request.path_params["project"]
        project = self._emulation.store.project(entity, name)
        blob = project.blobs.get(digest) if project else None
        if project is None or blob is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "no such file")
        return project, blob

    def _require_signature(self, request: Request) -> None:
        signature = self._emulation.doorkeeper.signature(quote(request.url.path))
        if request.query_params.get("signature") != signature:
            raise RefusedError(HTTPStatus.FORBIDDEN, "the address is not signed by this server")
