"""The page as text; how it looks and works in a browser: tests/browser/."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from janitor.model import Outcome
from janitor.records.changes import ReportedEvidence, Sign
from janitor.records.report import Report
from janitor.report.render_html import render
from tests.report.report_samples import (
    everything,
    finish,
    make_change,
    make_draft,
    make_hold,
    nothing,
)
from tests.report.test_render import many, nasty


class Page(HTMLParser):
    """What a browser would make of the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_top_answers_what_changed_why_and_the_way_back() -> None:
    top = render(everything()).partition("<main>")[0]
    shown = Page(top).text
    assert "2 of 8 runs were repaired" in shown
    assert "Interrupted by SIGTERM" in shown
    assert "silent for a while while W&B says running" in shown
    assert "janitor undo /state/pass.jsonl" in shown


def test_every_chart_is_drawn_wide_and_narrow() -> None:
    page = Page(render(everything()))
    assert len(page.named("figure")) == 4
    assert len(page.named("svg")) == 8
    for title in ("States", "Heartbeat ages", "Sweeps", "Repaired runs"):
        assert title in page.texts


def test_the_threshold_is_drawn_into_the_histogram_of_ages() -> None:
    text = Page(render(everything())).text
    assert "timeout after 30 minutes" in text
    assert "evaluating: 1 hour" in text
    unknown = everything().model_copy(update={"thresholds": None})
    assert "timeout after" not in Page(render(unknown)).text


def test_a_report_without_runs_has_no_charts_and_no_tables_of_runs() -> None:
    page = Page(render(finish(make_draft(), 0)))
    assert page.named("svg") == []
    assert "Changes" not in page.texts
    assert "No run was found." in page.text


def test_each_change_links_to_its_page_and_unfolds_its_evidence() -> None:
    text = render(everything())
    page = Page(text)
    assert {"href": "https://wandb.ai/acme/rl/r1"} in page.named("a")
    assert "heartbeatAt 2026-03-01 09:00:00" in text
    assert "protein.state: running → timeout" in text
    assert "protein.error: no heartbeat" in text
    assert "objective Infinity" in text or "objective {&#34;$number&#34;" in text


def test_evidence_that_does_not_count_says_so() -> None:
    draft = make_draft()
    signs = (
        Sign(source="protein.heartbeat", raw="soon"),
        Sign(source="_timestamp", at=draft.started_at, future=True),
    )
    draft.add_change(make_change(evidence=ReportedEvidence(signs=signs)))
    text = render(finish(draft, 1))
    assert "protein.heartbeat unreadable: soon" in text
    assert "(in the future, not counted)" in text


def test_our_marks_are_not_said_again_in_the_evidence() -> None:
    draft = make_draft()
    after = {"protein.state": "timeout", "protein.janitor.rule": "x", "/protein/janitor/at": "y"}
    draft.add_change(make_change(after=after))
    assert "janitor.rule" not in render(finish(draft, 1))


def test_a_plan_says_what_would_be_written() -> None:
    draft = make_draft(dry_run=True)
    draft.add_change(make_change(outcome=Outcome.PLANNED))
    text = render(finish(draft, 1))
    assert "Would write:" in text
    assert "after what is planned" in text
    assert "Repaired runs" not in text


def test_held_runs_stand_by_their_reasons() -> None:
    draft = make_draft()
    for number in range(150):
        draft.add_held(make_hold(f"acme/rl/h{number}", reason=f"alive {number + 2} seconds ago"))
    draft.add_held(make_hold("acme/rl/other", reason="unknown state 7"))
    shown = Page(render(finish(draft, 151))).text
    assert "150 alive a while ago" in shown
    assert "and 50 more" in shown
    assert "1 unknown state 7" in shown


def test_false_positives_are_counted_by_rule_or_said_to_be_none() -> None:
    shown = Page(render(everything())).text
    assert "are alive. Runs Rule 1 heartbeat-expired" in shown
    assert "No run that an earlier pass marked as ended is alive" in Page(render(nothing())).text


def test_nothing_from_a_run_becomes_markup() -> None:
    expected = {tag for tag, _ in Page(render(everything())).tags}
    page = Page(render(nasty()))
    assert {tag for tag, _ in page.tags} <= expected
    assert len(page.named("script")) == 1
    attributes = {name for _, found in page.tags for name in found}
    assert not [name for name in attributes if name.startswith("on")]
    links = [str(link["href"]) for link in page.named("a")]
    assert all(link.startswith("https://wandb.ai/") for link in links)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", None])
def test_only_web_pages_are_linked(url: str | None) -> None:
    draft = make_draft()
    draft.add_change(make_change(url=url))
    draft.add_held(make_hold(url=url))
    assert Page(render(finish(draft, 2))).named("a") == []


def test_the_page_forbids_every_script_but_its_own_and_every_request() -> None:
    text = render(everything())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'")


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = Page(render(everything()))
    for _, attributes in page.tags:
        assert not attributes.get("src")
        for name in ("href", "xlink:href"):
            address = attributes.get(name) or ""
            assert address.startswith(("https://wandb.ai/", "data:")) or not address


@pytest.mark.parametrize("changes", [5_000, 50_000])
def test_a_large_report_stays_under_5_mb_and_names_what_it_leaves_out(changes: int) -> None:
    report = many(changes, held=changes)
    text = render(report)
    assert len(text.encode()) < 5_000_000
    shown = text.count('<tr><td><a href="https://wandb.ai')
    assert f"{changes:,}" in text
    if changes == 5_000:
        assert (shown, text.count("<details><summary>silent")) == (changes, changes)
    else:
        assert f"{changes - shown:,} more changes are omitted here" in text


def test_long_evidence_gives_way_before_a_run_does() -> None:
    signs = tuple(Sign(source=f"protein.heartbeat{number}", raw="x" * 100) for number in range(9))
    draft = make_draft()
    for number in range(5_000):
        evidence = ReportedEvidence(signs=signs)
        draft.add_change(make_change(f"acme/rl/r{number:06}", evidence=evidence))
    text = render(finish(draft, 5_000))
    assert len(text.encode()) < 5_000_000
    assert text.count('<tr><td><a href="https://wandb.ai') == 5_000
    assert "omitted here; see the .json report" in text


def test_charts_name_the_many_that_they_leave_out() -> None:
    draft = make_draft()
    for number in range(60):
        draft.add_change(
            make_change(f"acme/rl/r{number}", name="the same", target=f"acme/rl/s{number}")
        )
    shown = Page(render(finish(draft, 60))).text
    assert "These 40 were silent longest; 20 more are not drawn." in shown
    assert "40 more" in shown
    assert "acme/rl/r39" in shown  # runs of one name are told apart by their path


def report_of_undo() -> Report:
    draft = make_draft(command="undo")
    draft.add_change(make_change(created_at=None, evidence=ReportedEvidence(), last_alive=None))
    return finish(draft, 1)


def test_a_report_of_an_undo_has_a_page_without_ages() -> None:
    text = render(report_of_undo())
    assert "Heartbeat ages" not in text
    assert "Repaired runs" not in text
