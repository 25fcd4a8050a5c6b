"""The emulator's addresses: GraphQL, the filestream, files, tokens, and the control room."""

from __future__ import annotations

import json
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from janitor.emulator import filestream
from janitor.emulator.access import TOKEN_LIFETIME, RefusedError
from janitor.emulator.control import Control
from janitor.emulator.emulation import Context, PageFault
from janitor.emulator.facts import Facts
from janitor.emulator.faults import FaultBook, Gate
from janitor.emulator.graphql_service import GraphQLService, read_body
from janitor.emulator.records import Run, StoredFile
from janitor.emulator.traffic import Traffic

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from janitor.emulator.clock import Clock
    from janitor.emulator.emulation import Emulation
    from janitor.emulator.persistence import StateFile


class DateHeader:
    """Puts the Date header of the emulator's own clock on every answer."""

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
    """What clients may ask for; each request passes the gate."""

    def __init__(self, emulation: Emulation, gate: Gate) -> None:
        self._emulation = emulation
        self._gate = gate
        self._graphql = GraphQLService()

    def routes(self) -> list[Route]:
        """The addresses that W&B's clients use."""
        run = "/files/{entity}/{project}/{run}"
        return [
            Route("/graphql", self.graphql, methods=["POST"]),
            Route(f"{run}/file_stream", self.file_stream, methods=["POST"]),
            Route(f"{run}/{{name:path}}", self.upload, methods=["PUT"]),
            Route(f"{run}/{{name:path}}", self.download, methods=["GET"]),
            Route("/oidc/token", self.token, methods=["POST"]),
            Route("/", self.front_page, methods=["GET"]),
        ]

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
        """Take a training process's post."""
        raw = await request.body()
        facts = _run_facts(request, raw, "filestream")

        def apply(fault: PageFault) -> Response:
            run = self._run(request, self._context(request, fault))
            post = filestream.read_post(raw, request.headers.get("content-encoding", ""))
            answer = filestream.receive(run, post, self._emulation.clock.now())
            self._emulation.store.changed(run)
            return JSONResponse(answer)

        return await self._gate.pass_through(request, facts, _refusing(apply))

    async def upload(self, request: Request) -> Response:
        """Keep an uploaded file."""
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
        """Give a file back."""
        facts = _run_facts(request, b"", "download")

        def apply(fault: PageFault) -> Response:
            run = self._run_of_file(request, fault, write=False)
            file = run.files.get(request.path_params["name"])
            if file is None:
                raise RefusedError(HTTPStatus.NOT_FOUND, "no such file")
            return Response(file.content, media_type=file.mimetype)

        return await self._gate.pass_through(request, facts, _refusing(apply))

    async def front_page(self, request: Request) -> Response:
        """Greet whoever knocks; its Date header is what clients set their clocks by."""
        return await self._gate.pass_through(
            request, _facts(request, b""), lambda _: PlainTextResponse("a W&B-compatible server\n")
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


def build_app(emulation: Emulation, state_file: StateFile | None = None) -> ASGIApp:
    """The emulator as an ASGI application; each request's changes reach the state file."""
    book, traffic = FaultBook(), Traffic()

    def after_each() -> None:
        if state_file is not None:
            state_file.save(emulation.store)

    gate = Gate(emulation, book, traffic, after_each)
    control = Control(emulation, book, traffic, after_each)
    app = Starlette(routes=[*Endpoints(emulation, gate).routes(), *control.routes()])
    return DateHeader(app, emulation.clock)


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
