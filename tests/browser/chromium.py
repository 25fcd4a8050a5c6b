"""Debian's Chromium, without a screen, driven by its own driver."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.deploy.tools import tool

_SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # root, as in most containers, has none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
)


@dataclass(frozen=True, slots=True)
class Browser:
    """One window."""

    driver: webdriver.Chrome

    def show(self, page: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a file in a window of this size."""
        self.visit(page.as_uri(), width=width, height=height, dark=dark)

    def visit(
        self, address: str, *, width: int = 1280, height: int = 900, dark: bool = False
    ) -> None:
        """Open an address in a window of this size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._tell("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._tell("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get(address)

    def allow_scripts(self, *, allowed: bool) -> None:
        """Switch all scripts of pages off, or on again."""
        self._tell("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def ask(self, expression: str) -> Any:
        """What an expression in JavaScript is worth on the page."""
        return self.driver.execute_script(f"return {expression}")

    def complaints(self) -> list[str]:
        """What stands in the console, since it was last asked."""
        driver: Any = self.driver  # selenium has not typed this method
        return [entry["message"] for entry in driver.get_log("browser")]

    def picture(self, path: Path) -> Path:
        """What the window shows, as PNG."""
        assert self.driver.save_screenshot(str(path))
        return path

    def _tell(self, command: str, about: dict[str, Any]) -> None:
        self.driver.execute_cdp_cmd(command, about)


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile; the test is skipped where there is none."""
    options = webdriver.ChromeOptions()
    options.binary_location = tool("chromium")
    for switch in (*_SWITCHES, f"--user-data-dir={profile}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(tool("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
