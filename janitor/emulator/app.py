"""The emulator as an ASGI application: W&B's addresses, the pages, and the control addresses."""

from __future__ import annotations

import json
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from janitor.emulator import filestream
from janitor.emulator.access import TOKEN_LIFETIME, RefusedError
from janitor.emulator.artifacts.endpoints import INERT, ArtifactFiles
from janitor.emulator.control import Control
from janitor.emulator.emulation import Context, PageFault
from janitor.emulator.facts import Facts
from janitor.emulator.faults import FaultBook, Gate
from janitor.emulator.graphql_service import GraphQLService, read_body
from janitor.emulator.guard import Guard
from janitor.emulator.pages import Pages
from janitor.emulator.records import Run, StoredFile
from janitor.emulator.traffic import Traffic
from janitor.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from janitor.emulator.clock import Clock
    from janitor.emulator.emulation import Emulation
    from janitor.emulator.persistence import StateFile


class DateHeader:
    """Adds the Date header to every answer, by the emulator's clock."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def send_with_date(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._clock.now(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        await self._app(scope, receive, send_with_date)


class Endpoints:
    """W&B's addresses; each request passes the guard and the gate."""

    def __init__(self, emulation: Emulation, gate: Gate, guard: Guard, pages: Pages) -> None:
        self._emulation = emulation
        self._gate = gate
        self._guard = guard
        self._pages = pages
        self._graphql = GraphQLService()

    def routes(self) -> list[Route]:
        """The addresses that W&B's clients use."""
        run = "/files/{entity}/{project}/{run}"
        table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("POST", "/graphql", self.graphql),
            ("POST", f"{run}/file_stream", self.file_stream),
            ("PUT", f"{run}/{{name:path}}", self.upload),
            ("GET", f"{run}/{{name:path}}", self.download),
            ("POST", "/oidc/token", self.token),
            ("GET", "/", self.front_page),
        ]
        table += [
            (method, path, self._artifact_endpoint(kind, answer))
            for method, path, kind, answer in ArtifactFiles(self._emulation).table()
        ]
        return [Route(path, self._guarded(act), methods=[method]) for method, path, act in table]

    def _artifact_endpoint(
        self, kind: str, answer: Callable[[Request, bytes], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            facts = _facts(request, raw)
            facts.kind, facts.sdk = kind, kind == "upload"
            apply = _refusing(lambda _: answer(request, raw))
            return await self._gate.pass_through(request, facts, apply)

        return endpoint

    def _guarded(
        self, endpoint: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            refusal = self._guard.refusal_for_client(request)
            if refusal is not None:
                return _refusal(RefusedError(HTTPStatus.FORBIDDEN, refusal))
            return await endpoint(request)

        return answer

    async def graphql(self, request: Request) -> Response:
        """Answer a GraphQL request."""
        raw = await request.body()
        facts = _facts(request, raw)
        try:
            body = read_body(raw)
        except RefusedError as error:
            refusal = _refusal(error)
            return await self._gate.pass_through(request, facts, lambda _: refusal)
        self._graphql.describe(facts, body)

        def apply(fault: PageFault) -> Response:
            try:
                context = self._context(request, fault)
            except RefusedError as error:
                return _refusal(error)
            answer = self._graphql.answer(body, context)
            return self._limited(json.dumps(answer.body).encode(), answer.status)

        return await self._gate.pass_through(request, facts, apply)

    async def file_stream(self, request: Request) -> Response:
        """Accept a post of a training process."""
        raw = await request.body()
        facts = _run_facts(request, raw, "filestream")

        def apply(fault: PageFault) -> Response:
            run = self._run(request, self._context(request, fault))
            post = filestream.read_post(raw, request.headers.get("content-encoding", ""))
            now = self._emulation.clock.now()
            return JSONResponse(filestream.receive(self._emulation.store, run, post, now))

        return await self._gate.pass_through(request, facts, _refusing(apply))

    async def upload(self, request: Request) -> Response:
        """Store an uploaded file."""
        raw = await request.body()
        facts = _run_facts(request, raw, "upload")

        def apply(fault: PageFault) -> Response:
            run = self._run_of_file(request, fault, write=True)
            name = request.path_params["name"]
            mimetype = request.headers.get("content-type", "application/octet-stream")
            run.files[name] = StoredFile(name, raw, mimetype, self._emulation.clock.now())
            self._emulation.store.changed(run)
            return Response()

        return await self._gate.pass_through(request, facts, _refusing(apply))

    async def download(self, request: Request) -> Response:
        """Answer a file."""
        facts = _run_facts(request, b"", "download")

        def apply(fault: PageFault) -> Response:
            run = self._run_of_file(request, fault, write=False)
            file = run.files.get(request.path_params["name"])
            if file is None:
                raise RefusedError(HTTPStatus.NOT_FOUND, "no such file")
            return Response(file.content, headers=INERT, media_type=file.mimetype)

        return await self._gate.pass_through(request, facts, _refusing(apply))

    async def front_page(self, request: Request) -> Response:
        """The list of projects; the Date header of this address serves clients as a clock."""
        return await self._gate.pass_through(
            request, _facts(request, b""), lambda _: self._pages.front(request)
        )

    async def token(self, request: Request) -> Response:
        """Exchange an identity token for an access token."""
        raw = await request.body()

        def apply(_: PageFault) -> Response:
            assertion = parse_qs(raw.decode(errors="replace")).get("assertion", [""])[0]
            token = self._emulation.doorkeeper.exchange(assertion)
            return JSONResponse(
                {"access_token": token, "expires_in": TOKEN_LIFETIME, "token_type": "Bearer"}
            )

        return await self._gate.pass_through(request, _facts(request, raw), _refusing(apply))

    def _context(self, request: Request, fault: PageFault) -> Context:
        user = self._emulation.doorkeeper.user(request.headers.get("authorization"))
        base_url = str(request.base_url).rstrip("/")
        return Context(self._emulation, user, self._emulation.clock.now(), base_url, fault)

    def _limited(self, content: bytes, status: HTTPStatus) -> Response:
        limit = self._emulation.settings.max_answer_bytes
        if limit is not None and len(content) > limit:
            message = f"the answer is larger than {limit} bytes"
            return _refusal(RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message))
        return Response(content, status, media_type="application/json")

    def _run(self, request: Request, context: Context, *, write: bool = True) -> Run:
        entity, project, name = (request.path_params[k] for k in ("entity", "project", "run"))
        run = context.project(entity, project, write=write).runs.get(name)
        if run is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"run {entity}/{project}/{name} not found")
        return run

    def _run_of_file(self, request: Request, fault: PageFault, *, write: bool) -> Run:
        """The run of a file's address; a signed address needs no credentials."""
        signature = request.query_params.get("signature")
        if signature is None:
            return self._run(request, self._context(request, fault), write=write)
        if signature != self._emulation.doorkeeper.signature(quote(request.url.path)):
            raise RefusedError(HTTPStatus.FORBIDDEN, "the address is not signed by this server")
        run = self._emulation.store.run(_run_path(request))
        if run is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"run {_run_path(request)} not found")
        return run


