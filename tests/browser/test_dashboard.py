"""The dashboard of sweeps in a real browser: live, narrow, dark, and with hostile names."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from janitor.model.ledger_items import Paused
from janitor.records.sweep import dump_entry
from janitor.sweep.config import SweepConfig
from tests.bench.sweep_views import entries, entry, make
from tests.browser.chromium import Browser
from tests.support.waiting import wait_until

ATTACK = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@dataclass
class Site:
    """A dashboard that runs."""

    folder: Path
    address: str
    process: subprocess.Popen[str]

    @property
    def ledger(self) -> Path:
        return self.folder / ".janitor" / "sweeps" / "large" / "ledger"

    def append(self, *items: Paused) -> None:
        number = len(list(self.ledger.iterdir())) + 1
        (self.ledger / f"{number:06d}.json").write_text(dump_entry(entry(number, 0.0, *items)))

    def get(self, path: str = "", **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(self.address + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def started(folder: Path, *words: str) -> Site:
    process = subprocess.Popen(
        [sys.executable, "-m", "janitor", "sweep", "dashboard", "--port", "0", *words],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return Site(folder, process.stdout.readline().split()[-1], process)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    make(folder, 60)
    running = started(folder)
    yield running
    running.process.terminate()
    running.process.wait(20)


def shows(browser: Browser, words: str) -> None:
    """Wait until the page has these words."""
    wait_until(lambda: words in str(browser.ask("document.body.textContent")))


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, False), (1280, True)])
def test_the_page_of_a_sweep_opens_and_fits(
    browser: Browser, site: Site, *, width: int, dark: bool
) -> None:
    browser.visit(f"{site.address}s/large/", width=width, dark=dark)
    shows(browser, "Parallel coordinates")
    shows(browser, "Rungs")
    assert browser.complaints() == []
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask("document.querySelectorAll('[data-load] tbody tr').length") > 60
    light = sum(
        browser.ask("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    )
    assert (light < 200) is dark


def test_it_updates_without_a_reload(browser: Browser, site: Site) -> None:
    browser.visit(f"{site.address}s/large/")
    shows(browser, "Live")
    browser.ask("window.stayed = 1")
    site.append(Paused("person", f"a pause with {ATTACK}"))
    shows(browser, "a pause with <img")
    assert browser.ask("window.stayed") == 1
    assert "owned" not in browser.driver.title
    assert browser.ask("document.querySelectorAll('main img, main script').length") == 0


def test_the_table_is_searched(browser: Browser, site: Site) -> None:
    browser.visit(f"{site.address}s/large/")
    shows(browser, "Parameters")
    browser.driver.find_element("name", "q").send_keys("large-0007")
    rows = "document.querySelectorAll('[data-load=trials] tbody tr').length"
    wait_until(lambda: browser.ask(rows) == 1)
    browser.driver.find_element("css selector", "[data-load=trials] a").click()
    shows(browser, "Attempts")
    assert browser.ask("document.querySelector('h1').textContent") == "large-0007"


def test_only_get_and_only_names_of_this_machine_are_answered(site: Site) -> None:
    assert site.get()[0] == 200
    assert site.get(Host="evil.example")[0] == 403
    assert site.get("s/other/")[0] == 404
    assert site.get("s/large/t/other")[0] == 404
    assert site.get("s/large/trials?page=x&sort=y&q=%00")[0] == 200
    request = urllib.request.Request(site.address, method="POST")
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(request, timeout=30)


def test_metrics_name_every_status(site: Site) -> None:
    text = site.get("metrics")[1]

    assert 'wandb_janitor_sweep_trials{status="paused",sweep="large"} 0.0' in text
    assert "wandb_janitor_sweep_best_objective" in text


def test_with_a_token_nothing_is_shown_without_it(tmp_path: Path) -> None:
    make(tmp_path, 4)
    running = started(tmp_path, "--token", "secret")
    try:
        running.address = running.address.partition("?")[0]
        assert running.get()[0] == 401
        assert running.get("metrics", Authorization="Bearer wrong")[0] == 401
        assert running.get("metrics", Authorization="Bearer secret", Host="any.example")[0] == 200
    finally:
        running.process.terminate()
        running.process.wait(20)


def test_the_exported_page_needs_no_server_and_names_do_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    make(tmp_path, 40)
    config = SweepConfig.load(tmp_path / "large.yaml")
    count = len(list(entries(config, 40)))
    ledger = tmp_path / ".janitor" / "sweeps" / "large" / "ledger"
    hostile = entry(count + 1, 0.0, Paused("person", ATTACK))
    (ledger / f"{count + 1:06d}.json").write_text(dump_entry(hostile))
    page = tmp_path / "page.html"
    words = ["sweep", "dashboard", "large", "--export", str(page)]
    subprocess.run([sys.executable, "-m", "janitor", *words], cwd=tmp_path, check=True)

    browser.show(page, width=390)

    assert browser.complaints() == []
    assert ATTACK in browser.ask("document.body.textContent")
    assert browser.ask("document.querySelectorAll('script, main img').length") == 0
    assert browser.ask("performance.getEntriesByType('resource').length") == 0
    assert browser.ask("document.documentElement.scrollWidth") <= 390
