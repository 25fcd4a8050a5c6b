"""A reader who follows a page: each code block is run, in order, in one folder, at one server."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from janitor.config import load
from janitor.emulator import EmulatorProcess
from janitor.experiments import StateManager
from janitor.sweep.config import SweepConfig
from janitor.tasks import TaskManager
from tests.deploy.tools import BIN, tool
from tests.docs.pages import ROOT, Block

PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TIMEOUT: Final = 120

_EXPECTED: Final = re.compile(r"#.*\bexit code (\d+)")
_BASE: Final = {"project": "acme/rl", "created_at": "-3h", "heartbeat_at": "-2h"}
_OPEN: Final = {"protein.state": "running"}
_DONE: Final = {**_OPEN, "protein.objective": 0.9}
_SCORED: Final = {
    "protein": {"state": "success", "objective": 0.8, "cost": 1, "suggestion": {"lr": 0.1}}
}
_RUNS: Final = (
    {**_BASE, "sweep": "s1", "name": "silent", "state": "running", "summary": _OPEN},
    {**_BASE, "sweep": "s1", "name": "scored", "state": "finished", "summary": _SCORED},
    {**_BASE, "sweep": "s2", "name": "gone", "state": "crashed", "summary": _OPEN},
    {**_BASE, "sweep": "s2", "name": "done", "group": "night/1", "summary": _DONE},
)
"""What the examples of the documentation expect at the server."""


_SWEEP = """\
method: random
program: train.py
metric: {name: loss, goal: minimize}
parameters: {lr: {min: 0.001, max: 1}}
"""


@dataclass
class Session:
    """A folder, a server, and what the page's commands left in both."""

    folder: Path
    server: EmulatorProcess
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Give the folder and the server what a reader has."""
        self.environment = self.server.environment(self.folder)
        self.environment["PATH"] = f"{BIN}:{self.environment.get('PATH', '')}"
        for name in [name for name in self.environment if name.startswith("XDG_")]:
            del self.environment[name]
        for name in ("cron", "k8s"):
            shutil.copytree(ROOT / name, self.folder / name)
        self.server.seed(_RUNS)
        StateManager(self.folder / ".experiment_state").create("night_1", 2, num_processes=2)
        with TaskManager(self.folder / "manager_state.json", say=lambda _: None) as manager:
            manager.add_all([("first", "", {})])

    def follow(self, block: Block) -> None:
        """Run or check one block; an assertion fails with its place."""
        followers: dict[str, Callable[[Block], None]] = {
            "sh": self._shell,
            "python": self._python,
            "yaml": self._yaml,
        }
        followers[block.language](block)

    # -- sh

    def _shell(self, block: Block) -> None:
        for line in block.text.replace("\\\n", " ").splitlines():
            command = line.split("  #")[0].strip()
            if command:
                self._command(command, _expected(line), block)

    def _command(self, command: str, expected: int, block: Block) -> None:
        checkers: dict[str, Callable[[str], None]] = {
            "make": _check_make,
            "pipx": _check_install,
            "uv": _check_install,
            "pip": _check_install,
            "python3": _check_virtual_environment,
            "docker": self._check_docker,
            "kubectl": self._check_kubectl,
            "install": self._install,
            "systemctl": self._check_systemctl,
        }
        program = command.split(maxsplit=1)[0]
        if command.startswith("janitor emulator serve"):
            self._serve(command)
        elif program in checkers:
            checkers[program](command)
        else:
            assert program in ("janitor", "eval", "python", "pytest"), (
                f"{block}: what runs {command}?"
            )
            self._run(command, expected, block)

    def _run(self, command: str, expected: int, block: Block) -> None:
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == expected, f"{block}: {command}\n{done.stdout}{done.stderr}"

    def _serve(self, command: str) -> None:
        """Start a server, and end it once it is ready; on a free port, as another may be taken."""
        words = re.sub(r"--port \d+", "--port 0", command)
        with subprocess.Popen(
            shlex.split(words),
            executable=shutil.which("janitor", path=self.environment["PATH"]),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert "ready at http://127.0.0.1:" in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=TIMEOUT)
        assert process.returncode == 128 + signal.SIGINT

    def _install(self, command: str) -> None:
        """Run it, with the session's folder as the root of the machine."""
        (self.folder / "janitor.yaml").touch()
        *words, destination = shlex.split(command)
        below = f"{self.folder}{destination}"
        if destination.endswith("/"):
            Path(below).mkdir(parents=True, exist_ok=True)
        subprocess.run([*words, below], cwd=self.folder, check=True, timeout=TIMEOUT)

    def _check_systemctl(self, command: str) -> None:
        """The units that it names were installed before."""
        units = [word for word in shlex.split(command) if word.startswith("janitor.")]
        assert units or command == "systemctl daemon-reload"
        for unit in units:
            assert (self.folder / "etc/systemd/system" / unit).exists(), command

    def _check_docker(self, command: str) -> None:
        words = shlex.split(command)
        version = PROJECT["version"]
        assert f"REGISTRY/wandb-janitor:{version}" in words, command
        if words[1] == "build":
            assert (ROOT / words[words.index("-f") + 1]).is_file(), command

    def _check_kubectl(self, command: str) -> None:
        """Build what it applies; make what it creates, without a server."""
        words = shlex.split(command)[1:]
        match [word for word in words if word not in ("-n", "janitor")]:
            case ["apply", "-k", place] | ["kustomize", place]:
                self._kubectl("kustomize", place)
            case ["create", "namespace"]:
                self._kubectl("create", "namespace", "janitor", "--dry-run=client", "-o", "yaml")
            case ["create", "secret", *_]:
                (self.folder / "api-key").write_text(self.environment["WANDB_API_KEY"])
                self._kubectl(*words, "--dry-run=client", "-o", "yaml")
            case ["logs", "-l", label, "--tail=-1"]:
                manifests = (ROOT / "k8s/base/cronjob.yaml").read_text()
                assert label.replace("=", ": ") in manifests, command
            case _:
                raise AssertionError(f"nothing checks {command}")

    def _kubectl(self, *words: str) -> None:
        done = subprocess.run(
            [tool("kubectl"), *words],
            cwd=self.folder,
            env={**self.environment, "KUBECONFIG": str(self.folder / "none")},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        assert "kind:" in done.stdout, words

    # -- the others

    def _python(self, block: Block) -> None:
        """Save it, if it has a name, for a later command of the page; otherwise run it."""
        name = block.options.get("file")
        if name:
            (self.folder / name).write_text(block.text)
        elif "extra" in block.options:
            compile(block.text, str(block), "exec")  # tests/frameworks runs it
        else:
            script = self.folder / "block.py"
            script.write_text(block.text)
            self._run(f"{sys.executable} block.py", 0, block)

    def _yaml(self, block: Block) -> None:
        """Load it as a janitor.yaml, and keep it if it has a name; others are kept for kubectl.

        A part of a sweep file is loaded with the rest of a small one.
        """
        if block.options.get("part") == "sweep":
            (self.folder / "part.yaml").write_text(f"{_SWEEP}{block.text}")
            SweepConfig.load(self.folder / "part.yaml")
            return
        name = block.options.get("file", "janitor.yaml")
        place = self.folder if "file" in block.options else self.folder / "tried"
        place.mkdir(exist_ok=True)
        (place / name).write_text(block.text)
        if name == "janitor.yaml":
            assert load({}, {}, place).config.targets, block


def _expected(line: str) -> int:
    """The exit code that the line's comment names; 0 without one."""
    found = _EXPECTED.search(line)
    return int(found[1]) if found else 0


def _check_make(command: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in shlex.split(command)[1:]:
        assert f"\n{target}:" in makefile, command


def _check_install(command: str) -> None:
    """It installs this project, with extras that there are."""
    words = shlex.split(command)
    assert words[:-1] in (["pipx", "install"], ["pip", "install"], ["uv", "tool", "install"])
    found = re.fullmatch(r"\.(?:\[([\w,]+)\])?", words[-1])
    assert found, command
    extras = set(found[1].split(",")) if found[1] else set()
    assert extras <= PROJECT["optional-dependencies"].keys(), command


def _check_virtual_environment(command: str) -> None:
    made, _, install = command.partition(" && ")
    place = made.removeprefix("python3 -m venv ")
    assert install == f"{place}/bin/pip install .", command
