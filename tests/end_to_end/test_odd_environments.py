"""Odd logins, addresses and locales: each works, or ends with one sentence and exit code 2."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from janitor.emulator import DEFAULT_KEY, Emulator
from tests.end_to_end.janitor_process import Janitor, Runs
from tests.support.reverse_proxy import reverse_proxy

EMPTY = (
    *("WANDB_ENTITY", "WANDB_PROJECT", "WANDB_MODE", "WANDB_DIR", "WANDB_CONFIG_DIR"),
    *("WANDB_SERVICE", "WANDB_RUN_ID", "WANDB_HTTP_TIMEOUT", "WANDB_IDENTITY_TOKEN_FILE"),
)
STATE = "protein.state"


@pytest.mark.parametrize(
    "changes",
    [
        {"WANDB_API_KEY": f"{DEFAULT_KEY}\n"},
        {"WANDB_PROJECT": "acme/rl", "WANDB_RUN_ID": "a/b"},
        dict.fromkeys(EMPTY, ""),
    ],
    ids=["a key from a file", "slashes", "empty variables"],
)
def test_a_pass_works_with(
    emulator: Emulator, janitor: Janitor, changes: dict[str, str | None]
) -> None:
    emulator.seed(Runs().done("done").seeds)
    janitor.fix(code=0, **changes)
    assert emulator.run("acme/rl/done").summary[STATE] == "success"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"WANDB_API_KEY": " \n"}, "no credentials for W&B at"),
        ({"WANDB_API_KEY": f"{DEFAULT_KEY} {DEFAULT_KEY}"}, "the credentials .* are malformed"),
        ({"WANDB_HTTP_TIMEOUT": "soon"}, "correct the variable WANDB_HTTP_TIMEOUT"),
        ({"WANDB_BASE_URL": ""}, "setting base_url .WANDB_BASE_URL"),
        (
            {"WANDB_API_KEY": None, "WANDB_IDENTITY_TOKEN_FILE": "/nonexistent"},
            "the credentials .* cannot be used: .*identity token file",
        ),
    ],
    ids=["blank key", "two keys", "timeout", "empty address", "missing token"],
)
def test_a_pass_is_refused_for(
    emulator: Emulator, janitor: Janitor, changes: dict[str, str | None], said: str
) -> None:
    emulator.seed(Runs().done("done").seeds)
    ended = janitor.fix(code=2, **changes)
    complaint = ended.complaint()
    assert re.search(said, complaint), complaint
    assert "bug" not in complaint


@pytest.mark.parametrize("code", [301, 308])
def test_a_server_that_redirects_is_named_with_the_address_to_use(
    emulator: Emulator, janitor: Janitor, code: int
) -> None:
    emulator.seed(Runs().done("done").seeds)
    with reverse_proxy(emulator.url, redirect=code) as address:
        ended = janitor.fix(code=2, WANDB_BASE_URL=address)
    said = f"W&B at {address} redirects to {emulator.url}: set WANDB_BASE_URL to that address"
    assert ended.complaint() == said


def test_under_a_path_prefix_every_command_takes_the_address_of_a_page(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(Runs().done("done").add("grouped", sweep=None, group="night/1").seeds)
    with reverse_proxy(emulator.url, prefix="/wandb") as address:
        page = f"{address}/acme/rl"
        targets = ("--project", page, "--sweep", f"{page}/sweeps/s1")
        group = ("--group", f"{page}/groups/night%2F1/workspace")
        passed = janitor.ends(
            0, "fix", *targets, *group, "--report", "r.json", WANDB_BASE_URL=address
        )
        assert "1 of 2 runs was repaired" in passed.out
        (change,) = json.loads((janitor.folder / "r.json").read_text())["changes"]
        assert change["url"] == f"{page}/runs/done"
        explained = janitor.ends(0, "explain", f"{page}/runs/done", WANDB_BASE_URL=address)
        assert "acme/rl/done" in explained.out
        undone = janitor.ends(
            0, "undo", "r.json", "--run", f"{page}/runs/done/overview", WANDB_BASE_URL=address
        )
        assert "1 of 1 run was restored" in undone.out


def test_in_a_latin_1_locale_names_are_escaped_and_nothing_is_lost(
    emulator: Emulator, janitor: Janitor, tmp_path: Path
) -> None:
    locales = tmp_path / "locales"
    locales.mkdir()
    made = subprocess.run(
        ["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(locales / "en_US")],
        check=False,
        capture_output=True,
    )
    if not (locales / "en_US").is_dir():
        pytest.skip(f"this system cannot make the locale: {made.stderr!r:.200}")
    latin = {"LOCPATH": str(locales), "LC_ALL": "en_US", "PYTHONUTF8": None}
    emulator.seed(Runs().done("done", display_name="学習-1").seeds)
    passed = janitor.fix("--report", "r.json", "--metrics-file", "m.prom", code=0, **latin)
    assert r"\u5b66\u7fd2-1" in passed.out
    assert (janitor.folder / "m.prom").exists()
    for words in (("report", "show", "r.json"), ("explain", "acme/rl/done"), ("undo", "r.json")):
        janitor.ends(0, *words, **latin)
    assert emulator.run("acme/rl/done").summary[STATE] == "running"
