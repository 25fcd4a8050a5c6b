from __future__ import annotations

import base64
import re
import sys
import traceback
from pathlib import Path

import pytest
from rich.console import Console

from janitor.records.report import Report
from janitor.report import RENDERERS, text_of
from janitor.report.message import message_of
from janitor.report.render_terminal import render
from janitor.runtime.redaction import Redactor, guard, masked_report
from tests.report.report_samples import everything, nothing

KEY = "correcthorsebatterystaple" * 2
OLD_KEY = "0123456789abcdef0123456789abcdef01234567"
NEW_KEY = "wandb_v1_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGh"
TOKEN = "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"key {KEY}!", "key ***!"),
        (base64.b64encode(f"api:{KEY}".encode()).decode(), "***"),
        (f"key={OLD_KEY}", "key=***"),
        (f"local-{OLD_KEY}", "***"),
        (NEW_KEY, "***"),
        (f"token {TOKEN}", "token ***"),
        ("Authorization: Basic YXBpOnNlY3JldA==", "Authorization: ***"),
        ("{'Authorization': 'Bearer abc.def'}", "{'Authorization': '***'}"),
        ('{"authorization": "secret"}', '{"authorization": "***"}'),
        ("sent Bearer abcdefghijklmnop1234", "sent Bearer ***"),
        ("https://api:secret@host:8080/graphql", "https://***@host:8080/graphql"),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert Redactor({"WANDB_API_KEY": KEY})(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "acme/rl/s1ab2cd3",
        "https://host:8080/graphql",
        "mail janitor@example.org",
        "run " + "a" * 64,
        "Basic authentication failed",
        "UnVuOnYxOmFiY2RlZmdoOnJsOmFjbWU=",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert Redactor({"WANDB_API_KEY": KEY})(text) == text


@pytest.mark.parametrize("shown", [12, 25, 49])
def test_a_key_that_was_cut_off_is_masked(shown: int) -> None:
    secret = Redactor({"WANDB_API_KEY": KEY[:50]})

    assert secret.in_data(f"run 'x{KEY[:shown]}...' failed") == "run 'x***...' failed"


def test_a_key_too_short_to_be_one_masks_nothing() -> None:
    assert Redactor({"WANDB_API_KEY": "a"})("acme") == "acme"


WEBHOOK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops"


def report_with(text: str) -> Report:
    sample = everything()
    change = sample.changes[0].model_copy(
        update={"name": text, "error": text, "reason": text, "before": {"protein.error": text}}
    )
    return sample.model_copy(update={"changes": (change,), "journal": text})


def test_what_an_address_for_messages_holds_is_masked_wherever_it_is_printed() -> None:
    redact = Redactor({})
    redact.learn_messengers([WEBHOOK, "json://user:pw-123456@hooks.corp.example/in/Zx9-token-1"])
    printed = '"POST /services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ HTTP/1.1" 404'
    assert redact.in_data(printed) == '"POST /services/***/*** HTTP/1.1" 404'
    assert redact.in_data("https://hooks.corp.example/in/Zx9-token-1") == (
        "https://hooks.corp.example/***"
    )
    assert redact.in_data("login user:pw-123456") == "login ***"


@pytest.mark.parametrize(
    "environ",
    [
        {"WANDB_BASE_URL": "https://me:p%40ss-word@wandb.corp"},
        {"HTTPS_PROXY": "http://me:p%40ss-word@proxy:3128"},
        {"GITHUB_TOKEN": "p@ss-word"},
        {"JANITOR_NOTIFY": "mailto://me:p%40ss-word@corp.example"},
    ],
    ids=lambda environ: next(iter(environ)),
)
def test_passwords_of_the_environment_are_masked_as_given_and_decoded(
    environ: dict[str, str],
) -> None:
    assert "ss-word" not in Redactor(environ)("it is p@ss-word or p%40ss-word")


def test_keys_of_a_netrc_file_and_identity_tokens_are_known(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine wandb.corp login user password hunter2-hunter2\n")
    (tmp_path / "token").write_text("opaque-token-of-the-cloud\n")
    redact = Redactor({"HOME": str(tmp_path), "WANDB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")})
    assert redact("hunter2-hunter2 opaque-token-of-the-cloud") == "*** ***"


@pytest.mark.parametrize("form", ["{0}", "x{0}y", "a/{0}/b", '"{0}"'])
def test_no_renderer_shows_a_secret_that_a_run_holds(form: str) -> None:
    redact = Redactor({"WANDB_API_KEY": KEY})
    report = masked_report(report_with(form.format(KEY)), redact)
    for ending in RENDERERS:
        assert KEY not in text_of(report, f"r{ending}"), ending
    for width in (20, 80):
        shown = render(report, Console(width=width, force_terminal=True))
        assert KEY[:12] not in re.sub(r"\s|\x1b\[[0-9;]*m|[│┃]", "", shown)
    assert KEY not in message_of(report, failed=True, link=None).body


def test_a_report_without_secrets_is_left_as_it_is() -> None:
    redact = Redactor({"WANDB_API_KEY": KEY})
    for report in (everything(), nothing()):
        assert masked_report(report, redact) is report


def test_a_commit_in_a_name_stays_readable_in_data() -> None:
    redact = Redactor({"WANDB_API_KEY": KEY})
    assert redact.in_data(f"run {OLD_KEY}") == f"run {OLD_KEY}"


def test_everything_printed_by_the_process_is_redacted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stdout", "stderr"):  # the streams are the process's own again afterwards
        monkeypatch.setattr(sys, name, getattr(sys, name))
    guard(Redactor({"WANDB_API_KEY": KEY}))
    sys.stdout.write(f"out {KEY}\n")
    sys.stderr.writelines([f"err {KEY}\n"])
    traceback.print_exception(ValueError(KEY))
    out, err = capsys.readouterr()
    assert out == "out ***\n"
    assert err.startswith("err ***\n")
    assert KEY not in err
