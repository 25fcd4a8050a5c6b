from __future__ import annotations

from pathlib import Path

import pytest

from janitor.config import LoadedConfig, load
from janitor.errors import ConfigError
from janitor.model.shards import Shard


def loaded(folder: Path, shard: str | None = None, **environ: str) -> LoadedConfig:
    return load({"shard": shard}, environ, folder)


def test_without_a_word_all_sweeps_are_scanned(tmp_path: Path) -> None:
    assert loaded(tmp_path).config.shard is None
    assert loaded(tmp_path, JOB_COMPLETION_INDEX="2").config.shard is None


@pytest.mark.parametrize("text", ["3/4", " 3 / 4 ", "03/4"])
def test_a_shard_is_read_as_k_of_n(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text).config.shard == Shard(3, 4)
    assert loaded(tmp_path, JANITOR_SHARD=text).config.shard == Shard(3, 4)


@pytest.mark.parametrize("text", ["0/4", "5/4", "4", "1/0", "-1/4", "a/b", "1/4/2", "1.0/4", "٣/٤"])
def test_what_is_not_a_shard_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="--shard must be K/N, with K from 1 to N, not"):
        loaded(tmp_path, text)


def test_an_indexed_job_counts_from_zero(tmp_path: Path) -> None:
    found = loaded(tmp_path, JOB_COMPLETION_INDEX="0", JANITOR_SHARDS="4")
    assert found.config.shard == Shard(1, 4)
    origins = {key: came_from for key, _, came_from in found.settings()}
    assert origins["shard"] == "environment JOB_COMPLETION_INDEX, JANITOR_SHARDS"
    assert found.warnings == ()


def test_a_flag_and_a_variable_of_the_janitor_beat_the_index(tmp_path: Path) -> None:
    job = {"JOB_COMPLETION_INDEX": "0", "JANITOR_SHARDS": "4"}
    assert loaded(tmp_path, "2/2", **job).config.shard == Shard(2, 2)
    assert loaded(tmp_path, JANITOR_SHARD="3/3", **job).config.shard == Shard(3, 3)


@pytest.mark.parametrize("index", ["", "x", "-1"])
def test_a_count_without_an_index_is_refused(tmp_path: Path, index: str) -> None:
    with pytest.raises(ConfigError, match="JOB_COMPLETION_INDEX must be the index"):
        loaded(tmp_path, JANITOR_SHARDS="4", JOB_COMPLETION_INDEX=index)


def test_an_index_beyond_the_count_is_refused_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"JOB_COMPLETION_INDEX, JANITOR_SHARDS must be K/N"):
        loaded(tmp_path, JANITOR_SHARDS="4", JOB_COMPLETION_INDEX="4")


def test_the_file_may_name_a_shard(tmp_path: Path) -> None:
    (tmp_path / "janitor.yaml").write_text("shard: 2/4\n", encoding="utf-8")
    assert loaded(tmp_path).config.shard == Shard(2, 4)
