"""The dashboard's pages. It only reads: it knows no dispatcher, and accepts GET alone.

Names and reasons come from runs and are hostile: templates escape them, and a content security
policy allows only the scripts and styles of this server. All links are relative, so that the pages
work behind any path prefix. Without a token only requests to a loopback name are answered, which
keeps other sites from reading the pages through the user's browser (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import hmac
import json
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from janitor.errors import JanitorError
from janitor.sweep.dashboard import pages, view
from janitor.sweep.dashboard.metrics import metrics_of
from janitor.sweep.ports import SweepStore

_COOKIE: Final = "janitor-dashboard"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LOOK: Final = 1.0
"""Seconds between two looks at the ledger, while a page is open."""


class Dashboard:
    """The sweeps that are shown, read again when their ledgers have grown.

    Args:
        stores: The sweeps.
        now: The time, aware, UTC.
        token: What a request must show; None on loopback.

    """

    def __init__(
        self, stores: Sequence[SweepStore], now: Callable[[], datetime], token: str | None = None
    ) -> None:
        self._stores = {store.name: store for store in stores}
        self._now, self._token = now, token
        self._known: dict[str, view.Snapshot] = {}
        self._drawn: dict[tuple[str, int, tuple[str, ...]], Any] = {}
        self._lock = threading.Lock()
        self._app = self.application()

    def shot(self, name: str) -> view.Snapshot:
        """The sweep as its ledger is now."""
        if name not in self._stores:
            raise HTTPException(404, "no such sweep")
        store = self._stores[name]
        with self._lock:
            known = self._known.get(name)
            if known is None or store.last_number() != known.data.number:
                known = self._known[name] = view.snapshot(store, self._now(), known)
            return known

    def charts(self, name: str, pair: tuple[str, ...]) -> Any:
        """The charts of a sweep, drawn once for each number of its ledger."""
        shot = self.shot(name)
        key = name, shot.data.number, pair
        with self._lock:
            if key not in self._drawn:
                self._drawn = {
                    each: drawn
                    for each, drawn in self._drawn.items()
                    if each[0] != name or each[1] == shot.data.number
                }
                self._drawn[key] = view.charts(shot.data, pair)
            return self._drawn[key]

    # -- routes

    def index(self, _: Request) -> Response:
        """The list of sweeps."""
        return HTMLResponse(pages.index([self.shot(name) for name in self._stores]))

    def sweep(self, request: Request) -> Response:
        """The page of a sweep."""
        return HTMLResponse(pages.sweep(self.shot(request.path_params["name"])))

    def summary(self, request: Request) -> Response:
        """State, counts, rungs, lineage and feed."""
        return HTMLResponse(pages.summary(self.shot(request.path_params["name"])))

    def trials(self, request: Request) -> Response:
        """The table."""
        query = request.query_params
        number = int(page) if (page := query.get("page", "1")).isdecimal() else 1
        return HTMLResponse(
            pages.trials(
                self.shot(request.path_params["name"]),
                query.get("q", ""),
                query.get("sort", "index"),
                number,
                down=query.get("order") == "down",
            )
        )

    def drawings(self, request: Request) -> Response:
        """The charts."""
        query = request.query_params
        pair = tuple(each for each in (query.get("x"), query.get("y")) if each)
        return HTMLResponse(pages.charts(self.charts(request.path_params["name"], pair)))

    def trial(self, request: Request) -> Response:
        """The page of a trial."""
        shot, run = self.shot(request.path_params["name"]), request.path_params["run"]
        if run not in shot.ledger.trials:
            raise HTTPException(404, "no such run")
        return HTMLResponse(pages.trial(shot, run))

    async def events(self, request: Request) -> Response:
        """The number of the ledger's last entry, whenever it changes."""
        name = request.path_params["name"]
        if name not in self._stores:
            raise HTTPException(404, "no such sweep")

        async def stream() -> AsyncIterator[str]:
            last = -1
            while not await request.is_disconnected():
                try:
                    number = await asyncio.to_thread(self._stores[name].last_number)
                except JanitorError:
                    number = last
                yield f"data: {number}\n\n" if number != last else ": alive\n\n"
                last = number
                await asyncio.sleep(_LOOK)

        return StreamingResponse(stream(), media_type="text/event-stream")

    def metrics(self, _: Request) -> Response:
        """For Prometheus."""
        return PlainTextResponse(metrics_of([self.shot(name) for name in self._stores]))

    def data(self, request: Request) -> Response:
        """The figures of a sweep as JSON."""
        shot = self.shot(request.path_params["name"])
        return Response(json.dumps(pages.figures(shot)), media_type="application/json")

    def application(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/", self.index),
            Route("/metrics", self.metrics),
            Route("/static/{name}", static),
            Route("/s/{name}/", self.sweep),
            Route("/s/{name}/summary", self.summary),
            Route("/s/{name}/trials", self.trials),
            Route("/s/{name}/charts", self.drawings),
            Route("/s/{name}/data.json", self.data),
            Route("/s/{name}/events", self.events),
            Route("/s/{name}/t/{run}", self.trial),
        ]
        return Starlette(
            routes=routes,
            exception_handlers={JanitorError: _failed, HTTPException: _refused},
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI: check the request, and add the headers to the answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = self._check(request)
        if answer is not None:
            answer.headers.update(_HEADERS)
            await answer(scope, receive, send)
            return

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), text.encode()) for name, text in _HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        await self._app(scope, receive, with_headers)

    def _check(self, request: Request) -> Response | None:
        """An answer if the request is not allowed."""
        if self._token is None:
            host = urlsplit(f"//{request.headers.get('host', '')}").hostname
            if host in _LOOPBACK:
                return None
            return PlainTextResponse("give --token to answer other names than localhost", 403)
        given = request.query_params.get("token", "")
        if given and hmac.compare_digest(given.encode(), self._token.encode()):
            answer = RedirectResponse(request.url.path.rsplit("/", 1)[-1] or "./", 303)
            answer.set_cookie(_COOKIE, self._token, httponly=True, samesite="strict")
            return answer
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        known = request.cookies.get(_COOKIE) or bearer
        if hmac.compare_digest(known.encode(), self._token.encode()):
            return None
        return PlainTextResponse("open the address with its token that the command printed", 401)


def static(request: Request) -> Response:
    """The script and the style."""
    name = request.path_params["name"]
    if name == "dashboard.js":
        script = files("janitor.sweep.dashboard") / "static" / "dashboard.js"
        return Response(script.read_text(encoding="utf-8"), media_type="text/javascript")
    if name == "style.css":
        return Response(pages.style(), media_type="text/css")
    raise HTTPException(404, "no such file")


def _failed(_: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 503)


def _refused(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return PlainTextResponse(str(getattr(error, "detail", "")), status)
