"""Clients of the emulator: plain GraphQL requests, and real wandb processes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import requests

from janitor.emulator import DEFAULT_KEY, Handle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PATIENCE = 90


def post(
    emulator: Handle, query: str, key: str | None = DEFAULT_KEY, **variables: Any
) -> requests.Response:
    """Send a GraphQL request, without any retries."""
    body = {"query": query, "variables": variables}
    auth = None if key is None else ("api", key)
    return requests.post(f"{emulator.url}/graphql", json=body, auth=auth, timeout=_PATIENCE)


def ask(emulator: Handle, query: str, **variables: Any) -> Any:
    """The data of a GraphQL answer without errors."""
    response = post(emulator, query, **variables)
    assert response.status_code == 200, response.text
    body = response.json()
    assert "errors" not in body, body
    return body["data"]


def post_lines(emulator: Handle, path: str, file: str, lines: list[str]) -> None:
    """Post lines to a run's filestream, as its process would."""
    response = requests.post(
        f"{emulator.url}/files/{path}/file_stream",
        json={"files": {file: {"offset": 0, "content": lines}}},
        auth=("api", DEFAULT_KEY),
        timeout=_PATIENCE,
    )
    assert response.status_code == 200, response.text


def start_client(
    emulator: Handle, folder: Path, code: str, **environment: str
) -> subprocess.Popen[str]:
    """Start a Python process with a real wandb that uses the emulator."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=emulator.environment(folder) | environment,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_client(emulator: Handle, folder: Path, code: str, **environment: str) -> str:
    """Run such a process until it succeeds; its output."""
    process = start_client(emulator, folder, code, **environment)
    out, err = process.communicate(timeout=4 * _PATIENCE)
    assert process.returncode == 0, err
    return out


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for another process."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
