"""Handles on an emulator, for tests, demos and benchmarks; they use its control addresses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import requests

from janitor.emulator.seeding import load_seed
from janitor.emulator.server import Options, Service
from janitor.emulator.settings import Settings
from janitor.emulator.traffic import Counts, Request
from janitor.emulator.views import RunView, SweepView
from janitor.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from janitor.emulator.clock import Clock

DEFAULT_KEY = "0123456789abcdef" * 2 + "01234567"
_TIMEOUT = 60
_READY = "janitor emulator ready at "
_HEADERS = {"Content-Type": "application/json"}


class Faults:
    """The fault rules of an emulator: see ``janitor.emulator.faults``."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def add(self, *rules: dict[str, Any], **rule: Any) -> list[str]:
        """Add rules, as dicts, or one rule as keywords; their ids."""
        wanted = [*rules, rule] if rule else list(rules)
        ids: list[str] = self._handle.call("POST", "/faults", wanted)["ids"]
        return ids

    def clear(self) -> None:
        """Remove all rules, and release all waiting requests."""
        self._handle.call("DELETE", "/faults")

    def release(self) -> int:
        """Let every held or hanging request continue; the number of these requests."""
        released: int = self._handle.call("POST", "/faults/release")["released"]
        return released

    def list(self) -> list[dict[str, Any]]:
        """The current rules, each with ``seen`` and ``fired``."""
        rules: list[dict[str, Any]] = self._handle.call("GET", "/faults")["rules"]
        return rules

    @property
    def waiting(self) -> int:
        """The number of requests that are held or hang now."""
        waiting: int = self._handle.call("GET", "/faults")["waiting"]
        return waiting


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} cannot be sent as JSON")


class Handle:
    """An emulator at an address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.faults = Faults(self)
        self._session = requests.Session()
        self._session.trust_env = False

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Use a control address; raises EmulatorError if the emulator refuses."""
        data = None if body is None else json.dumps(body, default=_plain)
        response = self._session.request(
            method, self.url + path, data=data, headers=_HEADERS, timeout=_TIMEOUT
        )
        if response.status_code != requests.codes.ok:
            raise EmulatorError(f"the emulator refuses {method} {path}: {response.text}")
        return response.json()

    def seed(self, data: Path | dict[str, Any] | Iterable[dict[str, Any]]) -> int:
        """Make runs from a file, a seed object or a list of runs; the number of runs made."""
        if isinstance(data, Path):
            content = load_seed(data)
        else:
            content = data if isinstance(data, dict) else list(data)
        made: int = self.call("POST", "/emulator/seed", content)["runs"]
        return made

    def run(self, path: str) -> RunView:
        """The run ``entity/project/run`` as the server has it now; raises EmulatorError."""
        return RunView.from_json(self.call("GET", f"/emulator/runs/{quote(path)}"))

    def run_paths(self) -> list[str]:
        """``entity/project/run`` of every run, in the order of creation."""
        paths: list[str] = self.call("GET", "/emulator/runs")
        return paths

    def change(self, path: str, **change: Any) -> RunView:
        """Change a run: the fields are those of ``janitor.emulator.changes.RunChange``."""
        return RunView.from_json(self.call("PATCH", f"/emulator/runs/{quote(path)}", change))

    def sweep(self, path: str) -> SweepView:
        """The sweep ``entity/project/sweep`` as the server has it now; raises EmulatorError."""
        return SweepView(**self.call("GET", f"/emulator/sweeps/{quote(path)}"))

    def change_sweep(self, path: str, state: str) -> SweepView:
        """Set a sweep's state: RUNNING, PAUSED, CANCELED, FINISHED."""
        body = {"state": state}
        return SweepView(**self.call("PATCH", f"/emulator/sweeps/{quote(path)}", body))

    @property
    def settings(self) -> Settings:
        """The current settings; change them with ``configure``."""
        return Settings.model_validate(self.call("GET", "/emulator/settings"))

    def configure(self, **changes: Any) -> Settings:
        """Change settings (``janitor.emulator.settings.Settings``) while it runs."""
        return Settings.model_validate(self.call("PATCH", "/emulator/settings", changes))

    def advance(self, seconds: float) -> None:
        """Move the server's clock ahead."""
        self.configure(clock_offset=self.settings.clock_offset + seconds)

    def now(self) -> datetime:
        """The server's time."""
        return datetime.fromisoformat(self.call("GET", "/emulator")["now"])

    @property
    def requests(self) -> list[Request]:
        """The clients' requests since the last reset, the oldest first."""
        logged = self.call("GET", "/emulator/requests")
        return [Request(**(r | {"at": datetime.fromisoformat(r["at"])})) for r in logged]

    @property
    def counts(self) -> Counts:
        """Counts of the clients' requests since the last reset."""
        return Counts.from_json(self.call("GET", "/emulator/counts"))

    def reset(self) -> None:
        """Forget all requests, counts, rules and runs, and restore the initial settings."""
        everything = ("traffic", "faults", "runs", "settings")
        self.call("POST", "/emulator/reset", dict.fromkeys(everything, True))

    def reset_counts(self) -> None:
        """Forget the requests and their counts only."""
        self.call("POST", "/emulator/reset", {"traffic": True})

    def environment(self, folder: Path, key: str = DEFAULT_KEY) -> dict[str, str]:
        """Environment variables for a wandb client of this server, with its own folders.

        Other WANDB_* variables of this process are left out.
        """
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB_", "JANITOR_"))}
        folders = {
            name: str(folder / name.lower())
            for name in ("WANDB_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")
        }
        for place in (*folders.values(), str(folder / "home")):
            Path(place).mkdir(parents=True, exist_ok=True)
        return {
            **kept,
            **folders,
            "HOME": str(folder / "home"),
            "WANDB_BASE_URL": self.url,
            "WANDB_API_KEY": key,
            "WANDB_SILENT": "true",
            "WANDB_ERROR_REPORTING": "false",
        }


