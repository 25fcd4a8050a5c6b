"""The report as one HTML file: no requests, only its own script, light and dark mode.

:mod:`janitor.report.html_page` collects the content, :mod:`janitor.report.charts` draws the charts,
and the template makes the layout. The template escapes all values. A content security policy in the
page forbids all requests, and all scripts except the one with the given hash.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any, Final

from janitor.records.report import Report
from janitor.report.charts import charts
from janitor.report.html_page import page_of
from janitor.report.trend import Trend, headline, tables
from janitor.report.trend_charts import trend_charts
from janitor.runtime.extras import temporary_home

_TEMPLATES: Final = files("janitor.report") / "templates"


def render(report: Report) -> str:
    """The report's HTML text. Needs the extra ``html``."""
    with temporary_home():
        drawn = charts(report)
    return render_page("report.html.jinja", page_of(report, drawn))


def render_trend(trend: Trend) -> str:
    """The HTML text of a trend. Needs the extra ``html``."""
    with temporary_home():
        drawn = trend_charts(trend)
    page = {"headline": headline(trend), "charts": drawn, "tables": tables(trend)}
    return render_page("trend.html.jinja", page)


def render_page(template: str, page: Any) -> str:
    """A page made from a template of the janitor, with its style and script."""
    from markupsafe import Markup

    script = _read("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text: str = (
        _environment()
        .get_template(template)
        .render(
            page=page,
            style=Markup(_read("report.css")),  # noqa: S704 - a file of the package
            script=Markup(script),  # noqa: S704 - a file of the package
            script_hash=f"sha256-{digest}",
        )
    )
    return text.rstrip() + "\n"


@cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        autoescape=True,
        loader=jinja2.FunctionLoader(_read),
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


@cache
def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
