from __future__ import annotations

import base64

import pytest

from janitor.cli.redaction import Redactor

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


def test_a_key_too_short_to_be_one_masks_nothing() -> None:
    assert Redactor({"WANDB_API_KEY": "a"})("acme") == "acme"
