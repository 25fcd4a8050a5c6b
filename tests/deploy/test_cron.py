"""Debian's own cron daemon, in a sandbox, with the crontab that we ship."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from janitor.emulator import DEFAULT_KEY, Emulator
from tests.deploy.tools import BIN, CRON, ROOT, only_root, sandbox, tool

PASSES = {
    "repairs": ("--sweep acme/rl/s1", 0),
    "partly": ("--sweep acme/rl/s3 --sweep acme/rl/nowhere", 1),
    "misused": ("--sweep acme/rl/s1 --settle soon", 2),
    "brakes": ("--sweep acme/rl/s2 --max-changes 0", 3),
}
"""What each pass is told besides, and the code with which it ends."""
FINEST_STEP = 60
"""Seconds: cron knows no shorter time than a minute."""


def test_cron_starts_passes_and_mails_of_those_that_failed_or_braked(
    emulator: Emulator, tmp_path: Path
) -> None:
    only_root()
    machine = Machine(tmp_path, emulator)
    emulator.seed(done_run(sweep) for sweep in ("s1", "s2", "s3"))
    with machine.cron():
        machine.wait_for_all()
    assert machine.codes() == {name: code for name, (_, code) in PASSES.items()}
    assert emulator.run("acme/rl/s1").summary["protein.state"] == "success"
    assert emulator.run("acme/rl/s2").summary["protein.state"] == "running"
    mails = machine.mails()
    assert sorted(mails) == ["brakes", "partly"]
    assert "Brake: 1 changes are 1 more than max_changes (0) allows." in mails["brakes"]
    assert "sweep nowhere does not exist" in mails["partly"]
    assert all("To: root\n" in mail for mail in mails.values())
    assert not any(DEFAULT_KEY in text for text in [*mails.values(), *machine.logs().values()])


def done_run(sweep: str) -> dict[str, object]:
    return {
        "project": "acme/rl",
        "sweep": sweep,
        "name": sweep,
        "state": "finished",
        "created_at": "-5h",
        "heartbeat_at": "-2h",
        "summary": {"protein.state": "running", "protein.objective": 0.5},
    }


class Machine:
    """A machine of its own: /etc, /var and /tmp; the programs are this machine's."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        for name in ("etc/janitor", "etc/cron.d", "etc/pam.d", "opt", "tmp", "state", "log"):
            (folder / name).mkdir(parents=True)
        self._write("etc/janitor/janitor.yaml", "settle: 5m\n")
        variables = f"WANDB_API_KEY={DEFAULT_KEY}\nWANDB_BASE_URL={emulator.url}\n"
        self._write("etc/janitor/janitor.env", variables)
        self._write("etc/passwd", "root:x:0:0::/root:/bin/sh\njanitor:x:0:0::/var/lib:/bin/sh\n")
        self._write("etc/group", "root:x:0:\n")
        self._write("etc/shadow", "root:*:1::::::\njanitor:*:1::::::\n", mode=0o600)
        permit = "".join(f"{kind} required pam_permit.so\n" for kind in ("account", "session"))
        self._write("etc/pam.d/cron", permit + "auth required pam_permit.so\n")
        self._write("etc/cron.d/janitor", self._crontab())
        self._write(
            "sendmail",
            "#!/bin/sh\ncd /var/log/janitor && cat >.$$ && mv .$$ mail.$$\n",
            mode=0o755,
        )
        for name, path in (
            ("janitor", BIN / "janitor"),
            ("janitor-pass", CRON / "janitor-pass"),
        ):
            (folder / "opt" / name).symlink_to(path)

    def _write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)

    def _crontab(self) -> str:
        """Ours, with a pass of each kind in place of the one, every minute."""
        shipped = (CRON / "crontab").read_text()
        (line,) = re.findall(r"^7-59/15 .*\n", shipped, re.MULTILINE)
        lines = [
            line.replace("7-59/15", "*")
            .replace("janitor-pass", f"STATE_DIRECTORY=/var/lib/janitor/{name} janitor-pass")
            .replace("janitor-pass", f"LOGS_DIRECTORY=/var/log/janitor/{name} janitor-pass")
            .replace("\n", f" {options}\n")
            for name, (options, _) in PASSES.items()
        ]
        return shipped.replace(line, "".join(lines))

    @contextmanager
    def cron(self) -> Iterator[None]:
        """While the daemon runs; everything that it started ends with it."""
        daemon, folder = tool("cron"), self.folder
        binds: list[str | Path] = ["--unshare-uts", "--cap-add", "ALL"]
        binds += ["--bind", folder / "tmp", "/tmp", "--ro-bind", ROOT, ROOT]
        binds += ["--tmpfs", "/etc"]
        for path in (folder / "etc").iterdir():
            binds += ["--ro-bind", path, f"/etc/{path.name}"]
        for name in ("ld.so.cache", "localtime", "nsswitch.conf", "hosts", "ssl", "alternatives"):
            binds += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
        binds += ["--tmpfs", "/run", "--tmpfs", "/var", "--symlink", "/run", "/var/run"]
        binds += ["--dir", "/var/spool/cron/crontabs"]
        binds += ["--bind", folder / "state", "/var/lib/janitor"]
        binds += ["--bind", folder / "log", "/var/log/janitor"]
        binds += ["--tmpfs", "/opt", "--ro-bind", folder / "opt", "/opt/janitor/bin"]
        binds += ["--tmpfs", "/usr/sbin", "--ro-bind", daemon, "/usr/sbin/cron"]
        binds += ["--ro-bind", folder / "sendmail", "/usr/sbin/sendmail"]
        with (folder / "cron.out").open("w") as out:
            running = subprocess.Popen(
                [*sandbox(*binds), "/usr/sbin/cron", "-f", "-L", "15"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        try:
            yield
        finally:
            running.terminate()
            running.wait(10)

    def wait_for_all(self) -> None:
        """Until each pass has ended once, and the mails have gone."""
        until = time.monotonic() + FINEST_STEP + 30
        while len(self.codes()) < len(PASSES) or len(self.mails()) < 2:
            said = (self.folder / "cron.out").read_text()
            assert time.monotonic() < until, (said, self.logs(), self.mails())
            time.sleep(0.2)

    def logs(self) -> dict[str, str]:
        """The log of each pass."""
        found = self.folder.glob("log/*/janitor.log")
        return {path.parent.name: path.read_text() for path in found}

    def codes(self) -> dict[str, int]:
        """The code with which each pass ended that did, the first time."""
        ended = {name: re.search(r"exit (\d+)\n", log) for name, log in self.logs().items()}
        return {name: int(found[1]) for name, found in ended.items() if found}

    def mails(self) -> dict[str, str]:
        """Each mail, by the name of the pass that it describes."""
        texts = [path.read_text() for path in self.folder.glob("log/mail.*")]
        return {name: text for text in texts for name in PASSES if f"janitor/{name} " in text}
