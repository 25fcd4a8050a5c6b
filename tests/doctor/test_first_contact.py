"""``janitor doctor``, ``janitor init`` and ``janitor completion`` as people run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from janitor.emulator import DEFAULT_KEY, Emulator
from tests.end_to_end.janitor_process import Janitor, Runs, janitor_of


@pytest.fixture
def janitor(emulator: Emulator, tmp_path: Path) -> Janitor:
    return janitor_of(emulator, tmp_path)


def some_runs() -> list[dict[str, Any]]:
    return (
        Runs().done("a").silent("b", sweep="s2").add("c", summary={"protein.state": "gone"}).seeds
    )


def levels(out: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in out.splitlines()[:-1]:
        level, check = line[:4].strip(), line[6:].partition(":")[0]
        found.setdefault(check, []).append(level)
    return found


def test_all_is_well_and_nothing_is_written(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    ended = janitor.ends(0, "doctor", "--project", "acme/rl")
    told = levels(ended.out)
    assert {check: levels for check, levels in told.items() if levels != ["ok"]} == {
        "vocabulary": ["warn"]
    }
    assert list(told) == [
        "python", "wandb", "pyjanitor", "settings", "journal", "credentials", "login", "clock",
        "read", "write", "page size", "summary keys", "vocabulary", "consumers",
    ]  # fmt: skip
    assert "1 run says 'gone', which is unknown" in ended.out
    assert "readable: 3 runs in 2 sweeps" in ended.out
    assert ended.out.endswith("nothing failed\n")
    assert emulator.counts.mutations == 0


def test_the_write_check_writes_the_name_that_the_run_has(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(Runs().done("a", display_name="lively-sweep-7").seeds)
    ended = janitor.ends(0, "doctor", "--sweep", "acme/rl/s1", "--write-check")
    assert "writable: the display name of acme/rl/a was written again" in ended.out
    assert emulator.counts.mutations == 1
    after = emulator.run("acme/rl/a")
    assert after.display_name == "lively-sweep-7"
    assert after.summary["protein.state"] == "running"


def test_what_may_only_be_read_fails_the_write_check(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    emulator.configure(users={DEFAULT_KEY: "ann"}, permissions={"ann": {"acme": "read"}})
    ended = janitor.ends(1, "doctor", "--sweep", "acme/rl/s1", "--write-check", "--json")
    report = json.loads(ended.out)
    assert (report["schema"], report["healthy"]) == ("janitor.doctor/1", False)
    failed = [finding for finding in report["findings"] if finding["level"] == "fail"]
    assert [(f["check"], f["target"]) for f in failed] == [("write", "sweep acme/rl/s1")]
    assert "permission denied" in failed[0]["message"]
    assert "ask an admin" in failed[0]["advice"]


def test_a_target_that_is_not_there_fails_and_the_others_are_looked_at(
    emulator: Emulator, janitor: Janitor
) -> None:
    emulator.seed(some_runs())
    words = ["--sweep", "acme/rl/nope", "--sweep", "acme/rl/s1"]
    ended = janitor.ends(1, "doctor", *words)
    assert (
        "fail  read: sweep acme/rl/nope: sweep nope does not exist in project acme/rl" in ended.out
    )
    assert "ok    read: sweep acme/rl/s1: readable" in ended.out
    assert ended.out.endswith("1 failed\n")


def test_what_the_server_cannot_do_is_reported(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    emulator.configure(summary_keys="refuse", max_page=500, max_page_action="error")
    emulator.advance(600)
    told = janitor.ends(0, "doctor", "--project", "acme/rl").out
    assert "warn  page size: 500 runs per page work, 1000 do not; set page_size: 500" in told
    assert "warn  summary keys: the server does not support" in told
    assert "warn  clock: the server's is " in told
    assert "ahead of this machine's; ages are measured by the server's" in told


def test_a_server_out_of_reach_and_bad_settings_are_findings_too(janitor: Janitor) -> None:
    ended = janitor.ends(1, "doctor", "--settle", "-5", WANDB_BASE_URL="http://127.0.0.1:9")
    assert "fail  settings: --settle must not be negative" in ended.out
    assert "fail  server: W&B at http://127.0.0.1:9 cannot be reached" in ended.out
    assert ended.seconds < 20


def test_without_credentials_the_doctor_says_what_to_do(janitor: Janitor) -> None:
    ended = janitor.ends(1, "doctor", WANDB_API_KEY=None)
    assert "warn  credentials: none in WANDB_API_KEY" in ended.out
    assert "fail  server: no credentials for W&B" in ended.out


def test_without_any_setting_the_doctor_names_one_server_the_one_of_wandb(janitor: Janitor) -> None:
    ended = janitor.ends(1, "doctor", WANDB_API_KEY=None, WANDB_BASE_URL=None)
    assert len(hosts := re.findall(r"wandb login --host ([^`]+)`", ended.out)) == 2, ended.out
    assert len(set(hosts)) == 1


def test_advice_stands_once_and_a_bad_setting_is_the_users_to_correct(janitor: Janitor) -> None:
    ended = janitor.ends(1, "doctor", WANDB_BASE_URL="nonsense")
    told = next(line for line in ended.out.splitlines() if line.startswith("fail  server"))
    assert "wandb's setting base_url (WANDB_BASE_URL" in told
    assert "if that does not help" in told
    ended = janitor.ends(1, "doctor", WANDB_API_KEY="short")
    told = next(line for line in ended.out.splitlines() if line.startswith("fail  server"))
    assert told.count("WANDB_API_KEY") == 1


def logged(emulator: Emulator, run: str, gap: int, steps: int) -> None:
    """Let a run's process send a history, as the SDK does."""
    rows = [json.dumps({"_step": n, "_timestamp": 1.79e9 + n * gap}) for n in range(steps)]
    body = {
        "files": {"wandb-history.jsonl": {"offset": 0, "content": rows}},
        "complete": True,
        "exitcode": 0,
    }
    entity, project, name = run.split("/")
    address = f"{emulator.url}/files/{entity}/{project}/{name}/file_stream"
    requests.post(address, json=body, auth=("api", DEFAULT_KEY), timeout=10).raise_for_status()


