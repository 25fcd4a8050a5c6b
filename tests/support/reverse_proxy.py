"""A reverse proxy in front of the emulator: under a path prefix, or redirecting elsewhere."""

from __future__ import annotations

import http.client
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_NOT_PASSED_ON = {"host", "connection", "transfer-encoding", "content-length"}


@contextmanager
def reverse_proxy(upstream: str, *, prefix: str = "", redirect: int | None = None) -> Iterator[str]:
    """Serve ``upstream`` under ``prefix``, or answer everything with a redirect to it."""
    there = urllib.parse.urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if redirect is not None:
                self._answer(redirect, [("location", upstream + self.path)], b"")
                return
            if not self.path.startswith(prefix):
                self._answer(404, [], b"404 page not found")
                return
            connection = http.client.HTTPConnection(there.netloc, timeout=60)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _NOT_PASSED_ON}
            connection.request(self.command, self.path[len(prefix) :] or "/", body, headers)
            got = connection.getresponse()
            kept = [(k, v) for k, v in got.getheaders() if k.lower() not in _NOT_PASSED_ON]
            self._answer(got.status, kept, got.read())

        do_GET = do_POST = do_PUT = do_HEAD = _pass_on  # noqa: N815 - the names are http.server's

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
