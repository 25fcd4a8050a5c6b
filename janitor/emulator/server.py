"""The HTTP server: uvicorn on its own socket, with connections that faults can reset."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from janitor.emulator.app import build_app
from janitor.emulator.emulation import Emulation
from janitor.emulator.persistence import StateFile
from janitor.emulator.seeding import load_seed, sow
from janitor.emulator.settings import Settings
from janitor.errors import EmulatorError

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path
    from typing import Self

    from janitor.emulator.clock import Clock

_BACKLOG = 128
_GRACE = 1
"""Seconds that open requests may take when the server stops."""


@dataclass(slots=True)
class Options:
    """How to serve."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: any free port."""
    state: Path | None = None
    """The SQLite file to keep the runs in; None: memory only."""
    seed: Path | None = None
    """A YAML or JSON file of runs to start with."""
    settings: Settings = field(default_factory=Settings)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host == "localhost" or _is_loopback(self.host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class ResettableProtocol(H11Protocol):
    """HTTP/1.1 whose requests have their transport, so that a fault can reset the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own: it is always a full transport
        """Put the transport into the state of every request of the connection."""
        super().connection_made(transport)
        self.app_state: dict[str, Any] = {**self.app_state, "transport": transport}


class Service:
    """An emulated server that is bound to its port and serves once ``run`` is called.

    Raises EmulatorError if the port, the state file or the seed cannot be used.
    """

    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        self.emulation = Emulation(options.settings, clock)
        self._state_file = StateFile(options.state) if options.state else None
        if self._state_file is not None:
            self._state_file.load(self.emulation.store)
        if options.seed is not None:
            sow(self.emulation, load_seed(options.seed))
            if self._state_file is not None:
                self._state_file.save(self.emulation.store)
        self.socket = _bind(options.host, options.port)
        self.url = _url(options.host, self.socket.getsockname()[1])
        config = uvicorn.Config(
            build_app(self.emulation, self._state_file, {options.host}),
            http=ResettableProtocol,
            lifespan="off",
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=_GRACE,
        )
        self.server = uvicorn.Server(config)

    def run(self) -> None:
        """Serve until ``server.should_exit``, or until a signal if this is the main thread."""
        self.server.run(sockets=[self.socket])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        if self._state_file is not None:
            self._state_file.close()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio does this only for sockets that name their protocol; without it, a small answer waits
    # 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise EmulatorError(f"the emulator cannot listen on {host}:{port}: {error}") from error
    listener.listen(_BACKLOG)
    return listener


def _url(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - only named
    return f"http://[{name}]:{port}" if ":" in name.strip("[]") else f"http://{name}:{port}"


def serve(options: Options, clock: Clock | None = None) -> None:
    """Serve until interrupted; one line names the address once the server answers.

    Raises EmulatorError.
    """
    # uvicorn raises KeyboardInterrupt again once all is closed
    with Service(options, clock) as service, contextlib.suppress(KeyboardInterrupt):
        reach = (
            "this machine only"
            if options.is_local
            else "OPEN TO THE NETWORK: anyone who reaches it may read and write its runs"
        )
        print(f"janitor emulator ready at {service.url} ({reach})", flush=True)  # noqa: T201 - the one line
        service.run()
