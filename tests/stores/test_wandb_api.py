"""The door itself: how it opens, what it says where it cannot, and how it opens again."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from janitor.emulator import DEFAULT_KEY, Emulator
from janitor.errors import TransientError
from janitor.model import Policy, RunInfo, Target, TargetKind
from janitor.stores.retrying import RetryingStore
from janitor.stores.wandb import GraphQLApi, WandbStore
from tests.stores.backends import a_run, read

OTHER_KEY = "f" * 40


def in_a_process(code: str, environ: dict[str, str], folder: Path) -> str:
    """What a Python process of its own prints; wandb reads its settings once per process."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


OPEN = """
    from janitor.errors import StoreError
    from janitor.stores.wandb import GraphQLApi
    try:
        door = GraphQLApi(2)
    except StoreError as error:
        print(type(error).__name__, error)
    else:
        print("open", door.address, door.default_entity())
"""


def test_it_opens_with_the_login_and_the_address_of_wandb(
    emulator: Emulator, tmp_path: Path
) -> None:
    emulator.configure(users={DEFAULT_KEY: "ann"})
    said = in_a_process(OPEN, emulator.environment(tmp_path), tmp_path)
    assert said == f"open {emulator.url} ann\n"


def test_it_takes_the_entity_of_the_environment(emulator: Emulator, tmp_path: Path) -> None:
    environ = {**emulator.environment(tmp_path), "WANDB_ENTITY": "acme"}
    assert in_a_process(OPEN, environ, tmp_path) == f"open {emulator.url} acme\n"


def test_a_service_of_a_former_process_does_not_hinder_it(
    emulator: Emulator, tmp_path: Path
) -> None:
    environ = {**emulator.environment(tmp_path), "WANDB_SERVICE": "3-999999-tcp-localhost-1"}
    assert in_a_process(OPEN, environ, tmp_path).startswith("open")


def test_it_opens_without_a_home_and_without_folders_of_wandb(
    emulator: Emulator, tmp_path: Path
) -> None:
    environ = {
        name: value
        for name, value in emulator.environment(tmp_path).items()
        if name in {"PATH", "WANDB_BASE_URL", "WANDB_API_KEY"}
    }
    assert in_a_process(OPEN, environ, tmp_path).startswith("open")
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == set()


def test_a_key_that_the_server_does_not_know_is_refused(emulator: Emulator, tmp_path: Path) -> None:
    emulator.configure(users={DEFAULT_KEY: "ann"})
    said = in_a_process(OPEN, emulator.environment(tmp_path, key=OTHER_KEY), tmp_path)
    assert said.startswith("CredentialsError")
    assert emulator.url in said
    assert OTHER_KEY not in said


def test_a_malformed_key_is_refused_and_not_repeated(emulator: Emulator, tmp_path: Path) -> None:
    said = in_a_process(OPEN, emulator.environment(tmp_path, key="my secret!"), tmp_path)
    assert said.startswith("CredentialsError")
    assert emulator.url in said
    assert "secret" not in said


def test_without_a_key_it_says_what_to_do(emulator: Emulator, tmp_path: Path) -> None:
    environ = emulator.environment(tmp_path)
    del environ["WANDB_API_KEY"]
    said = in_a_process(OPEN, environ, tmp_path)
    assert said.startswith("CredentialsError")
    assert "WANDB_API_KEY" in said
    assert emulator.url in said


@pytest.mark.parametrize(
    "fault",
    [{"action": "status", "status": 500}, {"action": "hang"}, {"action": "garbage"}],
    ids=["500", "hang", "garbage"],
)
def test_an_outage_is_not_taken_for_a_bad_key(
    emulator: Emulator, tmp_path: Path, fault: dict[str, object]
) -> None:
    emulator.faults.add(match={"field": "viewer"}, **fault)
    said = in_a_process(OPEN, emulator.environment(tmp_path), tmp_path)
    assert said.startswith(("TransientError", "UnreachableError"))
    assert emulator.url in said


def test_a_server_that_is_not_there_is_reported(emulator: Emulator, tmp_path: Path) -> None:
    environ = {**emulator.environment(tmp_path), "WANDB_BASE_URL": "http://127.0.0.1:9"}
    said = in_a_process(OPEN, environ, tmp_path)
    assert said.startswith(("TransientError", "UnreachableError"))
    assert "http://127.0.0.1:9" in said


def test_a_server_that_goes_away_is_an_error_that_may_pass(tmp_path: Path) -> None:
    code = """
        from pathlib import Path
        import os, sys
        from janitor.emulator import Emulator
        from janitor.errors import StoreError
        with Emulator() as emulator:
            os.environ.update(emulator.environment(Path(sys.argv[0] or ".").resolve()))
            from janitor.stores.wandb import GraphQLApi
            door = GraphQLApi(1)
        try:
            door.execute("query { viewer { id } }", {})
        except StoreError as error:
            print(type(error).__name__, error)
    """
    environ = Emulator().environment(tmp_path)
    said = in_a_process(code, environ, tmp_path)
    assert said.startswith(("TransientError", "UnreachableError"))
    assert "refused" in said


def test_the_default_entity_is_filled_in(
    door: GraphQLApi, wandb_store: WandbStore, emulator: Emulator
) -> None:
    entity = door.default_entity()
    assert entity is not None
    emulator.seed([{"project": f"{entity}/rl", "name": "r1", "sweep": "s1"}])
    (sweep,) = wandb_store.fetch_sweep_metadata(Target(TargetKind.SWEEP, None, "rl", "s1"))
    assert sweep.path == f"{entity}/rl/s1"


def kill_core() -> None:
    """Kill the helper process through which wandb talks to its server."""
    cores = [child for child in psutil.Process().children() if "wandb" in child.name()]
    assert cores
    for core in cores:
        core.kill()
        core.wait()


def test_reads_go_on_when_the_helper_process_of_wandb_is_killed(
    wandb_store: WandbStore, emulator: Emulator
) -> None:
    emulator.seed([a_run("r", count=3, summary={"n": 1})])
    store = RetryingStore(wandb_store, sleep=lambda _: None, should_stop=lambda: False)
    read(store, "acme/rl/r-0")
    kill_core()
    with ThreadPoolExecutor(8) as pool:
        paths = [f"acme/rl/r-{number % 3}" for number in range(24)]
        assert all(
            run.summary == {"n": 1} for run in pool.map(lambda path: read(store, path), paths)
        )


def test_a_write_does_not_need_the_helper_process_of_wandb(
    door: GraphQLApi, emulator: Emulator
) -> None:
    emulator.seed([a_run("r1", summary={"n": 1})])
    store = WandbStore(door, Policy())
    run = read(store, "acme/rl/r1")
    kill_core()
    store.update_run_summary(run, {"n": 2})
    assert emulator.run("acme/rl/r1").summary == {"n": 2}
    assert isinstance(store.fetch_summaries([run.path])[run.path], TransientError)
    assert read(store, "acme/rl/r1").summary == {"n": 2}


def test_what_went_through_is_counted(door: GraphQLApi, emulator: Emulator) -> None:
    emulator.seed([a_run("r1", summary={"n": 1})])
    store = WandbStore(door, Policy())
    before = (door.traffic.reads, door.traffic.writes)
    run = store.fetch_summaries(["acme/rl/r1"])["acme/rl/r1"]
    assert isinstance(run, RunInfo)
    store.update_run_summary(run, {"n": 2})
    assert (door.traffic.reads - before[0], door.traffic.writes - before[1]) == (1, 1)
    assert door.traffic.bytes_in > 0