class _OwnEmulator(Handle, ABC):
    """A handle that starts its emulator, and stops it when its block ends."""

    @abstractmethod
    def start(self) -> Self:
        """Start to serve."""

    @abstractmethod
    def stop(self) -> None:
        """Stop serving."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Emulator(_OwnEmulator):
    """An emulator in a thread of this process.

    ``with Emulator(seed=…, latency=0.05) as emulator: …``; all other keywords are settings.
    Leaving the block stops the server.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        state: Path | None = None,
        clock: Clock | None = None,
        seed: Path | dict[str, Any] | Iterable[dict[str, Any]] | None = None,
        **settings: Any,
    ) -> None:
        options = Options(host, port, state, settings=Settings.model_validate(settings))
        self._service = Service(options, clock)
        super().__init__(self._service.url)
        self._seed = seed
        self._thread = threading.Thread(target=self._service.run, name="emulator", daemon=True)

    def start(self) -> Self:
        """Start to serve."""
        self._thread.start()
        if self._seed is not None:
            self.seed(self._seed)
        return self

    def stop(self) -> None:
        """Stop serving; open requests have one second to finish."""
        self._session.close()
        self._service.server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._service.__exit__(None, None, None)


class EmulatorProcess(_OwnEmulator):
    """An emulator in a child process, with the same handle."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        state: Path | None = None,
        seed: Path | dict[str, Any] | Iterable[dict[str, Any]] | None = None,
        **settings: Any,
    ) -> None:
        words = ["--host", host, "--port", str(port)]
        words += ["--settings", Settings.model_validate(settings).model_dump_json()]
        words += ["--state", str(state)] if state else []
        self._command = [sys.executable, "-m", "janitor.emulator", *words]
        self._seed = seed
        self.process: subprocess.Popen[str] | None = None
        super().__init__("")

    def start(self) -> Self:
        """Start the child and return when it answers; raises EmulatorError."""
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and module
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line.startswith(_READY):
            self.stop()
            raise EmulatorError("the emulator's process ended before it was ready")
        self.url = line.removeprefix(_READY).split()[0]
        if self._seed is not None:
            self.seed(self._seed)
        return self

    def stop(self) -> None:
        """Ask the child to end and wait for it."""
        self._session.close()
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
