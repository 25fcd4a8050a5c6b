"""The charts of a trend."""

from __future__ import annotations

from typing import Final

from janitor.report import chart_data
from janitor.report.charts import ROWS, Chart, drawn_chart, whole_numbers
from janitor.report.trend import Trend

_MOST_SERIES: Final = 8
"""The maximum number of rules or sweeps with a separate colour."""


def trend_charts(trend: Trend) -> list[Chart]:
    """Stuck runs by rule and by sweep, and false positives, one bar per pass."""
    drawn = (
        _over_time(
            "By rule", "Runs found stuck in each pass (times in UTC), by rule.", trend, "by_rule"
        ),
        _over_time("By sweep", "Runs found stuck in each pass, by sweep.", trend, "by_sweep"),
        _over_time(
            "False positives",
            "Runs that an earlier pass marked as ended but are alive, by its rule.",
            trend,
            "returned_by_rule",
        ),
    )
    return [chart for chart in drawn if chart is not None]


def _over_time(title: str, caption: str, trend: Trend, name: str) -> Chart | None:
    rows = chart_data.over_time(trend, name, _MOST_SERIES)
    if not rows:
        return None
    import altair as alt

    order = list(dict.fromkeys(row["pass"] for row in sorted(rows, key=lambda row: row["at"])))
    names = list(dict.fromkeys(row["name"] for row in sorted(rows, key=lambda row: row["rank"])))
    scale = alt.Scale(domain=names, range=[f"var(--series-{each})" for each in range(len(names))])
    drawn = (
        alt.Chart(alt.NamedData(name=ROWS))
        .mark_bar()
        .encode(
            x=alt.X("pass:N", sort=order, axis=alt.Axis(title=None, labelOverlap=True)),
            y=alt.Y("runs:Q", title="runs", axis=whole_numbers()),
            color=alt.Color("name:N", scale=scale, title=None, legend=alt.Legend(columns=2)),
        )
    )
    return drawn_chart(title, caption, drawn, rows, 300)
