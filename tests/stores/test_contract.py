"""One contract, every backend."""

from __future__ import annotations

import pytest

from janitor.emulator import Emulator
from janitor.model import Policy
from janitor.stores.retrying import RetryingStore
from janitor.stores.wandb import Door, WandbStore
from tests.stores.backends import Backend, EmulatedWorld
from tests.stores.contract import StoreContract

PAGE = 50


class TestWandbStore(StoreContract):
    @pytest.fixture
    def backend(self, door: Door, emulator: Emulator) -> Backend:
        return Backend(WandbStore(door, Policy(), PAGE), EmulatedWorld(emulator), PAGE)


class TestRetryingStore(StoreContract):
    @pytest.fixture
    def backend(self, door: Door, emulator: Emulator) -> Backend:
        store = RetryingStore(
            WandbStore(door, Policy(), PAGE), sleep=lambda _: None, should_stop=lambda: False
        )
        return Backend(store, EmulatedWorld(emulator), PAGE)
