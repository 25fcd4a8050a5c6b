"""The contract over W&B's store, and over the one in memory that other tests use."""

from __future__ import annotations

import pytest

from janitor.emulator import Emulator
from janitor.model import Policy
from janitor.stores.wandb import GraphQLApi, WandbStore
from tests.stores.backends import Backend, EmulatedWorld, RememberedWorld
from tests.stores.sweep_contract import SweepStoreContract
from tests.support.memory_store import MemoryStore

PAGE = 50


class TestWandbStore(SweepStoreContract):
    @pytest.fixture
    def plain(self, door: GraphQLApi, emulator: Emulator) -> Backend:
        return Backend(WandbStore(door, Policy(), PAGE), EmulatedWorld(emulator), PAGE)


class TestMemoryStore(SweepStoreContract):
    @pytest.fixture
    def plain(self) -> Backend:
        store = MemoryStore(page_size=PAGE)
        return Backend(store, RememberedWorld(store), PAGE)
