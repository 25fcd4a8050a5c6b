"""The server's own time: read behind a private certificate, and told why it cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from janitor.stores.wandb.server_time import server_time
from tests.stores.plain_server import encrypt, serving

AHEAD = timedelta(hours=3)


class Answers(BaseHTTPRequestHandler):
    """Answers with a Date that is three hours ahead."""

    date: str | None = ""

    def do_HEAD(self) -> None:
        self.send_response_only(200)
        if self.date is not None:
            self.send_header("Date", self.date or format_datetime(datetime.now(UTC) + AHEAD))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        del format, args


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[str]:
    server = ThreadingHTTPServer(("localhost", 0), Answers)
    encrypt(server, certificate)
    for each in serving(server):
        yield f"https://localhost:{each.server_port}"


@pytest.fixture
def plain() -> Iterator[str]:
    for each in serving(ThreadingHTTPServer(("localhost", 0), Answers)):
        yield f"http://localhost:{each.server_port}"


def is_ahead(at: datetime | None) -> bool:
    return at is not None and abs(at - datetime.now(UTC) - AHEAD) < timedelta(minutes=1)


def test_the_time_is_that_of_the_date_header(plain: str) -> None:
    assert is_ahead(server_time(plain).at)


def test_a_certificate_that_nobody_vouches_for_is_named(secure: str) -> None:
    found = server_time(secure, {})
    assert found.at is None
    assert "its certificate is not trusted" in found.problem


def test_the_file_of_a_private_authority_is_trusted(
    secure: str, certificate: tuple[Path, Path]
) -> None:
    assert is_ahead(server_time(secure, {"SSL_CERT_FILE": str(certificate[0])}).at)


def test_every_file_of_a_folder_is_trusted_whatever_its_name(
    secure: str, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "readme.txt").write_text("no certificate")
    (tmp_path / "our-ca").write_bytes(certificate[0].read_bytes())
    folders = f"{tmp_path / 'missing'}:{tmp_path}"
    assert is_ahead(server_time(secure, {"SSL_CERT_DIR": folders}).at)
    missing = {"SSL_CERT_FILE": str(tmp_path / "nowhere"), "SSL_CERT_DIR": "/nowhere"}
    assert server_time(secure, missing).at is None


@pytest.mark.parametrize(
    ("date", "problem"),
    [
        (None, "names no time"),
        ("soon", "cannot be read ('soon')"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "cannot be read ('Fri, 31 Dec 9999"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "cannot be read ('Thu, 01 Jan 1970"),
    ],
)
def test_an_answer_without_a_time_is_reported(
    plain: str, monkeypatch: pytest.MonkeyPatch, date: str | None, problem: str
) -> None:
    monkeypatch.setattr(Answers, "date", date)
    found = server_time(plain)
    assert found.at is None
    assert problem in found.problem


def test_a_server_that_is_not_there_is_reported() -> None:
    found = server_time("http://localhost:9")
    assert found.at is None
    assert "cannot be asked for its time" in found.problem
