from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from janitor.cli.logs import configure_logging
from janitor.runtime.log import Logger, prepared
from janitor.runtime.redaction import Redactor

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _leave_logging_as_it_was() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("janitor")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:], level, ours_level = before
    root.setLevel(level)
    ours.setLevel(ours_level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def configure(verbosity: int = 0, log_format: str = "console") -> None:
    configure_logging(verbosity, log_format, Redactor({}), {})


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    return err


def speak(name: str) -> None:
    log = logging.getLogger(name)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log.log(level, logging.getLevelName(level))


@pytest.mark.parametrize(
    ("verbosity", "ours", "theirs"),
    [
        (0, {"WARNING", "ERROR", "CRITICAL"}, {"CRITICAL"}),
        (1, {"INFO", "WARNING", "ERROR", "CRITICAL"}, {"ERROR", "CRITICAL"}),
        (2, {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}, {"WARNING", "ERROR", "CRITICAL"}),
        (9, {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}, None),
    ],
)
def test_each_v_says_more(
    verbosity: int,
    ours: set[str],
    theirs: set[str] | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(verbosity)
    for name, expected in (("janitor.pipeline.scan", ours), ("urllib3", theirs or ours)):
        speak(name)
        assert {line.split("] ")[1].strip() for line in said(capsys).splitlines()} == expected


def test_a_json_log_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure(1, "json")
    Logger("janitor.pipeline.scan").info("read", runs=40, odd={1, 2}.__class__)
    logging.getLogger("janitor.store").warning("slow: %s", "acme/rl/s1")
    ours, theirs = map(json.loads, said(capsys).splitlines())
    assert (ours["message"], ours["level"], ours["runs"]) == ("read", "info", 40)
    assert theirs["message"] == "slow: acme/rl/s1"
    assert theirs["timestamp"].endswith("Z")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_key_comes_through_in_an_event_a_value_or_a_traceback(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(2, log_format)
    prepared()
    log = structlog.stdlib.get_logger("janitor.store")
    try:
        int(f"refused {KEY}")
    except ValueError:
        log.exception("failed with %s", KEY, header={"Authorization": f"Basic {KEY}"})
        logging.getLogger("wandb").exception("failed with %s", KEY)
    text = said(capsys)
    assert "refused" in text
    assert "***" in text
    assert KEY not in text


def test_no_colour_goes_into_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    speak("janitor.pipeline.scan")
    assert "\x1b" not in said(capsys)


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_on_a_terminal_gives_way_to_no_color(
    environ: dict[str, str],
    coloured: object,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    configure_logging(0, "console", Redactor({}), environ)
    speak("janitor.pipeline.scan")
    assert ("\x1b" in said(capsys)) is coloured


def test_warnings_of_libraries_stay_quiet_until_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
    assert said(capsys) == ""


def test_configuring_twice_does_not_log_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    configure()
    logging.getLogger("janitor").warning("once")
    assert len(said(capsys).splitlines()) == 1
