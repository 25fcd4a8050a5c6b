"""The control addresses: what tests and demos read and change over HTTP, beside W&B's own API.

    GET    /emulator                      {"name": "janitor emulator", "now": …}
    GET    /emulator/formats              the formats of seeds, faults, changes and settings
    GET    /emulator/requests             the log of clients' requests
    GET    /emulator/counts               counts since the last reset
    POST   /emulator/reset                what to forget: {"traffic": true, "faults": true, …}
    GET    /emulator/settings             the current settings; PATCH changes some
    POST   /emulator/seed                 a seed (janitor.emulator.seeding)
    GET    /emulator/runs                 the paths of all runs
    GET    /emulator/runs/E/P/RUN         a run as the server has it; PATCH applies a RunChange
    GET    /emulator/sweeps/E/P/SWEEP     a sweep; PATCH {"state": "PAUSED"} and the like
    GET, POST, DELETE /faults             rules (janitor.emulator.faults)
    POST   /faults/release                let every held or hanging request continue

Only this machine may use them, whatever address the emulator listens on, and only with the header
``Content-Type: application/json``, so that no web page can (``guard``).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from janitor.emulator.changes import RunChange, apply_change
from janitor.emulator.faults.rules import parse_rules
from janitor.emulator.formats import formats_text
from janitor.emulator.seeding import sow
from janitor.emulator.validation import MalformedError, describe, read_json_bytes
from janitor.emulator.views import RunView, SweepView
from janitor.errors import EmulatorError

if TYPE_CHECKING:
    from starlette.requests import Request

    from janitor.emulator.emulation import Emulation
    from janitor.emulator.faults.book import FaultBook
    from janitor.emulator.guard import Guard
    from janitor.emulator.records import Run, Sweep
    from janitor.emulator.traffic import Traffic

Handler = Callable[["Request"], Awaitable[Response]]


class ResetRequest(BaseModel):
    """What to forget."""

    model_config = ConfigDict(extra="forbid")

    traffic: bool = False
    faults: bool = False
    runs: bool = False
    settings: bool = False


class SweepChange(BaseModel):
    """What to change of a sweep."""

    model_config = ConfigDict(extra="forbid")

    state: str


class NotThereError(Exception):
    """A control address names a run or sweep that does not exist."""


class Control:
    """Reads and changes the emulation without using W&B's API."""

    def __init__(
        self,
        emulation: Emulation,
        book: FaultBook,
        traffic: Traffic,
        after_each: Callable[[], None],
        guard: Guard,
    ) -> None:
        self._emulation = emulation
        self._book = book
        self._traffic = traffic
        self._after_each = after_each
        self._guard = guard

    def routes(self) -> list[Route]:
        """The control addresses."""
        run, sweep = "/emulator/runs/{path:path}", "/emulator/sweeps/{path:path}"
        table: list[tuple[str, str, Callable[[Request, Any], Any]]] = [
            ("GET", "/emulator", self._greeting),
            ("GET", "/emulator/requests", lambda _request, _body: self._traffic.as_json()),
            ("GET", "/emulator/counts", lambda _request, _body: self._traffic.counts.as_json()),
            ("POST", "/emulator/reset", self._reset),
            ("GET", "/emulator/settings", lambda _request, _body: self._settings()),
            ("PATCH", "/emulator/settings", self._change_settings),
            ("POST", "/emulator/seed", lambda _request, body: {"runs": sow(self._emulation, body)}),
            ("GET", "/emulator/runs", self._run_paths),
            ("GET", run, lambda request, _body: self._view(self._run(request))),
            ("PATCH", run, self._change_run),
            ("GET", sweep, lambda request, _body: SweepView.of(self._sweep(request)).as_json()),
            ("PATCH", sweep, self._change_sweep),
            ("GET", "/faults", lambda _request, _body: self._faults()),
            ("POST", "/faults", self._add_faults),
            ("DELETE", "/faults", self._clear_faults),
            ("POST", "/faults/release", lambda *_: {"released": self._book.release()}),
        ]
        return [
            Route("/emulator/formats", self._formats, methods=["GET"]),
            *(Route(path, self._handler(act), methods=[method]) for method, path, act in table),
        ]

    def _handler(self, action: Callable[[Request, Any], Any]) -> Handler:
        async def handle(request: Request) -> Response:
            refusal = self._guard.refusal_for_control(request)
            if refusal is not None:
                return _problem(HTTPStatus.FORBIDDEN, refusal)
            try:
                answer = action(request, read_json_bytes(await request.body()))
            except NotThereError as error:
                return _problem(HTTPStatus.NOT_FOUND, str(error))
            except ValidationError as error:
                message = f"{describe(error)}; GET /emulator/formats describes the formats"
                return _problem(HTTPStatus.BAD_REQUEST, message)
            except (MalformedError, EmulatorError) as error:
                return _problem(HTTPStatus.BAD_REQUEST, str(error))
            if request.method != "GET":
                self._after_each()
                self._book.wake()
            return Response(json.dumps(answer), media_type="application/json")

        return handle

    async def _formats(self, request: Request) -> Response:
        refusal = self._guard.refusal_for_page(request)
        if refusal is not None:
            return _problem(HTTPStatus.FORBIDDEN, refusal)
        return PlainTextResponse(formats_text())

    def _greeting(self, _request: Request, _body: Any) -> Any:
        now = self._emulation.clock.now()
        return {"name": "janitor emulator", "now": now.isoformat(), "waiting": self._book.waiting}

    def _reset(self, _request: Request, body: Any) -> Any:
        wanted = ResetRequest.model_validate(body)
        if wanted.traffic:
            self._traffic.reset()
        if wanted.faults:
            self._book.clear()
        if wanted.runs:
            self._emulation.store.clear()
        if wanted.settings:
            self._emulation.restore_settings()
        return {}

    def _settings(self) -> Any:
        return self._emulation.settings.model_dump(mode="json")

    def _change_settings(self, _request: Request, body: Any) -> Any:
        if not isinstance(body, dict):
            raise MalformedError("settings must be a JSON object")
        self._emulation.change_settings(body)
        return self._settings()

    def _run_paths(self, _request: Request, _body: Any) -> Any:
        projects = self._emulation.store.projects()
        return [run.path for project in projects for run in project.runs.values()]

    def _run(self, request: Request) -> Run:
        path = request.path_params["path"]
        run = self._emulation.store.run(path)
        if run is None:
            raise NotThereError(f"run {path} does not exist")
        return run

    def _view(self, run: Run) -> Any:
        return RunView.of(run, self._emulation.state_of(run)).as_json()

    def _change_run(self, request: Request, body: Any) -> Any:
        run = self._run(request)
        apply_change(self._emulation, run, RunChange.model_validate(body))
        return self._view(run)

    def _sweep(self, request: Request) -> Sweep:
        entity, _, rest = request.path_params["path"].partition("/")
        name, _, sweep_name = rest.partition("/")
        project = self._emulation.store.project(entity, name)
        sweep = project.sweeps.get(sweep_name) if project else None
        if sweep is None:
            raise NotThereError(f"sweep {request.path_params['path']} does not exist")
        return sweep

    def _change_sweep(self, request: Request, body: Any) -> Any:
        sweep = self._sweep(request)
        sweep.state = SweepChange.model_validate(body).state
        sweep.updated_at = self._emulation.clock.now()
        self._emulation.store.changed(sweep)
        return SweepView.of(sweep).as_json()

    def _faults(self) -> Any:
        return {"waiting": self._book.waiting, "rules": self._book.as_json()}

    def _add_faults(self, _request: Request, body: Any) -> Any:
        return {"ids": self._book.add(parse_rules(body))}

    def _clear_faults(self, _request: Request, _body: Any) -> Any:
        self._book.clear()
        return {}


def _problem(status: HTTPStatus, message: str) -> Response:
    return JSONResponse({"error": message}, status)
