"""One contract, every backend."""

from __future__ import annotations

import pytest

from janitor.emulator import Emulator
from janitor.model import Policy
from janitor.stores.retrying import RetryingStore
from janitor.stores.wandb import Door, WandbStore
from tests.memory_store import MemoryStore
from tests.stores.backends import Backend, EmulatedWorld, RememberedWorld
from tests.stores.contract import StoreContract

PAGE = 50


class TestWandbStore(StoreContract):
    @pytest.fixture
    def backend(self, door: Door, emulator: Emulator) -> Backend:
        return Backend(WandbStore(door, Policy(), PAGE), EmulatedWorld(emulator), PAGE)


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def backend(self) -> Backend:
        store = MemoryStore(page_size=PAGE)
        return Backend(store, RememberedWorld(store), PAGE)


class TestRetryingStore(StoreContract):
    @pytest.fixture
    def backend(self, door: Door, emulator: Emulator) -> Backend:
        store = RetryingStore(
            WandbStore(door, Policy(), PAGE), sleep=lambda _: None, should_stop=lambda: False
        )
        return Backend(store, EmulatedWorld(emulator), PAGE)