def build_app(
    emulation: Emulation, state_file: StateFile | None = None, hosts: Collection[str] = ()
) -> ASGIApp:
    """The emulator as an ASGI application; the changes of each request reach the state file.

    ``hosts`` are host names of this server, besides localhost and IP addresses.
    """
    book, traffic, guard = FaultBook(), Traffic(), Guard(hosts)

    def after_each() -> None:
        if state_file is not None:
            state_file.save(emulation.store)

    gate = Gate(emulation, book, traffic, after_each)
    control = Control(emulation, book, traffic, after_each, guard)
    pages = Pages(emulation, guard)
    endpoints = Endpoints(emulation, gate, guard, pages)
    app = Starlette(
        routes=[*endpoints.routes(), *control.routes(), *pages.routes()],
        exception_handlers={EmulatorError: _answer_emulator_error},
    )
    return DateHeader(app, emulation.clock)


def _answer_emulator_error(_request: Request, error: Exception) -> Response:
    """Answer 500 with a sentence, such as for a full disk."""
    message = str(error)
    body = {"errors": [{"message": message}], "error": message}
    return JSONResponse(body, HTTPStatus.INTERNAL_SERVER_ERROR)


def _refusal(error: RefusedError) -> Response:
    return JSONResponse({"errors": [{"message": str(error)}]}, error.status)


def _refusing(apply: Any) -> Any:
    def apply_or_refuse(fault: PageFault) -> Response:
        try:
            response: Response = apply(fault)
        except RefusedError as error:
            return _refusal(error)
        return response

    return apply_or_refuse


def _facts(request: Request, raw: bytes) -> Facts:
    return Facts(
        method=request.method,
        path=request.url.path,
        user_agent=request.headers.get("user-agent", ""),
        bytes_in=len(raw),
    )


def _run_path(request: Request) -> str:
    return "/".join(request.path_params[key] for key in ("entity", "project", "run"))


def _run_facts(request: Request, raw: bytes, kind: str) -> Facts:
    facts = _facts(request, raw)
    facts.kind = kind
    facts.sdk = kind != "download"
    facts.runs.append(_run_path(request))
    return facts
