"""A write to W&B is one request, with the user's login, proxies and certificates."""

from __future__ import annotations

import base64
import json
import os
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from janitor.errors import CredentialsError, RejectedError, StoreError, TransientError
from janitor.lifecycle.wandb_internals import Login
from janitor.stores.wandb.single_send import SingleSend
from tests.stores.plain_server import encrypt, serving

WRITE = "mutation M { upsertBucket(input: {}) { bucket { id } } }"
KEY = "k" * 40
GOOD = b'{"data": {"upsertBucket": null}}'


@dataclass
class Server:
    """Answers every request the same way, and keeps what it was sent."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = GOOD
    drip: float = 0.0
    """Seconds between two bytes of the body."""
    paths: list[str] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    documents: list[Any] = field(default_factory=list)
    peers: set[Any] = field(default_factory=set)
    url: str = ""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                server.paths.append(self.path)
                server.sent.append({name.lower(): value for name, value in self.headers.items()})
                length = int(self.headers["Content-Length"])
                server.documents.append(json.loads(self.rfile.read(length)))
                server.peers.add(self.client_address)
                self.send_response_only(server.status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                if not server.drip:
                    self.wfile.write(server.body)
                    return
                for byte in server.body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(server.drip)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
                del format, args

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    kept = Server()
    for each in serving(ThreadingHTTPServer(("127.0.0.1", 0), kept.handler())):
        kept.url = f"http://127.0.0.1:{each.server_port}"
        yield kept


def login(**changes: Any) -> Login:
    known: dict[str, Any] = {
        "api_key": KEY,
        "access_token": None,
        "headers": {},
        "proxies": {},
        "is_unverified": False,
    }
    return Login(**{**known, **changes})


def send(url: str, timeout: float = 5, **changes: Any) -> Any:
    sender = SingleSend(url, login(**changes), timeout)
    try:
        return sender.execute(WRITE, {"id": "x"})
    finally:
        sender.close()


def test_it_posts_the_query_under_the_path_of_the_server(server: Server) -> None:
    server.body = b'{"data": {"upsertBucket": {"bucket": {"id": "x"}}}}'
    data, size = send(f"{server.url}/wandb")
    assert data == {"upsertBucket": {"bucket": {"id": "x"}}}
    assert size == len(server.body)
    assert server.paths == ["/wandb/graphql"]
    assert server.documents == [{"query": WRITE, "variables": {"id": "x"}}]


def test_the_key_is_sent_and_no_other_login_is_looked_for(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    send(server.url)
    expected = base64.b64encode(f"api:{KEY}".encode()).decode()
    assert server.sent[0]["authorization"] == f"Basic {expected}"
    send(server.url, api_key=None)
    assert "authorization" not in server.sent[1]


def test_a_federated_identity_sends_its_token(server: Server) -> None:
    asked: list[float] = []

    def token(timeout: float) -> str:
        asked.append(timeout)
        return "the-token"

    send(server.url, api_key=None, access_token=token)
    assert server.sent[0]["authorization"] == "Bearer the-token"
    assert asked == [5]


def test_the_headers_of_the_settings_and_of_a_service_account_are_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_USERNAME", "jürgen\n")
    send(server.url, headers={"X-Gateway": "yes"})
    assert server.sent[0]["x-gateway"] == "yes"
    assert server.sent[0]["x-wandb-username"].encode("latin-1").decode() == "jürgen"


def test_one_connection_serves_writes_one_after_the_other_and_keeps_no_cookies(
    server: Server,
) -> None:
    server.headers = {"Set-Cookie": "a=b"}
    sender = SingleSend(server.url, login(), 5)
    for _ in range(5):
        sender.execute(WRITE, {})
    sender.close()
    assert len(server.peers) == 1
    assert not any("cookie" in headers for headers in server.sent)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(server: Server, status: int) -> None:
    server.status, server.headers = status, {"Location": "https://elsewhere.example/graphql"}
    with pytest.raises(StoreError, match=r"redirects the write to https://elsewhere\.example"):
        send(server.url)
    assert len(server.sent) == 1


@pytest.mark.parametrize("location", ["http://[", "http://\xff/", "", "/path", "mailto:a"])
def test_a_redirect_to_nonsense_is_an_error_of_the_store(server: Server, location: str) -> None:
    server.status, server.headers = 302, {"Location": location}
    with pytest.raises(StoreError, match="redirects the write"):
        send(server.url)


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"X-Gateway": "secret-of-gateway\nX"}},
        {"headers": {"X-G\u65e5": "secret-of-gateway"}},
        {"api_key": None, "access_token": lambda _: "secret-of-gateway\n"},
        {"api_key": None, "access_token": lambda _: "secret-of-gateway\u65e5"},
    ],
)
def test_what_cannot_be_sent_is_an_error_of_the_store_without_the_value(
    server: Server, changes: dict[str, Any]
) -> None:
    with pytest.raises(StoreError, match="cannot be sent") as caught:
        send(server.url, **changes)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    assert not server.sent


@pytest.mark.parametrize("proxy", ["http://user:secret@", "http://user:secret@a..b:1"])
def test_a_malformed_proxy_is_an_error_of_the_store_without_the_password(proxy: str) -> None:
    with pytest.raises(StoreError, match="cannot be sent") as caught:
        send("http://wandb.example", proxies={"http": proxy})
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_headers_are_sent_in_utf_8_without_spaces_around_them(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_USERNAME", os.fsdecode(b"j\xffrgen"))
    send(server.url, headers={"X-Gateway": " \u65e5 "})
    assert server.sent[0]["x-gateway"].encode("latin-1").decode() == "\u65e5"
    assert server.sent[0]["x-wandb-username"].encode("latin-1") == b"j\xffrgen"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", TransientError),
        (200, b"<html>a login page</html>", TransientError),
        (200, b'{"data": null}', TransientError),
        (200, b"[" * 100_000, TransientError),
        (200, b'{"data": {}, "errors": "not a list"}', TransientError),
        (200, b'{"data": {}, "errors": [{"message": "permission denied"}]}', StoreError),
        (304, b"", RejectedError),
        (401, b"", CredentialsError),
        (503, b"\xff\xfe", TransientError),
    ],
)
def test_odd_answers_are_errors_of_the_store(
    server: Server, status: int, body: bytes, kind: type[StoreError]
) -> None:
    server.status, server.body = status, body
    with pytest.raises(kind) as caught:
        send(server.url)
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(server.sent) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("soon", 0), ("-3", 0), ("Fri, 27 Nov 2026 10:00:00 GMT", 0)]
)
def test_the_server_says_when_it_wants_to_be_asked_again(
    server: Server, header: str, seconds: float
) -> None:
    server.status, server.headers = 429, {"Retry-After": header}
    with pytest.raises(TransientError) as caught:
        send(server.url)
    assert caught.value.throttled
    assert caught.value.retry_after == seconds


def test_an_answer_that_drips_is_not_waited_for(server: Server) -> None:
    server.drip = 0.2
    with pytest.raises(TransientError, match="did not take the write within 1 s"):
        send(server.url, timeout=1)


def test_a_server_that_is_gone_is_named_with_the_reason(server: Server) -> None:
    url = server.url.rpartition(":")[0] + ":9"
    with pytest.raises(TransientError, match=f"{url} cannot be reached: .*refused"):
        send(url)


def test_proxies_are_those_of_wandb(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    send("http://wandb.example")
    assert server.paths == ["http://wandb.example/graphql"]
    monkeypatch.setenv("no_proxy", "wandb.example")
    with pytest.raises(TransientError):
        send("http://wandb.example")
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    send("http://wandb.example", proxies={"http": server.url})
    send(server.url)  # this machine: never by a proxy
    assert server.paths[1:] == ["http://wandb.example/graphql", "/graphql"]


def test_wandbs_own_proxy_is_used_whatever_the_environment_says(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    send("http://wandb.example", proxies={"http": server.url})
    send("http://127.0.0.1:9", proxies={"http": server.url})
    assert server.paths == ["http://wandb.example/graphql", "http://127.0.0.1:9/graphql"]


def test_a_proxy_that_wandb_does_not_use_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    send("http://wandb.example", proxies={"https": "http://127.0.0.1:9"})
    assert server.paths == ["http://wandb.example/graphql"]
    monkeypatch.delenv("http_proxy")
    monkeypatch.setenv("all_proxy", server.url)
    with pytest.raises(TransientError):
        send("http://wandb.invalid")
    assert len(server.paths) == 1


def test_a_private_authority_is_trusted_as_wandb_trusts_it(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Server()
    http = ThreadingHTTPServer(("localhost", 0), kept.handler())
    encrypt(http, certificate)
    for each in serving(http):
        url = f"https://localhost:{each.server_port}"
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        with pytest.raises(TransientError, match="certificate verify failed"):
            send(url)
        send(url, is_unverified=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        send(url)
    assert len(kept.sent) == 2
