from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from janitor.records.report import Report
from janitor.report.render_markdown import render
from janitor.report.sanitize import visible
from tests.report.report_samples import (
    everything,
    finish,
    make_change,
    make_draft,
    make_hold,
    nothing,
)
from tests.report.test_render import many, nasty

MEBIBYTE = 1024 * 1024


def tokens_of(text: str) -> list[Token]:
    found = MarkdownIt("commonmark").enable("table").parse(text)
    return [inner for token in found for inner in (token, *(token.children or []))]


def cells_of(report: Report) -> list[str]:
    """What a reader sees in each cell of the tables."""
    page = MarkdownIt("commonmark").enable("table").render(render(report))
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page, flags=re.DOTALL)
    tags = re.compile(r"<[^>]*>")
    entities = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}
    return [
        re.sub("|".join(entities), lambda match: entities[match[0]], tags.sub("", cell))
        for cell in cells
    ]


def report_of_run(name: str) -> Report:
    draft = make_draft()
    draft.add_change(make_change(url=None, reason=f"because {name}"))
    return finish(draft, 1)


def test_the_first_lines_answer_what_changed_why_and_the_way_back() -> None:
    top = render(everything()).split("|")[0]
    assert "2 of 8 runs were repaired: 1 to failure (objective-invalid)" in top
    assert "1 to timeout (heartbeat-expired)" in top
    assert "Interrupted by SIGTERM." in top
    assert "8 of 9 runs seen" in top
    assert "`janitor undo /state/pass.jsonl`" in top


def test_a_pass_that_found_nothing_says_so_first() -> None:
    text = render(nothing())
    assert "0 of 3 runs needed a change." in text.splitlines()[2]
    assert "## " not in text


def test_changes_link_to_the_page_of_the_run() -> None:
    assert "[acme/rl/r1](<https://wandb.ai/acme/rl/r1>) run 1" in render(everything())


def test_held_runs_are_grouped_by_reason_whatever_the_figures() -> None:
    text = render(many(0, held=500))
    assert "| 500 | alive a while ago, W&B says running | acme/rl/h000000, acme/rl/h000001," in text
    assert "and 490 more |" in text


def test_a_reason_that_all_share_keeps_its_figures() -> None:
    draft = make_draft()
    draft.add_held(make_hold())
    assert "alive 2 minutes and 3 seconds ago" in render(finish(draft, 1))


def test_names_and_errors_make_no_markup_links_or_pictures() -> None:
    tokens = tokens_of(render(nasty()))
    kinds = {token.type for token in tokens}
    assert not kinds & {
        "html_block",
        "html_inline",
        "image",
        "fence",
        "code_block",
        "heading_close2",
    }
    headings = [token.tag for token in tokens if token.type == "heading_open"]
    assert headings == ["h1", "h2", "h2", "h2", "h2"]
    links = [token.attrs["href"] for token in tokens if token.type == "link_open"]
    assert links == ["https://wandb.ai/x%3E)%60%7C%5By%5D(http://evil.example)"]


def test_each_row_has_as_many_cells_as_its_header() -> None:
    for report in (nasty(), everything()):
        columns = 0
        for line in render(report).splitlines():
            if not line.startswith("|"):
                columns = 0
                continue
            cells = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line))
            assert cells == (columns or cells)
            columns = cells


@given(st.text(max_size=60))
def test_a_reader_sees_the_text_as_it_stood(name: str) -> None:
    seen = cells_of(report_of_run(name))
    wanted = visible(f"because {name}").strip()
    # HTML shows runs of blanks as one, and a table trims its cells.
    assert any(" ".join(cell.split()) == " ".join(wanted.split()) for cell in seen)


@pytest.mark.parametrize(
    "address",
    ["http://evil.example", "https://evil.example", "www.evil.example", "me@evil.example"],
)
def test_bare_addresses_are_broken_so_that_github_links_none(address: str) -> None:
    assert address not in render(report_of_run(address))


@pytest.mark.parametrize("count", [0, 1, 5_000, 20_000])
def test_it_fits_a_step_summary_and_says_what_it_left_out(count: int) -> None:
    report = many(count)
    text = render(report)
    assert len(text.encode()) <= MEBIBYTE
    shown = text.count("| written |")
    if shown < count:
        assert f"*{count - shown:,} more rows are omitted here" in text
    assert shown == count or count > 1_000


def test_it_fits_a_step_summary_when_everything_is_long() -> None:
    long = "\N{SNOWMAN}|" * 1_000
    draft = make_draft()
    for number in range(1_000):
        texts = {"reason": f"{long}{number}", "error": long, "name": long}
        draft.add_change(make_change(f"acme/{long}/{number}", **texts))
        draft.add_held(make_hold(f"acme/{long}/h{number}", reason=f"{number:x}{long}"))
        draft.add_error(long, target=f"{long}{number}")
        draft.add_warning(long, run=f"{long}{number}")
    assert len(render(finish(draft, 2_000)).encode()) <= MEBIBYTE
