"""Minimal HTML pages at the addresses of W&B's web app, so that links to runs lead somewhere.

    /                                       the projects
    /ENTITY/PROJECT                         a project: its sweeps and runs
    /ENTITY/PROJECT/runs/RUN                a run
    /ENTITY/PROJECT/sweeps/SWEEP            a sweep
    /ENTITY/PROJECT/groups/GROUP            the runs of a group

Names come from clients and are escaped; the pages run no scripts.
"""

from __future__ import annotations

import json
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from janitor.emulator.clock import format_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from starlette.requests import Request

    from janitor.emulator.emulation import Emulation
    from janitor.emulator.guard import Guard
    from janitor.emulator.records import Project, Run, Sweep

_MOST_ROWS = 1_000
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = """
body { font-family: system-ui, sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; } td, th { padding: .2em .8em .2em 0; text-align: left; }
pre { background: #f4f4f4; padding: .8em; overflow: auto; }
"""


class Pages:
    """The pages of an emulated server."""

    def __init__(self, emulation: Emulation, guard: Guard) -> None:
        self._emulation = emulation
        self._guard = guard

    def routes(self) -> list[Route]:
        """The addresses of the pages, but ``/``: see ``front``."""
        project = "/{entity}/{project}"
        table: dict[str, Callable[[Request, Project], str | None]] = {
            project: lambda _request, found: self._project_page(found),
            f"{project}/workspace": lambda _request, found: self._project_page(found),
            f"{project}/runs": lambda _request, found: self._project_page(found),
            f"{project}/sweeps": lambda _request, found: self._project_page(found),
            f"{project}/runs/{{name}}": self._run_page,
            f"{project}/runs/{{name}}/{{tab:path}}": self._run_page,
            f"{project}/sweeps/{{name}}": self._sweep_page,
            f"{project}/groups/{{name}}": self._group_page,
            f"{project}/groups/{{name}}/{{tab:path}}": self._group_page,
        }
        return [Route(path, self._handler(make), methods=["GET"]) for path, make in table.items()]

    def front(self, request: Request) -> Response:
        """The projects for a browser, and a line of text for any other client."""
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("a W&B-compatible server\n")
        refusal = self._guard.refusal_for_page(request)
        if refusal is not None:
            return _page("refused", escape(refusal), HTTPStatus.FORBIDDEN)
        links = [
            _link(f"{project.entity}/{project.name}", project.entity, project.name)
            for project in self._emulation.store.projects()
        ]
        items = "".join(f"<li>{link}</li>" for link in links) or "<li>no projects yet</li>"
        formats = '<p><a href="/emulator/formats">Formats of seeds and faults</a></p>'
        return _page("janitor emulator", f"<ul>{items}</ul>{formats}")

    def _handler(
        self, make: Callable[[Request, Project], str | None]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            refusal = self._guard.refusal_for_page(request)
            if refusal is not None:
                return _page("refused", escape(refusal), HTTPStatus.FORBIDDEN)
            entity, name = request.path_params["entity"], request.path_params["project"]
            project = self._emulation.store.project(entity, name)
            content = make(request, project) if project else None
            if content is None:
                return _page("not found", "This page does not exist.", HTTPStatus.NOT_FOUND)
            title = "/".join(request.url.path.strip("/").split("/")[:4])
            return _page(title, content)

        return handle

    def _project_page(self, project: Project) -> str:
        sweeps = "".join(
            f"<tr><td>{_link(sweep.name, project.entity, project.name, 'sweeps', sweep.name)}</td>"
            f"<td>{escape(sweep.state)}</td><td>{len(sweep.runs)} runs</td></tr>"
            for sweep in project.sweeps.values()
        )
        return f"<h2>Sweeps</h2><table>{sweeps}</table>{self._run_table(project.runs.values())}"

    def _run_page(self, request: Request, project: Project) -> str | None:
        run = project.runs.get(request.path_params["name"])
        if run is None:
            return None
        sweep = run.sweep.name if run.sweep else None
        rows = {
            "name": escape(run.display_name or run.name),
            "state": escape(self._emulation.state_of(run)),
            "sweep": _link(sweep, project.entity, project.name, "sweeps", sweep) if sweep else "",
            "group": escape(run.group or ""),
            "tags": escape(", ".join(run.tags)),
            "created": format_time(run.created_at),
            "heartbeat": format_time(run.heartbeat_at) if run.heartbeat_at else "",
            "exit code": "" if run.exit_code is None else str(run.exit_code),
            "history lines": str(run.history_line_count),
            "files": escape(", ".join(run.files)),
        }
        return (
            f"{_definitions(rows)}<h2>Summary</h2><pre>{escape(_pretty(run.summary_text))}</pre>"
            f"<h2>Config</h2><pre>{escape(_pretty(run.config_text))}</pre>"
        )

    def _sweep_page(self, request: Request, project: Project) -> str | None:
        sweep = project.sweeps.get(request.path_params["name"])
        return None if sweep is None else self._sweep(sweep)

    def _sweep(self, sweep: Sweep) -> str:
        rows = {
            "name": escape(sweep.display_name or sweep.name),
            "state": escape(sweep.state),
            "agents": str(len(sweep.agents)),
        }
        config = f"<h2>Config</h2><pre>{escape(sweep.config_text)}</pre>"
        return f"{_definitions(rows)}{self._run_table(sweep.runs.values())}{config}"

    def _group_page(self, request: Request, project: Project) -> str | None:
        group = request.path_params["name"]
        runs = [run for run in project.runs.values() if run.group == group]
        return self._run_table(runs) if runs else None

    def _run_table(self, runs: Iterable[Run]) -> str:
        listed = list(runs)
        rows = "".join(self._run_row(run) for run in listed[:_MOST_ROWS])
        more = len(listed) - _MOST_ROWS
        note = f"<p>and {more:,} more</p>" if more > 0 else ""
        head = "<tr><th>run</th><th>name</th><th>state</th><th>heartbeat</th></tr>"
        return f"<h2>Runs</h2><table>{head}{rows}</table>{note}"

    def _run_row(self, run: Run) -> str:
        project = run.project
        link = _link(run.name, project.entity, project.name, "runs", run.name)
        heartbeat = format_time(run.heartbeat_at) if run.heartbeat_at else ""
        cells = [escape(run.display_name or ""), escape(self._emulation.state_of(run)), heartbeat]
        return f"<tr><td>{link}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _page(title: str, content: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    text = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{content}</html>"
    )
    return HTMLResponse(text, status, _HEADERS)


def _link(text: str, *parts: str) -> str:
    address = "/" + "/".join(quote(part, safe="") for part in parts)
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def _definitions(rows: Mapping[str, str]) -> str:
    """A table of names and values; the values are HTML already."""
    cells = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows.items())
    return f"<table>{cells}</table>"


def _pretty(text: str | None) -> str:
    try:
        return json.dumps(json.loads(text or "{}"), indent=2)
    except (ValueError, RecursionError):
        return text or ""
