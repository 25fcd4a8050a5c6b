"""The HTML report as people see it: 0, 1 and 5,000 changes, wide, at 360 px, in the dark."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from janitor.records.report import Report
from janitor.report.render_html import render, render_trend
from tests.browser.chromium import Browser
from tests.report.report_samples import everything, finish, make_change, make_draft, nothing
from tests.report.test_render import many, nasty
from tests.report.test_trend import WEEK, a_trend

REPORTS: dict[str, Callable[[], Report]] = {
    "0": nothing,
    "1": lambda: many(1),
    "5000": lambda: many(5_000, held=2_000),
    "everything": everything,
    "nasty": nasty,
}


class Look(NamedTuple):
    """What the page is looked at with."""

    width: int
    dark: bool = False


LOOKS = {"desktop": Look(1280), "360 px": Look(360), "dark": Look(1280, dark=True)}
every_look = pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
OPENS_WITHIN = 2_000
"""Milliseconds."""


@cache
def text_of(name: str) -> str:
    return render(REPORTS[name]())


@pytest.fixture
def page(tmp_path: Path) -> Callable[[str], Path]:
    def written(name: str) -> Path:
        path = tmp_path / "report.html"
        path.write_text(text_of(name), encoding="utf-8")
        return path

    return written


@every_look
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_opens_without_a_complaint_or_a_request_and_fits(
    browser: Browser, page: Callable[[str], Path], name: str, look: Look
) -> None:
    browser.show(page(name), width=look.width, dark=look.dark)
    assert browser.complaints() == []
    assert browser.ask("performance.getEntriesByType('resource').length") == 0
    assert browser.ask("document.documentElement.scrollWidth") <= look.width
    too_wide = (
        "[...document.querySelectorAll('svg')].filter(each => each.checkVisibility() &&"
        " each.getBoundingClientRect().right > innerWidth).length"
    )
    assert browser.ask(too_wide) == 0


def test_five_thousand_changes_open_at_once(browser: Browser, page: Callable[[str], Path]) -> None:
    path = page("5000")
    assert path.stat().st_size < 5_000_000
    took = []
    for _ in range(5):  # the machine may be busy with other tests
        browser.show(path)
        took.append(browser.ask("performance.getEntriesByType('navigation')[0].loadEventEnd"))
        if took[-1] < OPENS_WITHIN:
            return
    pytest.fail(f"it took {took} ms")


def test_dark_and_light_differ_and_both_can_be_read(
    browser: Browser, page: Callable[[str], Path]
) -> None:
    path = page("everything")
    seen = []
    for dark in (False, True):
        browser.show(path, dark=dark)
        ground, ink = (
            browser.ask(f"getComputedStyle(document.body).{name}.match(/\\d+/g).map(Number)")
            for name in ("backgroundColor", "color")
        )
        assert abs(sum(ground[:3]) - sum(ink[:3])) > 500
        seen.append(ground)
        drawn = browser.ask("getComputedStyle(document.querySelector('svg text')).fill")
        assert drawn.startswith("rgb")
    assert sum(seen[0]) > sum(seen[1])


def test_a_narrow_screen_gets_the_narrow_charts(
    browser: Browser, page: Callable[[str], Path]
) -> None:
    for width, expected in ((1280, "wide"), (360, "narrow")):
        browser.show(page("everything"), width=width)
        visible = "[...document.querySelectorAll('figure div')].filter(e => e.checkVisibility())"
        assert set(browser.ask(f"{visible}.map(each => each.className)")) == {expected}


def test_the_table_is_searched_word_by_word(browser: Browser, page: Callable[[str], Path]) -> None:
    browser.show(page("everything"))
    rows = "[...document.querySelectorAll('.rows tbody tr')].filter(e => !e.hidden).length"
    assert browser.ask(rows) == 5
    field = browser.driver.find_element("id", "search")
    field.send_keys("HTTP 500")
    assert browser.ask(rows) == 1
    assert browser.driver.find_element("id", "shown").text == "1 of 5"
    field.clear()
    field.send_keys("TIMEOUT r4")
    assert browser.ask(rows) == 1


def test_the_table_is_sorted_by_any_column_both_ways(browser: Browser, tmp_path: Path) -> None:
    draft = make_draft()
    for number, seconds in enumerate((90.0, 100_000.0, 3_600.0)):
        change = make_change(f"acme/rl/r{number}", name=f"run {10 - number}")
        evidence = change.evidence.model_copy(update={"age_seconds": seconds})
        draft.add_change(change.model_copy(update={"evidence": evidence}))
    path = tmp_path / "report.html"
    path.write_text(render(finish(draft, 3)), encoding="utf-8")
    browser.show(path)
    shown = "[...document.querySelectorAll('.rows td:first-child small')].map(e => e.textContent)"
    by_name, by_age = (
        browser.driver.find_element("css selector", f".rows th:nth-child({column}) button")
        for column in (1, 4)
    )
    by_age.click()
    assert browser.ask(shown) == ["acme/rl/r0", "acme/rl/r2", "acme/rl/r1"]
    by_age.click()
    assert browser.ask(shown) == ["acme/rl/r1", "acme/rl/r2", "acme/rl/r0"]
    by_name.click()
    assert browser.ask(shown) == ["acme/rl/r2", "acme/rl/r1", "acme/rl/r0"]


def test_evidence_unfolds(browser: Browser, page: Callable[[str], Path]) -> None:
    browser.show(page("everything"))
    evidence = browser.driver.find_element("css selector", ".rows pre")
    assert not evidence.is_displayed()
    browser.driver.find_element("css selector", ".rows summary").click()
    assert evidence.is_displayed()
    assert "heartbeatAt 2026-03-01 09:00:00" in evidence.text


def test_all_is_there_to_read_without_scripts(
    browser: Browser, page: Callable[[str], Path]
) -> None:
    path = page("everything")
    browser.allow_scripts(allowed=False)
    browser.show(path)
    assert len(browser.driver.find_elements("css selector", ".rows tbody tr")) == 5
    assert not browser.driver.find_element("id", "search").is_displayed()


@pytest.mark.parametrize(
    "attack",
    [
        "<script>document.title='owned'</script>",
        "<img src=x onerror=\"document.title='owned'\">",
        "</pre></details><svg onload=\"document.title='owned'\">",
        '\'"><a href="javascript:document.title=\'owned\'" onfocus="x">',
        "{{ 7 * 7 }}",
    ],
)
def test_names_and_errors_of_runs_do_nothing(browser: Browser, tmp_path: Path, attack: str) -> None:
    draft = make_draft()
    draft.add_change(
        make_change(
            name=attack,
            reason=attack,
            error=attack,
            rule=attack,
            to=attack,
            target=attack,
            before={attack: attack},
            after={attack: attack},
        )
    )
    path = tmp_path / "report.html"
    path.write_text(render(finish(draft, 1)), encoding="utf-8")
    browser.show(path)
    assert browser.complaints() == []
    assert browser.driver.title.startswith("Janitor report")
    assert browser.driver.find_element("css selector", ".rows a").text == attack
    assert browser.ask("document.querySelectorAll('script, img, svg svg').length") == 1


@every_look
def test_the_trend_opens_without_a_complaint_and_fits(
    browser: Browser, tmp_path: Path, look: Look
) -> None:
    path = tmp_path / "trend.html"
    path.write_text(render_trend(a_trend(*WEEK)), encoding="utf-8")
    browser.show(path, width=look.width, dark=look.dark)
    assert browser.complaints() == []
    assert browser.ask("document.documentElement.scrollWidth") <= look.width
