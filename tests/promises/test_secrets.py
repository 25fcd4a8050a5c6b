"""Promise 12: no key anywhere, and nothing that a run is called can do harm."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from janitor.emulator import DEFAULT_KEY, Emulator
from tests.promises.service import House, Runs

EVIL = ["=cmd|'/C calc'!A0", "a|b|c", "<script>alert(1)</script>", "\x1b[31mred", "@sum(1)", "x\ny"]


def everything_written(house: House) -> str:
    """All files of the janitor's folders, as one text."""
    folder = house.janitor.folder.parent
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(path.read_text(errors="replace") for path in files)


@pytest.mark.parametrize("verbosity", [(), ("-vv", "--log-format", "json")], ids=" ".join)
def test_the_key_is_in_no_output_and_no_file(
    house: House, emulator: Emulator, verbosity: tuple[str, ...]
) -> None:
    house.seed(Runs().done("r1", display_name="called").done("r2"))
    refused = {"action": "status", "status": 400, "body": f"your key is {DEFAULT_KEY}"}
    emulator.faults.add(match={"field": "upsertBucket", "run": "acme/rl/r2"}, **refused)
    house.hold_write("r1")
    begun = house.begin_fix(*verbosity, "--report", "a.csv", "--report", "a.md")
    house.wait_for_held()
    line = Path(f"/proc/{begun.process.pid}/cmdline").read_bytes()
    assert DEFAULT_KEY.encode() not in line
    emulator.faults.release()
    passed = begun.end()
    assert passed.ended.code == 1
    assert DEFAULT_KEY not in passed.ended.out + passed.ended.err
    assert DEFAULT_KEY not in everything_written(house)


def test_the_key_is_not_in_what_an_outage_says(house: House, emulator: Emulator) -> None:
    house.seed(Runs().done("r1"))
    emulator.faults.add(action="status", status=401, body=DEFAULT_KEY, match={"field": "viewer"})
    ended = house.begin_fix("-vv").end(may_trace=True)
    assert ended.ended.code == 2
    assert DEFAULT_KEY not in ended.ended.out + ended.ended.err
    assert DEFAULT_KEY not in everything_written(house)


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_planted_secret_leaves_the_process(
    house: House, emulator: Emulator, log_format: str
) -> None:
    """The key in names of runs and sweeps, a password in the address, a webhook's tokens."""
    password, token = "pw-of-the-proxy-7", "Zx9wQ-token-of-the-webhook"
    host = emulator.url.removeprefix("http://")
    house.seed(
        Runs()
        .done("r1", display_name=f"trained with {DEFAULT_KEY}")
        .add("r2", heartbeat_at="-10s", display_name=DEFAULT_KEY, summary={"protein.state": "odd"})
        .done("r3")
    )
    refused = {"action": "status", "status": 400, "body": f"{password} and {DEFAULT_KEY}"}
    emulator.faults.add(match={"field": "upsertBucket", "run": "acme/rl/r3"}, **refused)
    files = [f"a{ending}" for ending in (".json", ".csv", ".md", ".html", ".xml")]
    outputs = [word for file in files for word in ("--report", file)]
    ended = house.janitor.run(
        *("fix", "--sweep", "acme/rl/s1", "-vv", "-v", "--log-format", log_format, *outputs),
        *("--metrics-file", "m.prom", "--notify", f"json://{host}/in/{token}"),
        *("--notify-on", "always", "--pushgateway", f"http://me:{password}@{host}"),
        WANDB_BASE_URL=f"http://me:{password}@{host}",
        GITHUB_STEP_SUMMARY=str(house.janitor.folder / "summary.md"),
    )
    assert ended.code == 1
    assert "trained with ***" in ended.out
    written = ended.out + ended.err + everything_written(house)
    for secret in (password, token, DEFAULT_KEY):
        assert secret not in written
    url = f"{emulator.url}/acme/rl/runs/r1"
    changes = json.loads((house.janitor.folder / "a.json").read_text())["changes"]
    assert url in {change["url"] for change in changes}


def test_a_traceback_shows_no_password_of_the_address(house: House, emulator: Emulator) -> None:
    password = "pw/of@the:proxy"
    address = emulator.url.replace("://", f"://me:{password}@")
    ended = house.janitor.run("fix", "--sweep", "acme/rl/s1", "-vv", WANDB_BASE_URL=address)
    assert ended.code == 2
    assert password not in ended.out + ended.err


def test_help_and_config_show_no_key(house: House) -> None:
    for words in (("--help",), ("fix", "--help"), ("config", "show"), ("journal", "list")):
        ended = house.janitor.run(*words)
        assert DEFAULT_KEY not in ended.out + ended.err


def test_names_that_would_do_harm_are_escaped(house: House) -> None:
    runs = Runs()
    for number, name in enumerate(EVIL):
        runs.done(f"r{number}", display_name=name)
    house.seed(runs)
    passed = house.fix("--report", "a.csv", "--report", "a.md")
    folder = house.janitor.folder
    assert "\x1b" not in passed.ended.out
    assert "<script>" not in (folder / "a.md").read_text()
    with (folder / "a.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if re.match(r"[=@\t\r]|[+-]\D", cell)]
    assert {one["name"] for one in passed.report["changes"]} == set(EVIL)  # JSON is data
