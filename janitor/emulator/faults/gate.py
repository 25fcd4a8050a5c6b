"""The gate that every client's request passes: it applies the rules and logs the request."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from janitor.emulator.changes import apply_change
from janitor.emulator.emulation import PageFault
from janitor.emulator.faults.rules import (
    Change,
    Delay,
    DuplicateRows,
    Errors,
    Garbage,
    Hang,
    Hold,
    MissingRows,
    Reset,
    Rule,
    ShortPage,
    Spoiler,
    Status,
)
from janitor.emulator.records import ENDED_STATES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from janitor.emulator.emulation import Emulation
    from janitor.emulator.facts import Facts
    from janitor.emulator.faults.book import FaultBook
    from janitor.emulator.traffic import Traffic

Apply = Callable[[PageFault], Response]
_NO_LINGER = struct.pack("ii", 1, 0)


class ConnectionReset(Response):
    """No answer: the connection is reset (TCP RST)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Abort the transport that the server put into the scope's state."""
        transport: asyncio.Transport = scope["state"]["transport"]
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()


class Gate:
    """Applies the rules that fire on a request, and the request itself, in order."""

    def __init__(
        self,
        emulation: Emulation,
        book: FaultBook,
        traffic: Traffic,
        after_each: Callable[[], None],
    ) -> None:
        self._emulation = emulation
        self._book = book
        self._traffic = traffic
        self._after_each = after_each

    async def pass_through(self, request: Request, facts: Facts, apply: Apply) -> Response:
        """Answer a request; ``apply`` carries it out and is called at most once."""
        entry = self._traffic.begin(facts, self._emulation.clock.now())
        response = await self._answer(request, facts, apply)
        if not isinstance(response, ConnectionReset):
            entry.status = response.status_code
            entry.bytes_out = len(response.body)
        return response

    async def _answer(self, request: Request, facts: Facts, apply: Apply) -> Response:
        rules = self._book.taking(facts)
        if self._emulation.settings.latency:
            await asyncio.sleep(self._emulation.settings.latency)
        if not rules:
            return self._carry_out(apply, PageFault())
        for rule in rules:
            await self._interfere(rule, facts, "before")
        spoiler = next((rule for rule in rules if isinstance(rule, Spoiler)), None)
        response = None
        if spoiler is None or spoiler.applied:
            response = self._carry_out(apply, _page_fault(rules))
        for rule in rules:
            await self._interfere(rule, facts, "after")
        if spoiler is not None:
            response = await self._spoil(spoiler, request)
        if response is None:
            raise AssertionError("a request was neither carried out nor spoiled")
        return response

    def _carry_out(self, apply: Apply, fault: PageFault) -> Response:
        response = apply(fault)
        self._after_each()
        self._book.wake()
        return response

    async def _interfere(self, rule: Rule, facts: Facts, when: str) -> None:
        match rule:
            case Delay(seconds=seconds) if when == "before":
                await asyncio.sleep(seconds)
            case Hold(when=moment, seconds=seconds) if moment == when:
                await self._book.wait(lambda: self._is_reached(rule, facts), seconds)
            case Change(when=moment, change=change) if moment == when:
                for path in [rule.run] if rule.run else facts.runs:
                    run = self._emulation.store.run(path)
                    if run is not None:
                        apply_change(self._emulation, run, change)
                self._after_each()
                self._book.wake()

    def _is_reached(self, rule: Hold, facts: Facts) -> bool:
        """Whether the run that a held request waits for has reached its state."""
        if rule.run is None and rule.state is None:
            return False
        for path in [rule.run] if rule.run else facts.runs:
            run = self._emulation.store.run(path)
            if run is not None:
                state = self._emulation.state_of(run)
                return state == rule.state if rule.state else state in ENDED_STATES
        return False

    async def _spoil(self, rule: Spoiler, request: Request) -> Response:
        match rule:
            case Status():
                return _status_response(rule)
            case Garbage(body=body):
                return Response(body, media_type="text/html")
            case Errors(messages=messages):
                errors = [{"message": message} for message in messages]
                return JSONResponse({"data": None, "errors": errors})
            case Hang(seconds=seconds):
                await self._hang(request, seconds)
                return ConnectionReset()
            case Reset():
                return ConnectionReset()

    async def _hang(self, request: Request, seconds: float | None) -> None:
        """Wait until released, until the time is up, or until the client disconnects."""
        waits = asyncio.ensure_future(self._book.wait(lambda: False, seconds))
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait({waits, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (waits, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _status_response(rule: Status) -> Response:
    headers = dict(rule.headers)
    if rule.retry_after is not None:
        headers["Retry-After"] = f"{rule.retry_after:g}"
    if rule.body is not None:
        return Response(rule.body, rule.status, headers)
    message = f"a fault rule of the emulator answers {rule.status}"
    return JSONResponse({"errors": [{"message": message}]}, rule.status, headers)


def _page_fault(rules: list[Rule]) -> PageFault:
    fault = PageFault()
    for rule in rules:
        match rule:
            case ShortPage(rows=rows):
                fault.limit = rows
            case DuplicateRows(rows=rows):
                fault.shift -= rows
            case MissingRows(rows=rows):
                fault.shift += rows
    return fault
