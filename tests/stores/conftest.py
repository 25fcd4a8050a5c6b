from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from janitor.model import Policy
from janitor.stores.wandb import GraphQLApi, WandbStore

ATTEMPT = 2
"""Seconds that one attempt of a request may take: hanging servers are met in many tests."""


@pytest.fixture(scope="package")
def one_emulator() -> Iterator[Emulator]:
    """One server for all these tests: wandb reads its settings once per process."""
    with Emulator() as running:
        yield running


@pytest.fixture(scope="package")
def door(one_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphQLApi]:
    """The way to that server, through the real ``wandb.Api``."""
    before = dict(os.environ)
    os.environ.update(one_emulator.environment(tmp_path_factory.mktemp("wandb")))
    yield GraphQLApi(ATTEMPT)
    sys.modules["wandb"].teardown()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def emulator(one_emulator: Emulator, door: GraphQLApi) -> Emulator:  # noqa: ARG001 - opened before counts begin
    """The server, without runs, faults or a history."""
    one_emulator.reset()
    return one_emulator


@pytest.fixture
def wandb_store(door: GraphQLApi, emulator: Emulator) -> WandbStore:  # noqa: ARG001 - what is behind the door
    """A store that has learnt nothing yet of its server."""
    return WandbStore(door, Policy())


@pytest.fixture(scope="package")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificates")
    key, certificate = folder / "key", folder / "localhost.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    options = ["subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    return certificate, key
