from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.chromium import Browser, chromium


@pytest.fixture(scope="session")
def one_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One for the whole session, for it takes a moment to start."""
    with chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def browser(one_browser: Browser) -> Browser:
    """A window whose console is empty, and in which scripts run."""
    one_browser.allow_scripts(allowed=True)
    one_browser.driver.get("about:blank")
    one_browser.complaints()
    return one_browser
