from __future__ import annotations

import os
from pathlib import Path

import pytest

from janitor.runtime.extras import temporary_home


def test_a_user_with_a_home_keeps_it() -> None:
    before = Path.home()
    with temporary_home():
        assert Path.home() == before


def test_who_has_none_is_lent_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 65532)
    with pytest.raises(RuntimeError):
        Path.home()
    with temporary_home():
        assert Path.home().is_dir()
    assert "HOME" not in os.environ
