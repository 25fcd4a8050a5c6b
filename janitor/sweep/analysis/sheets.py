"""An analysis or a comparison as a page: sentences and tables. Needs the extra ``html`` to draw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

from janitor.model.wording import counted, format_duration
from janitor.report.charts import Chart
from janitor.report.sheet import Sheet, SheetTable
from janitor.sweep.analysis import plots
from janitor.sweep.analysis.analysis import Analysis
from janitor.sweep.analysis.best import Best
from janitor.sweep.analysis.comparison import LEVEL, Comparison, Found
from janitor.sweep.analysis.data import SweepData
from janitor.sweep.analysis.effects import label_of

_LEVEL = 0.05


def sheet_of(analysis: Analysis, charts: Sequence[Chart] = ()) -> Sheet:
    """The page of an analysis."""
    tables = (_best(analysis), _effects(analysis), _interactions(analysis), _failing(analysis))
    return Sheet(
        "Sweep analysis",
        _headline(analysis),
        tuple(sentences(analysis)),
        tuple(table for table in (*tables, _cost(analysis)) if table.rows),
        tuple(charts),
    )


def charts_of(data: SweepData, analysis: Analysis) -> list[Chart]:
    """The charts of an analysis. Needs the extra ``html``."""
    names = list(analysis.importance) or data.parameters()
    drawn: list[Chart | None] = [
        plots.history(data),
        plots.importance_chart(analysis.importance),
        plots.parallel(data),
    ]
    if len(names) > 1:
        drawn += [plots.heatmap(data, *names[:2]), plots.contour(data, *names[:2])]
    drawn += [plots.slice_chart(data, name) for name in names[:4]]
    return [chart for chart in drawn if chart is not None]


def _headline(analysis: Analysis) -> str:
    best = analysis.best.configurations
    total = sum(analysis.counts.values())
    if not best:
        return f"{analysis.sweep}: no trial of {total:,} has a result"
    return f"{analysis.sweep}: the best {analysis.metric} of {total:,} trials is {_g(best[0].mean)}"


def sentences(analysis: Analysis) -> Iterator[str]:
    """What the figures say, in words."""
    counts = ", ".join(f"{count:,} {name}" for name, count in sorted(analysis.counts.items()))
    yield f"Trials: {counts}. {analysis.metric} is to be {analysis.goal}d."
    if analysis.best.configurations:
        yield _certainty(analysis.best)
    yield from _convergence(analysis)
    yield from _stopping(analysis)
    if analysis.is_adaptive and analysis.effects:
        yield (
            "The optimizer learns, so its trials are not independent: p values of parameters are a"
            " guide only."
        )


def _certainty(best: Best) -> str:
    first = best.configurations[0]
    if best.certainty is None or best.noise is None:
        return (
            "How certain the best one is cannot be said: every configuration ran once, and there"
            " are too few to estimate the noise. `repeats:` in the sweep file runs each several"
            " times."
        )
    share = f"{100 * best.certainty:.0f} %"
    others = f"{counted(best.as_good, 'other configuration')} cannot be told from it"
    if best.noise_from == "repeats":
        return (
            f"The best configuration ({counted(first.repeats, 'repeat')}) stays the best in"
            f" {share} of resamples; {others} (test of Tukey and Kramer)."
        )
    return (
        f"The best trial, {first.runs[0]}, stays the best in {share} of resamples; {others}. The"
        f" noise, {_g(best.noise)}, is estimated from neighbouring configurations, which is an"
        " upper bound."
    )


def _convergence(analysis: Analysis) -> Iterator[str]:
    found = analysis.convergence
    if found.gain is not None:
        yield (
            f"{found.more} more trials would gain about {_g(found.gain)} (80 % interval"
            f" {_g(found.low)} to {_g(found.high)}); the last {found.more} gained"
            f" {_g(found.last_gain)}."
        )


def _stopping(analysis: Analysis) -> Iterator[str]:
    found = analysis.stopping
    if found is None:
        return
    hours = f" ({found.gpu_hours_saved:.2f} GPU-hours)" if found.gpu_hours_saved else ""
    yield (
        f"Early stopping ended {counted(found.stopped, 'trial')} and saved about"
        f" {_time(found.seconds_saved)} of training{hours}."
    )
    if found.would_have_won is not None:
        yield (
            f"One of them would have been the best with a probability of"
            f" {100 * found.would_have_won:.1f} %; the expected loss is {_g(found.regret)}."
        )


def _best(analysis: Analysis) -> SheetTable:
    rows = [
        (
            ", ".join(one.runs[:3]) + (" …" if one.repeats > 3 else ""),
            ", ".join(f"{name}={label_of(value)}" for name, value in one.params.items()),
            _g(one.mean),
            "" if one.low is None else f"{_g(one.low)} to {_g(one.high)}",
            str(one.repeats),
            _p(one.p),
        )
        for one in analysis.best.configurations
    ]
    header = ("Runs", "Parameters", analysis.metric, "95 % interval", "Repeats", "As good: p")
    return SheetTable("Best configurations", header, rows, words=2)


def _effects(analysis: Analysis) -> SheetTable:
    rows = [
        (
            one.parameter,
            one.best,
            f"{100 * analysis.importance.get(one.parameter, 0):.1f} %"
            if analysis.importance
            else "",
            "" if one.correlation is None else f"{one.correlation:+.2f}",
            f"{100 * one.explained:.1f} %",
            _p(one.p),
        )
        for one in analysis.effects
    ]
    header = ("Parameter", "Best at", "Importance", "Correlation", "Explains", "p")
    return SheetTable(
        "Parameters",
        header,
        rows,
        words=2,
        note="Importance: PED-ANOVA. Correlation: Spearman's. Explains: of the variance of ranks.",
    )


def _interactions(analysis: Analysis) -> SheetTable:
    rows = [
        (f"{one.first}, {one.second}", f"{100 * one.explained:.1f} %", _p(one.p))
        for one in analysis.interactions[:20]
        if one.p < _LEVEL
    ]
    return SheetTable("Interactions", ("Parameters", "Explains in addition", "p"), rows)


def _failing(analysis: Analysis) -> SheetTable:
    rows = [
        (
            " and ".join(one.words),
            f"{one.failed:,} of {one.trials:,}",
            _p(one.p),
        )
        for one in analysis.failing[:20]
    ]
    return SheetTable("Where trials fail", ("Region", "Failed", "p"), rows)


def _cost(analysis: Analysis) -> SheetTable:
    rows = [(one.what, _time(one.seconds), f"{100 * one.share:.1f} %") for one in analysis.cost]
    return SheetTable("Where the time went", ("What", "Time", "Share"), rows)


def sheet_of_comparisons(found: Sequence[Comparison]) -> Sheet:
    """The page of comparisons with one first sweep."""
    tables = [_budgets(found), _tests(found), *(_shifts(one) for one in found)]
    return Sheet(
        "Sweep comparison",
        found[0].verdict,
        tuple(one.verdict for one in found[1:]),
        tuple(table for table in tables if table.rows),
    )


def _budgets(found: Sequence[Comparison]) -> SheetTable:
    rows = [_found_row(found[0].first), *(_found_row(one.second) for one in found)]
    figures = ("Configurations", "Budget", "Best", "95 % interval", "Mean best so far", "Median")
    return SheetTable("At equal budget", ("Sweep", *figures), rows)


def _tests(found: Sequence[Comparison]) -> SheetTable:
    rows = [
        (
            f"{one.first.sweep}, {one.second.sweep}",
            one.test,
            str(one.pairs),
            _p(one.p),
            "" if one.effect is None else f"{one.effect:+.2f}",
            "" if one.loss_percent is None else f"{-one.loss_percent:+.2f} %",
        )
        for one in found
    ]
    note = (
        "Effect: rank-biserial, positive if the second is better. A difference counts with p below"
        f" {LEVEL}."
    )
    header = ("Sweeps", "Test", "Same configurations", "p", "Effect", "Second is better by")
    return SheetTable("Tests", header, rows, words=2, note=note)


def _shifts(one: Comparison) -> SheetTable:
    rows = [(each.parameter, each.first, each.second, _p(each.p)) for each in one.shifts]
    title = f"Where the best quarter is: {one.first.sweep} and {one.second.sweep}"
    return SheetTable(title, ("Parameter", one.first.sweep, one.second.sweep, "p"), rows)


def _found_row(one: Found) -> tuple[str, ...]:
    interval = "" if one.low is None else f"{_g(one.low)} to {_g(one.high)}"
    numbers = (str(one.complete), str(one.budget), _g(one.best), interval, _g(one.area))
    return (one.sweep, *numbers, _g(one.median))


def _g(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.5g}"


def _p(value: float | None) -> str:
    return "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _time(seconds: float) -> str:
    return format_duration(timedelta(seconds=round(seconds)))
