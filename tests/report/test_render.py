"""What holds for every renderer."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from rich.console import Console

from janitor.records.report import (
    Report,
    ReportedError,
    ReportedTarget,
    ReportedWarning,
)
from janitor.report import RENDERERS, render_terminal
from tests.report.report_samples import (
    everything,
    finish,
    make_change,
    make_draft,
    make_hold,
    nothing,
)
from tests.support.counting import calls_of

Render = Callable[[Report], str]


def on_a_terminal(report: Report) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    return render_terminal.render(report, console)


EVERY_RENDERER: dict[str, Render] = {
    **RENDERERS,
    "plain lines": render_terminal.render,
    "terminal": on_a_terminal,
}
every_renderer = pytest.mark.parametrize("render", EVERY_RENDERER.values(), ids=EVERY_RENDERER)

NASTY = (
    "=cmd|' /C calc'!A0\x1b]0;owned\x07\x1b[2J\x9b31m"
    " [red]x[/red] <script>alert(1)</script> `|` [a](http://evil.example) ![i](http://evil.example)"
    "\r\n\n# heading\u2028\u202e\ud800 \N{SNOWMAN}"
)


def nasty() -> Report:
    """A report with a nasty text wherever another's text can stand."""
    draft = make_draft(journal=f"/state/{NASTY}", namespace=NASTY)
    draft.add_target(
        ReportedTarget(target=NASTY, runs_expected=2, runs_seen=1, complete=False, missing=1)
    )
    texts = dict.fromkeys(("sweep", "name", "to", "rule", "reason", "error", "target"), NASTY)
    draft.add_change(
        make_change(
            NASTY, **texts, from_=NASTY, url=NASTY, before={NASTY: NASTY}, wandb_state=NASTY
        )
    )
    draft.add_change(
        make_change("acme/rl/r2", url="https://wandb.ai/x>)`|[y](http://evil.example)")
    )
    texts = dict.fromkeys(("rule", "reason", "target", "sweep", "name", "state", "url"), NASTY)
    draft.add_held(make_hold(NASTY + "2", **texts))
    draft.add_error(NASTY, target=NASTY)
    draft.add_warning(NASTY, run=NASTY)
    return finish(draft, 3)


def many(changes: int, held: int = 0) -> Report:
    draft = make_draft()
    for number in range(changes):
        draft.add_change(make_change(f"acme/rl/r{number:06}", name=f"trial {number}"))
    for number in range(held):
        reason = f"alive {number % 50 + 2} seconds ago, W&B says running"
        draft.add_held(make_hold(f"acme/rl/h{number:06}", reason=reason))
    return finish(draft, changes + held)


@every_renderer
def test_every_changed_and_held_run_is_named_with_its_reason(render: Render) -> None:
    report = everything()
    text = render(report)
    for run in ("r1", "r2", "r3", "r4", "r5", "h1", "h2"):
        assert run in text
    assert "silent for 3 hours" in text
    assert "unknown state 7" in text
    assert "HTTP 500" in text


@every_renderer
def test_a_pass_that_changed_nothing_has_a_report_too(render: Render) -> None:
    text = render(nothing())
    assert text.endswith("\n")
    assert "acme/rl/r" not in text


@every_renderer
def test_the_same_report_gives_the_same_text(render: Render) -> None:
    if render is not on_a_terminal:  # rich numbers its links
        assert render(everything()) == render(everything())


@every_renderer
def test_nothing_from_a_run_acts_on_the_terminal_that_shows_it(render: Render) -> None:
    text = render(nasty())
    for control in ("\x07", "\x1b]0;", "\x1b[2J", "\x9b", "\r", "\u2028", "\u202e", "\ud800"):
        assert control not in text
    if render is not on_a_terminal:
        assert "\x1b" not in text
    text.encode("utf-8")


@every_renderer
def test_the_work_grows_no_faster_than_the_report(render: Render) -> None:
    render(many(10, held=10))  # the first drawing starts engines
    small, large = many(200, held=200), many(800, held=800)
    few, more = calls_of(lambda: render(small)), calls_of(lambda: render(large))
    assert more < 5 * few


@every_renderer
def test_five_thousand_changes_take_little_space(render: Render) -> None:
    assert len(render(many(5_000, held=5_000)).encode()) < 8_000_000


