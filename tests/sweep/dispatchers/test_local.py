"""The dispatcher of this machine passes the contract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from janitor.model.jobs import JobDefinition
from janitor.sweep.dispatchers import LocalDispatcher
from janitor.sweep.ports import Dispatcher
from tests.sweep.dispatchers.contract import Backend, DispatcherContract


@dataclass
class ThisMachine:
    """Processes of this machine."""

    root: Path

    def dispatcher(self) -> Dispatcher:
        return LocalDispatcher(self.root)

    def refused(self, job: JobDefinition) -> Dispatcher | None:
        del job
        return LocalDispatcher(self.root, gpus=0)


class TestLocalDispatcher(DispatcherContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return ThisMachine(tmp_path / ".janitor")
