"""Where the janitor runs: containers without a home, terminals, pipes; and what it never shows."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from janitor.emulator import DEFAULT_KEY, Emulator
from tests.end_to_end.janitor_process import Ended, Janitor, Runs, at_a_terminal, checked

NOBODY = 65532
SWEEP = ("fix", "--sweep", "acme/rl/s1")


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder that an unknown user may write, and nothing else."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
        try:
            readable = not _anywhere(["-c", "import janitor.cli"], {}, Path(folder), NOBODY).code
        except PermissionError:
            readable = False
        if not readable:
            pytest.skip("an unknown user cannot read this Python or this checkout")
        yield Path(folder)


def _anywhere(
    words: list[str], environment: dict[str, str], temporary: Path, user: int | None = None
) -> Ended:
    """Run Python at the root of the file system, as this user or another."""
    done = subprocess.run(
        [sys.executable, *words],
        env=environment | {"TMPDIR": str(temporary), "PATH": "/bin"},
        cwd="/",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return checked(Ended(done.returncode, done.stdout, done.stderr, 0))


def _check_the_pass(ended: Ended, emulator: Emulator, temporary: Path, user: int) -> None:
    assert ended.code == 0
    place = f"{temporary}/janitor-{user}, a folder for temporary files"
    assert f"journals are kept in {place}" in ended.err
    assert "1 of 1 run was repaired" in ended.out
    assert emulator.run("acme/rl/done").summary["protein.state"] == "success"
    (folder,) = temporary.iterdir()
    assert folder.name == f"janitor-{user}"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(list(folder.iterdir())) == 1


def test_as_an_unknown_user_who_may_write_a_temporary_folder_alone_it_works(
    emulator: Emulator, folder_of_nobody: Path
) -> None:
    emulator.seed(Runs().done("done").seeds)
    environment = {"WANDB_BASE_URL": emulator.url, "WANDB_API_KEY": DEFAULT_KEY}
    ended = _anywhere(["-m", "janitor", *SWEEP], environment, folder_of_nobody, NOBODY)
    _check_the_pass(ended, emulator, folder_of_nobody, NOBODY)


def test_without_a_home_it_works(emulator: Emulator, tmp_path: Path) -> None:
    emulator.seed(Runs().done("done").seeds)
    environment = {"WANDB_BASE_URL": emulator.url, "WANDB_API_KEY": DEFAULT_KEY}
    unknown = "import pwd, sys; pwd.getpwuid = lambda uid: {}[uid]; sys.argv[0] = 'janitor'"
    words = ["-c", f"{unknown}; from janitor.cli import main; main()", *SWEEP]
    _check_the_pass(_anywhere(words, environment, tmp_path), emulator, tmp_path, os.geteuid())


@pytest.mark.parametrize("made_by_another", ["a link", "an open folder", "a folder of another"])
def test_a_temporary_folder_that_another_user_made_is_refused(
    made_by_another: str, emulator: Emulator, folder_of_nobody: Path
) -> None:
    emulator.seed(Runs().done("done").seeds)
    folder = folder_of_nobody / f"janitor-{NOBODY}"
    if made_by_another == "a link":
        (folder_of_nobody / "other").mkdir(mode=0o777)
        folder.symlink_to("other")
    else:
        folder.mkdir(mode=0o700)
    if made_by_another == "an open folder":
        os.chown(folder, NOBODY, NOBODY)
        folder.chmod(0o777)
    environment = {"WANDB_BASE_URL": emulator.url, "WANDB_API_KEY": DEFAULT_KEY}
    ended = _anywhere(["-m", "janitor", *SWEEP], environment, folder_of_nobody, NOBODY)
    assert ended.code == 2
    assert f"cannot use {folder}" in ended.err
    assert "name another with --journal" in ended.err
    assert emulator.counts.mutations == 0


def test_a_passes_own_folder_is_all_that_it_leaves_at_home(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(Runs().done("done").seeds)
    environ = {name: None for name in janitor.environment if name.endswith("_DIR")}
    janitor.run(*SWEEP, **environ)
    home = Path(janitor.environment["HOME"])
    left = [path for path in home.rglob("*") if path.is_file()]
    assert [path.parent for path in left] == [home / ".local/state/janitor/journals"]
    assert janitor.files() == []
    assert list(Path(janitor.environment["TMPDIR"]).iterdir()) == []


def test_at_a_terminal_there_are_tables_and_colours_but_with_no_color_none(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(Runs().done("done").seeds)
    coloured = at_a_terminal(janitor, *SWEEP, "--dry-run", TERM="xterm-256color")
    assert coloured.code == 0
    assert "Changes" in coloured.out
    assert "\x1b[36mplanned" in coloured.out
    plain = at_a_terminal(janitor, *SWEEP, "--dry-run", TERM="xterm-256color", NO_COLOR="1")
    assert "Changes" in plain.out
    assert "\x1b[36m" not in plain.out


def test_in_a_pipe_there_are_plain_lines(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(Runs().done("done").alive("alive").seeds)
    piped = janitor.fix("--dry-run")
    assert "\x1b" not in piped.out + piped.err
    assert piped.out.startswith("Nothing was written (dry run). 1 of 2 runs needs a change")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_the_key_is_nowhere_even_in_what_vv_shows(
    log_format: str, emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(Runs().done("done").seeds)
    emulator.faults.add(action="status", status=503, match={"field": "upsertBucket"}, times=1)
    words = ("-vv", "--log-format", log_format, "--report", "report.json", "--report", "report.md")
    janitor.fix(*words)  # every output is searched for the key
    written = [path for path in Path(janitor.environment["HOME"]).rglob("*") if path.is_file()]
    for path in [*written, *janitor.folder.iterdir()]:
        assert DEFAULT_KEY not in path.read_text(), path
