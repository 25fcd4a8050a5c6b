"""The janitor's container as its manifest asks for it, in a sandbox in place of a cluster.

Its user, its file system, its mounts, its arguments and its environment are read from the rendered
manifest; programs and libraries are this machine's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from janitor.emulator import DEFAULT_KEY, Handle
from tests.deploy.manifests import Manifest, job
from tests.deploy.tools import BIN, ROOT, sandbox

JOB = "janitor-29384756"
"""The Job that the CronJob made."""
_PROGRAMS = tuple(dict.fromkeys([Path(sys.base_prefix), BIN.parent, ROOT]))
"""Where Python, the janitor and this checkout are."""


class Pod:
    """One pod of a CronJob."""

    def __init__(
        self,
        manifests: tuple[Manifest, ...],
        folder: Path,
        emulator: Handle,
        *,
        index: int | None = None,
        cronjob: str = "janitor",
    ) -> None:
        self.pod = job(manifests, cronjob)["template"]["spec"]
        (self.container,) = self.pod["containers"]
        self.folder = folder
        self.emulator = emulator
        self.given = {"POD_NAME": f"{JOB}-xk2p9"}
        if index is not None:
            self.given = {"POD_NAME": f"{JOB}-{index}-xk2p9", "JOB_COMPLETION_INDEX": str(index)}
        for volume in self.pod["volumes"]:
            (folder / volume["name"]).mkdir(parents=True, exist_ok=True)

    def run(
        self, *more: str, settings: str = "targets: [{project: acme/rl}]\n"
    ) -> subprocess.CompletedProcess[str]:
        """Run its containers to their ends, the janitor's with further arguments."""
        if (self.folder / "config").is_dir():
            (self.folder / "config/janitor.yaml").write_text(settings)
        for each in self.pod.get("initContainers", ()):
            self._run(each, each["command"]).check_returncode()
        words = self.container.get("command", [str(BIN / "janitor")])
        words = [self._expanded(each) for each in [*words, *self.container.get("args", ())]]
        return self._run(self.container, [*words, *more])

    def look(self, script: str) -> str:
        """What a shell command in the janitor's container prints."""
        done = self._run(self.container, ["sh", "-c", script])
        return done.stdout + done.stderr

    def _expanded(self, text: str) -> str:
        """As the kubelet does; a name that is not known stays as it is."""
        return re.sub(r"\$\((\w+)\)", lambda found: self.given.get(found[1], found[0]), text)

    def _environment(self, variables: list[dict[str, Any]]) -> dict[str, str]:
        """Ours, and what the cluster's server is; nothing else, so no HOME."""
        found = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "WANDB_BASE_URL": self.emulator.url,
            **self.given,
        }
        for each in variables:
            source = each.get("valueFrom", {})
            if "secretKeyRef" in source:
                found[each["name"]] = DEFAULT_KEY
            elif "value" in each:
                found[each["name"]] = each["value"]
        return found

    def _run(self, what: Any, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = self._environment(what.get("env", []))
        options: list[str | Path] = ["--unshare-user", "--clearenv"]
        for name, value in environment.items():
            options += ["--setenv", name, value]
        security = self.pod["securityContext"] | what["securityContext"]
        options += ["--uid", str(security["runAsUser"]), "--gid", str(security["runAsGroup"])]
        options += [*self._file_system(), *self._mounts(what)]
        assert security["readOnlyRootFilesystem"]
        options += ["--remount-ro", "/", "--chdir", "/"]
        return subprocess.run(
            [*sandbox(*options), *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _file_system(self) -> list[str | Path]:
        """Programs, libraries, certificates; no home, no user name, no temporary folder."""
        options: list[str | Path] = ["--tmpfs", "/"]
        for top in sorted(Path("/").iterdir()):
            if top.is_symlink():
                options += ["--symlink", top.readlink(), top]
            elif top.name in {"usr", "lib", "lib64", "bin", "sbin"}:
                options += ["--ro-bind", top, top]
        for name in ("ld.so.cache", "ssl", "nsswitch.conf", "hosts", "resolv.conf"):
            options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
        for place in _PROGRAMS:
            options += ["--ro-bind", place, place]
        return [*options, "--dev", "/dev", "--proc", "/proc"]

    def _mounts(self, what: Any) -> list[str | Path]:
        options: list[str | Path] = []
        for mount in what["volumeMounts"]:
            how = "--ro-bind" if mount.get("readOnly") else "--bind"
            options += [how, self.folder / mount["name"], mount["mountPath"]]
            # A volume over the folder in which this checkout lies would hide it.
            for place in _PROGRAMS:
                if place.is_relative_to(mount["mountPath"]):
                    options += ["--ro-bind", place, place]
        return options
