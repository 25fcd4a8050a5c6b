"""The command line as a whole: in this process, and as one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import janitor
from janitor.cli.command import Group
from janitor.cli.root import cli

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("JANITOR_"):
            monkeypatch.delenv(name)


def run(*args: str, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(cli, args)


def run_process(*args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "janitor", *args],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def all_commands(group: Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str]]:
    found = [(path, group.get_short_help_str(500))]
    for name in group.lazy:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, Group):
            found += all_commands(command, (*path, name))
        else:
            found.append(((*path, name), command.get_short_help_str(500)))
    return found


def modules_after(*args: str) -> set[str]:
    code = (
        "import sys; from janitor.cli.root import cli; cli.main(sys.argv[1:], prog_name='janitor')"
    )
    script = (
        f"import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{code}"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *args], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("flag", ["--help", "--version", "-h"])
def test_help_and_version_import_nothing_heavy(flag: str) -> None:
    heavy = {"wandb", "pandas", "numpy", "pydantic", "structlog", "rich", "yaml", "requests"}
    assert modules_after(flag) & heavy == set()


def test_importing_the_package_imports_no_third_party_module() -> None:
    code = "import janitor, sys; print(*sys.modules)"
    fresh = [sys.executable, "-S", "-c", code]
    path = str(Path(janitor.__file__).parents[1])
    done = subprocess.run(
        fresh, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path}
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded - set(sys.stdlib_module_names) - {"__main__"} == {"janitor"}


def test_the_version_is_printed() -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"janitor {janitor.__version__}\n")


@pytest.mark.parametrize(("path", "summary"), all_commands(cli))
def test_every_command_has_help_and_the_options_of_all(path: tuple[str, ...], summary: str) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert summary.split(maxsplit=1)[0] in result.stdout
    assert "-v, --verbose" in result.stdout
    assert "--log-format" in result.stdout
    assert "\\b" not in result.stdout


@pytest.mark.parametrize("path", [[], ["config"]])
def test_the_list_of_commands_names_each_with_a_line_of_its_own(path: list[str]) -> None:
    group = cli.get_command(click.Context(cli), path[0]) if path else cli
    assert isinstance(group, Group)
    shown = run(*path, "--help").stdout.partition("Commands:")[2].split()
    for name, lazy in group.lazy.items():
        words = [name, *lazy.summary.split()]
        place = shown.index(name)
        assert shown[place : place + len(words)] == words


@pytest.mark.parametrize(
    "args",
    [
        ["-v", "config", "show"],
        ["config", "-v", "show"],
        ["config", "show", "-v"],
        ["--log-format", "json", "config", "show", "-vv"],
        ["config", "show", "--log-format", "console"],
    ],
)
def test_v_and_log_format_are_taken_everywhere(args: list[str]) -> None:
    assert run(*args).exit_code == 0


def test_without_a_command_the_help_is_printed_and_the_code_says_usage() -> None:
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Commands:" in result.stderr


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["fxi"], "No such command 'fxi'"),
        (["confg"], "No such command 'confg'; did you mean 'config'?"),
        (["config", "shwo"], "No such command 'shwo'; did you mean 'show'?"),
        (["config", "show", "--settel", "1"], "No such option"),
        (["config", "show", "--settle"], "Option '--settle' requires an argument"),
        (["config", "schema", "extra"], "Got unexpected extra argument (extra)"),
        (["config", "show", "--log-format", "xml"], "'xml' is not one of 'console', 'json'"),
        (["config", "show", "--settle", "-5m"], "--settle must not be negative, but is '-5m'"),
        (["config", "show", "--sweep", "acme"], "sweep 'acme' has too few parts: write ENTITY"),
        (
            ["config", "show", "--config", "no.yaml"],
            "names no.yaml, but this file does not exist",
        ),
        (["config", "show", "--config", "."], ".: is a folder, not a file"),
        (["config", "show", "--disable-rule", "x"], "--disable-rule must be the ID of a rule"),
    ],
)
def test_bad_usage_is_one_sentence_on_stderr_and_exit_code_2(
    args: list[str], sentence: str
) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("janitor: ")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_config_show_names_each_value_and_where_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "janitor.yaml").write_text(
        "targets: [{group: acme/rl/night 1/2}]\nvocabulary: {failure: failed}\nsettle: 2m\n"
    )
    result = run("config", "show", "--crash-grace", "1h", JANITOR_HEARTBEAT_TIMEOUT="45m")
    assert result.exit_code == 0
    rows = [line.split("  ") for line in result.stdout.splitlines()]
    shown = {row[0]: [cell.strip() for cell in row[1:] if cell] for row in rows}
    assert shown["targets"] == ["group: acme/rl/night 1/2", "janitor.yaml"]
    assert shown["settle"] == ["2m", "janitor.yaml"]
    assert shown["vocabulary"] == ["failure: failed", "janitor.yaml"]
    assert shown["crash_grace"] == ["1h", "flag --crash-grace"]
    assert shown["heartbeat_timeout"] == ["45m", "environment JANITOR_HEARTBEAT_TIMEOUT"]
    assert shown["evaluation_timeout"] == ["(not set)", "default"]
    assert shown["stand_down.enabled"] == ["true", "default"]


def test_config_show_as_json_is_for_other_programs(tmp_path: Path) -> None:
    (tmp_path / "janitor.yaml").write_text("limits: {max_changes: 3}")
    shown = json.loads(run("config", "show", "--json").stdout)
    assert shown["file"] == str(tmp_path / "janitor.yaml")
    assert shown["settings"]["limits.max_changes"] == {"value": 3, "from": "janitor.yaml"}
    assert shown["settings"]["settle"] == {"value": "5m", "from": "default"}


def test_config_schema_prints_json() -> None:
    schema = json.loads(run("config", "schema").stdout)
    assert schema["title"] == "janitor.yaml"
    assert "heartbeat_timeout" in schema["properties"]


def test_a_misspelt_variable_is_warned_of_on_stderr() -> None:
    result = run("config", "show", JANITOR_SETTEL="5m")
    assert result.exit_code == 0
    assert "did you mean 'JANITOR_SETTLE'?" in result.stderr
    assert "JANITOR_SETTEL" not in result.stdout
    as_json = run("config", "show", "--log-format", "json", JANITOR_SETTEL="5m")
    assert json.loads(as_json.stderr)["level"] == "warning"


def test_the_key_never_appears_in_an_error() -> None:
    result = run("config", "show", "--settle", KEY, "-vv", WANDB_API_KEY=KEY)
    assert result.exit_code == 2
    assert "--settle must be a duration" in result.stderr
    assert KEY not in result.output


def test_a_process_of_its_own_does_the_same() -> None:
    good = run_process("config", "show", JANITOR_SETTLE="90s")
    assert (good.returncode, good.stderr) == (0, "")
    assert "environment JANITOR_SETTLE" in good.stdout
    bad = run_process("config", "show", JANITOR_SETTLE="soon")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("janitor: JANITOR_SETTLE must be a duration")
    assert "Usage: janitor [OPTIONS]" in run_process("--help").stdout


def test_the_installed_script_is_the_same_program() -> None:
    script = Path(sys.executable).with_name("janitor")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"janitor {janitor.__version__}\n"


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "janitor", "config", "schema"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_full_disk_is_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "janitor", "config", "schema"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"janitor: No space left on device\n"


def test_an_interrupt_ends_with_130(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with (
        subprocess.Popen(
            [sys.executable, "-m", "janitor", "config", "show", "--config", str(fifo)],
            stderr=subprocess.PIPE,
        ) as process,
        fifo.open("wb"),
    ):  # waits until the janitor reads
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.strip() == b"janitor: interrupted"


def test_config_show_takes_every_flag_that_is_a_setting() -> None:
    flags = ["--max-changes", "3", "--no-stand-down", "--deadline", "8m", "--lock", "l"]
    settings = json.loads(run("config", "show", "--json", *flags).stdout)["settings"]
    assert settings["limits.max_changes"] == {"value": 3, "from": "flag --max-changes"}
    assert settings["stand_down.enabled"] == {"value": False, "from": "flag --no-stand-down"}
    assert settings["deadline"] == {"value": "8m", "from": "flag --deadline"}
    assert settings["lock"] == {"value": "l", "from": "flag --lock"}
