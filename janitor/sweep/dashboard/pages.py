"""Renders the dashboard's pages and fragments. The templates escape all values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from janitor.report.charts import Chart
from janitor.sweep.dashboard import view
from janitor.sweep.dashboard.view import Snapshot

_LOG = 20_000
"""Bytes at the end of an output that are shown."""
_MOST_EXPORTED = 10_000


@cache
def style() -> str:
    """The style of the reports, and what the dashboard adds."""
    shared = (files("janitor.report") / "templates" / "report.css").read_text(encoding="utf-8")
    own = files("janitor.sweep.dashboard") / "static" / "dashboard.css"
    return shared + own.read_text(encoding="utf-8")


@cache
def _environment() -> Any:
    import jinja2  # noqa: PLC0415 - of an extra

    made = jinja2.Environment(
        autoescape=True,
        loader=jinja2.PackageLoader("janitor.sweep.dashboard", "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters.update(
        number=_number,
        duration=view.duration,
        moment=view.moment,
        params=view.params_of,
        address=lambda text: quote(text, safe=""),
    )
    return made


def _render(template: str, **values: Any) -> str:
    text: str = _environment().get_template(template).render(**values)
    return text


def index(shots: Sequence[Snapshot]) -> str:
    """The list of sweeps."""
    return _render("index.html.jinja", shots=shots)


def sweep(shot: Snapshot) -> str:
    """The page of a sweep, whose parts the script loads."""
    return _render("sweep.html.jinja", shot=shot, parameters=shot.data.parameters())


def summary(shot: Snapshot) -> str:
    """State, counts, commands, rungs, lineage and feed."""
    return _render("summary.html.jinja", shot=shot, **_summary(shot))


def _summary(shot: Snapshot) -> dict[str, Any]:
    return {
        "counts": view.counts(shot.data),
        "eta": view.eta_words(shot.eta),
        "commands": view.commands(shot),
        "feed": view.feed(shot.entries),
        **view.tables(shot.data),
    }


def trials(shot: Snapshot, words: str, sort: str, page: int, *, down: bool) -> str:
    """One page of the table."""
    rows = view.chosen(shot.data, words, sort, down=down)
    last = max(1, math.ceil(len(rows) / view.PAGE))
    page = min(max(1, page), last)
    shown = rows[(page - 1) * view.PAGE : page * view.PAGE]
    return _render(
        "trials.html.jinja", shot=shot, rows=shown, found=len(rows), page=page, last=last, link=True
    )


def charts(drawn: Sequence[Chart]) -> str:
    """The charts."""
    return _render("charts.html.jinja", charts=drawn)


def trial(shot: Snapshot, run: str) -> str:
    """The page of a trial."""
    row = next(each for each in shot.data.trials if each.run == run)
    jobs = [job for job in shot.data.jobs if job.run == run]
    launch = shot.ledger.trials[run].newest.launch
    handle = shot.store.handle(run, launch.attempt, launch.kind)
    reports = list(shot.store.reports(handle))
    return _render(
        "trial.html.jinja",
        shot=shot,
        row=row,
        jobs=jobs,
        feed=view.feed(shot.entries, run),
        commands=view.commands(shot, run),
        reports=reports[-200:],
        log=_tail(handle.folder),
    )


def export(shot: Snapshot, drawn: Sequence[Chart]) -> str:
    """The page of a sweep as one file, without a server."""
    rows = view.chosen(shot.data, "", "value", down=shot.data.sign > 0)
    return _render(
        "export.html.jinja",
        shot=shot,
        style=style(),
        charts=drawn,
        rows=rows[:_MOST_EXPORTED],
        found=len(rows),
        page=1,
        last=1,
        link=False,
        **_summary(shot),
    )


def figures(shot: Snapshot) -> dict[str, Any]:
    """The figures of a sweep as JSON."""
    best = shot.best
    return {
        "sweep": shot.data.name,
        "state": shot.state,
        "ledger": shot.ledger.number,
        "counts": dict(view.counts(shot.data)),
        "best": None if best is None else {"run": best.run, "objective": best.value},
        "eta_seconds": shot.eta.seconds,
        "eta_spread_seconds": shot.eta.spread,
    }


def _tail(folder: str) -> str:
    """The end of a job's output, if its folder is on this machine."""
    try:
        with open(f"{folder}/log", "rb") as file:  # noqa: PTH123 - the folder may not exist here
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _LOG))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
