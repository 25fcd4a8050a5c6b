"""Who is notified, and what is checked before a pass begins."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from janitor.config import Config
from janitor.delivery import check, deliver, notifications, tell_of_failure
from janitor.errors import UsageError
from janitor.records.report import Report
from janitor.report.message import Message
from tests.report.report_samples import everything, nothing

HOOK = "json://127.0.0.1:9"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """The titles of messages that would be sent, and how long they may take."""
    titles: list[tuple[str, float]] = []

    def remember(message: Message, _: Any, *, seconds: float) -> list[str]:
        titles.append((message.title, seconds))
        return []

    monkeypatch.setattr(notifications, "send", remember)
    return titles


@pytest.mark.parametrize(
    ("settings", "extra", "package"),
    [
        ({"metrics_file": "x.prom"}, "metrics", "prometheus_client"),
        ({"pushgateway": "http://localhost:9091"}, "metrics", "prometheus_client"),
        ({"notify": HOOK}, "notify", "apprise"),
        ({"report": "x.html"}, "html", "vl_convert"),
    ],
)
def test_what_needs_an_extra_that_is_missing_is_refused_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], extra: str, package: str
) -> None:
    find = importlib.util.find_spec

    def find_others(name: str, parent: str | None = None) -> ModuleSpec | None:
        return None if name == package else find(name, parent)

    monkeypatch.setattr("janitor.runtime.extras.find_spec", find_others)
    with pytest.raises(UsageError, match=rf"needs the extra '{extra}'.*not installed: .*{package}"):
        check(Config.model_validate(settings))


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the folder .* does not exist"):
        check(Config(metrics_file=tmp_path / "none" / "x.prom"))


def test_every_valid_receiver_passes_the_check(tmp_path: Path) -> None:
    check(
        Config.model_validate(
            {
                "report": [tmp_path / "r.html", tmp_path / "r.xml"],
                "metrics_file": tmp_path / "x.prom",
                "pushgateway": "http://localhost:9091",
                "notify": [HOOK],
            }
        )
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("report", "notify_on", "failed", "is_sent"),
    [
        (nothing(), "changes", False, False),
        (nothing(), "always", False, True),
        (nothing(), "failure", True, True),
        (nothing(), "brake", True, False),
        (everything(), "changes", False, True),
        (everything(), "failure", False, False),
    ],
)
def test_people_are_notified_on_the_occasions_that_they_named(
    told: list[tuple[str, float]], report: Report, notify_on: str, *, failed: bool, is_sent: bool
) -> None:
    config = Config.model_validate({"notify": HOOK, "notify_on": notify_on})
    assert list(deliver(report, config, succeeded=not failed, failed=failed)) == []
    assert bool(told) is is_sent


def test_a_pass_that_was_asked_to_stop_waits_for_nobody_long(told: list[tuple[str, float]]) -> None:
    config = Config.model_validate({"notify": HOOK})
    assert everything().interrupted
    list(deliver(everything(), config, succeeded=False, failed=True))
    assert told[0][1] <= 1


@pytest.mark.parametrize(("notify_on", "is_sent"), [("failure", True), ("changes", False)])
def test_a_pass_without_a_report_is_a_failure(
    told: list[tuple[str, float]], notify_on: str, *, is_sent: bool
) -> None:
    config = Config.model_validate({"notify": HOOK, "notify_on": notify_on})
    assert list(tell_of_failure("fix", "no server", config)) == []
    assert [title for title, _ in told] == (["janitor fix failed"] if is_sent else [])