@every_renderer
def test_endless_texts_are_harmless(render: Render) -> None:
    def report_with(text: str) -> Report:
        return everything().model_copy(
            update={
                "changes": (make_change(reason=text, error=text, name=text),),
                "held": (make_hold(reason=text),),
                "errors": (ReportedError(target=None, message=text),),
                "warnings": (ReportedWarning(message=text),),
            }
        )

    render(report_with("x"))  # the first drawing starts engines
    short, long = report_with("x" * 2_000), report_with("x" * 2_000_000)
    assert calls_of(lambda: render(long)) < 2 * calls_of(lambda: render(short))


# ---- CSV -----------------------------------------------------------------------------------


def rows_of(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(RENDERERS[".csv"](report))))


def test_csv_has_a_row_for_each_run_that_is_mentioned() -> None:
    rows = rows_of(everything())
    assert [row["outcome"] for row in rows] == [
        *("written", "written", "failed", "superseded", "planned"),
        *("held", "held"),
    ]
    assert rows[0] == {
        "run": "acme/rl/r1",
        "sweep": "s1",
        "name": "run 1",
        "target": "acme/rl/s1",
        "outcome": "written",
        "from": "running",
        "to": "timeout",
        "rule": "heartbeat-expired",
        "reason": "silent for 3 hours while W&B says running",
        "error": "",
        "wandb_state": "running",
        "created_at": "2026-03-01T07:00:00Z",
        "last_alive": "2026-03-01T09:00:00Z",
        "age_seconds": "10800.0",
        "objective": "",
        "form": "flat",
        "before": '{"protein.state": "running"}',
        "after": '{"protein.state": "timeout", "protein.error": "no heartbeat"}',
        "url": "https://wandb.ai/acme/rl/r1",
    }


def test_csv_without_changes_is_a_header() -> None:
    assert RENDERERS[".csv"](nothing()).count("\n") == 1


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=cmd()", "'=cmd()"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =cmd()", "'  =cmd()"),
        ("\t=cmd()", "'\\t=cmd()"),
        ("\r=cmd()", "'\\r=cmd()"),
        ("\n=cmd()", "'\\n=cmd()"),
        ("＝cmd()", "'＝cmd()"),  # noqa: RUF001 - full width on purpose
        ("-5", "-5"),
        ("+1.5e-3", "+1.5e-3"),
        ("-5e", "'-5e"),
        ("a;=cmd()", "a;'=cmd()"),
        ('a,"=cmd()"', 'a,"=cmd()"'),
        ("lr=0.1", "lr=0.1"),
        ("", ""),
        ("NA", "NA"),
    ],
)
def test_csv_neutralises_formulas_and_nothing_else(name: str, cell: str) -> None:
    draft = make_draft()
    draft.add_change(make_change(name=name))
    assert rows_of(finish(draft, 1))[0]["name"] == cell


def test_csv_has_one_line_a_run_whatever_its_name() -> None:
    text = RENDERERS[".csv"](nasty())
    assert len(text.splitlines()) == 1 + 3


def test_a_semicolon_in_a_value_begins_no_formula_where_it_separates_cells() -> None:
    draft = make_draft()
    draft.add_change(make_change(before={"protein.error": "a;=cmd()"}))
    assert rows_of(finish(draft, 1))[0]["before"] == '{"protein.error": "a\\u003b=cmd()"}'


# ---- terminal ------------------------------------------------------------------------------


def test_plain_lines_say_a_change_a_line() -> None:
    lines = render_terminal.render(everything()).splitlines()
    assert lines[0].startswith("2 of 8 runs were repaired: ")
    assert (
        "failed: acme/rl/r3 (run 3): running -> timeout, heartbeat-expired:"
        " silent for 3 hours while W&B says running; HTTP 500" in lines
    )
    assert "undo: janitor undo /state/pass.jsonl" in lines


def test_a_console_that_is_not_a_terminal_gets_plain_lines() -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    assert render_terminal.render(everything(), console) == render_terminal.render(everything())


def test_a_console_without_colour_gets_none() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, no_color=True, width=100)
    text = render_terminal.render(everything(), console)
    assert "\x1b[31m" not in text
    assert "\x1b[32m" not in text
    assert "\x1b[31m" in on_a_terminal(everything())


def test_rendering_for_a_terminal_prints_nothing() -> None:
    file = io.StringIO()
    render_terminal.render(everything(), Console(file=file, force_terminal=True))
    assert file.getvalue() == ""


def test_a_terminal_shows_the_first_of_many_and_says_so() -> None:
    text = on_a_terminal(many(150))
    assert "r000099" in text
    assert "r000100" not in text
    assert "50 more: see --report" in text
    assert "r000149" in render_terminal.render(many(150))