def test_init_writes_settings_for_what_it_saw(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    logged(emulator, "acme/rl/a", gap=1200, steps=40)
    ended = janitor.ends(0, "init", "--project", "acme/rl")
    text = (janitor.folder / "janitor.yaml").read_text()
    assert yaml.safe_load(text) == {
        "targets": [{"project": "acme/rl"}],
        "heartbeat_timeout": "1h",
    }
    assert "#   acme/rl/s2, RUNNING: 1 run\n" in text
    assert "of 39\n# gaps between log entries, 99.9 % are within 20 minutes." in text
    assert "# Unknown state, so such runs are held: 'gone'" in text
    assert "7-59/15 * * * * " in ended.out
    assert "kubectl apply -k k8s/overlays/dry-run" in ended.out
    assert emulator.counts.mutations == 0
    janitor.ends(0, "fix", "--dry-run")


def test_what_init_suggests_in_comments_can_be_used(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    janitor.ends(0, "init", "--project", "acme/rl")
    file = janitor.folder / "janitor.yaml"
    settings = ("vocabulary:", "evaluation_timeout:", "settle:", "crash_grace:", "objective:",
                "ignore:", "active_since:", "limits:", "rules:", "  ", "report:")  # fmt: skip
    lines = [
        line.removeprefix("# ")
        if line.startswith(tuple(f"# {start}" for start in settings))
        else line
        for line in file.read_text().splitlines()
    ]
    kept = [
        line for line in lines if not line.lstrip().startswith(("- {sweep: ENTITY", "acme/rl/"))
    ]
    file.write_text("\n".join(kept))
    shown = json.loads(janitor.ends(0, "config", "show", "--json").out)["settings"]
    assert shown["rules.own"]["value"][0]["id"] == "stale-setup"
    assert shown["ignore.older_than"]["value"] == "90d"
    assert shown["objective"]["value"] == "auto"


def test_init_overwrites_nothing_unasked(emulator: Emulator, janitor: Janitor) -> None:
    emulator.seed(some_runs())
    file = janitor.folder / "janitor.yaml"
    file.write_text("settle: 1m\n")
    complaint = janitor.ends(2, "init", "--project", "acme/rl").complaint()
    assert complaint.startswith("janitor.yaml already exists")
    assert file.read_text() == "settle: 1m\n"
    janitor.ends(0, "init", "--project", "acme/rl", "--overwrite")
    assert "heartbeat_timeout: 30m" in file.read_text()


def test_init_says_what_it_cannot_look_at(janitor: Janitor) -> None:
    assert (
        "project acme/nope does not exist"
        in janitor.ends(2, "init", "--project", "acme/nope").complaint()
    )
    assert "name a --project" in janitor.ends(2, "init").complaint()
    assert janitor.files() == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_its_completion_script(shell: str, janitor: Janitor) -> None:
    script = janitor.ends(0, "completion", shell).out
    assert f"_JANITOR_COMPLETE={shell}_complete" in script
    assert "_janitor_completion" in script


def test_bash_completes_commands_and_options(janitor: Janitor) -> None:
    script = janitor.ends(0, "completion", "bash").out
    words = 'COMP_WORDS=(janitor doc); COMP_CWORD=1; _janitor_completion janitor; echo "$COMPREPLY"'
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{words}"],
        env=janitor.environment | {"PATH": path},
        cwd=janitor.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "doctor\n", done.stderr
