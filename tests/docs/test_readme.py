"""The README says what is so: its commands run, its tables are those of the code."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from janitor.emulator import EmulatorProcess
from janitor.rules import RULE_IDS
from tests.readme.generated import PARTS, README, ROOT, renewed

TEXT = README.read_text(encoding="utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
LINES = [line.split("  #")[0].strip() for block in SHELL for line in block.splitlines() if line]
COMMANDS = [line for line in LINES if line.startswith("janitor ")]
SERVERS = ("janitor emulator serve",)
"""Commands that do not end by themselves."""


def test_generated_parts_are_those_of_the_code() -> None:
    assert renewed(TEXT) == TEXT, "run `make readme`"


def test_every_generated_part_stands_in_the_readme() -> None:
    assert set(re.findall(r"<!-- generated: ([a-z ]+) -->", TEXT)) == set(PARTS)


def test_every_rule_is_in_the_table_of_rules() -> None:
    assert [rule for rule in RULE_IDS if f"| `{rule}` |" not in TEXT] == []


def test_every_link_within_the_project_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_file_named_in_backticks_exists() -> None:
    named = re.findall(r"`((?:tests|janitor|cron|k8s|examples)/[\w./-]+)`", TEXT)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_quick_start_is_word_for_word_what_make_knows() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [line.split()[1] for line in LINES if line.startswith("make ")]
    assert {"demo", "test"} <= set(targets)
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as emulator:
        base = {"project": "acme/rl", "sweep": "s1", "created_at": "-3h", "heartbeat_at": "-2h"}
        emulator.seed(
            [
                {
                    **base,
                    "name": "silent",
                    "state": "running",
                    "summary": {"protein.state": "running"},
                },
                {
                    **base,
                    "name": "done",
                    "group": "night/1",
                    "summary": {"protein.state": "running", "protein.objective": 0.9},
                },
            ]
        )
        yield emulator


def test_every_command_runs_as_it_is_written(server: EmulatorProcess, tmp_path: Path) -> None:
    environment = server.environment(tmp_path)
    assert len(COMMANDS) > 5
    for line in COMMANDS:
        words = [sys.executable, "-m", *shlex.split(line)]
        if line.startswith(SERVERS):
            words.append("--help")
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
