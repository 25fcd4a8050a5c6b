"""Debian's own Prometheus and Pushgateway, and a web server, on this machine for a test."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from tests.deploy.tools import tool

PATIENCE = 30


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(what: Callable[[], Any]) -> Any:
    """What the call gives once that is true of anything; it asks another process."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(requests.RequestException):
            if found := what():
                return found
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


@contextlib.contextmanager
def _running(folder: Path, address: str, *command: str | Path) -> Iterator[str]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        wait_for(lambda: requests.get(f"{address}/-/ready", timeout=5).ok)
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextlib.contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    program, host = tool("prometheus-pushgateway"), f"127.0.0.1:{free_port()}"
    options = f"--web.listen-address={host}", f"--persistence.file={folder / 'pushed'}"
    with _running(folder, f"http://{host}", program, *options) as address:
        yield address


@contextlib.contextmanager
def prometheus(folder: Path, *targets: str) -> Iterator[str]:
    """A Prometheus that scrapes these addresses, each with its path, twice a second."""
    program, host = tool("prometheus"), f"127.0.0.1:{free_port()}"
    jobs = "".join(_job(number, target) for number, target in enumerate(targets))
    config = folder / "prometheus.yml"
    config.write_text(
        f"global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}\nscrape_configs:\n{jobs}"
    )
    command = (
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={host}",
    )
    with _running(folder, f"http://{host}", *command) as address:
        yield address


def _job(number: int, target: str) -> str:
    host, _, path = target.removeprefix("http://").partition("/")
    return (
        f"- {{job_name: job{number}, metrics_path: /{path}, honor_labels: true,"
        f" static_configs: [{{targets: ['{host}']}}]}}\n"
    )


def query(address: str, expression: str) -> list[dict[str, Any]]:
    """What Prometheus says to an expression now."""
    answer = requests.get(
        f"{address}/api/v1/query", params={"query": expression}, timeout=PATIENCE
    ).json()
    assert answer["status"] == "success", answer
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


class Heard:
    """What a web server on this machine was sent."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.bodies: list[bytes] = []
        self.is_hanging = False
        """Whether a request waits for its answer."""


@contextlib.contextmanager
def web_server(answer: bytes = b"ok", status: int = 200, hang: float = 0) -> Iterator[Heard]:
    """A web server that answers all requests alike."""
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.is_hanging = True
            released.wait(hang)
            heard.is_hanging = False
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            heard.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard = Heard(f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        thread.join()
