from __future__ import annotations

import gzip
import json
import math
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from janitor.errors import StateFileError
from janitor.tasks import TaskManager
from tests.tasks.workplace import Bench, statuses


def test_the_file_has_the_documents_form(bench: Bench, manager: TaskManager) -> None:
    manager.assign("gpu2")
    manager.save()
    document = bench.document()
    assert list(document) == ["tasks", "assigned_tasks", "_janitor"]
    task = document["tasks"]["a"]
    assert task.pop("_janitor") == {"started_at": "2026-01-15T12:00:00+00:00"}
    assert task == {
        "task_id": "a",
        "phase": "exp1",
        "config": {"width": 4},
        "status": "assigned",
        "assigned_to": "gpu2",
        "assigned_at": "2026-01-15T12:00:00+00:00",
        "retry_count": 0,
        "last_error": None,
    }
    assert list(document["assigned_tasks"]) == ["a"]
    assert document["_janitor"]["version"] == 1


def test_the_documents_inspection_by_jq_works(bench: Bench, manager: TaskManager) -> None:
    manager.assign("gpu2")
    manager.save()

    def jq(query: str) -> Any:
        command = f"cat '{bench.state_file}' | jq '{query}'"
        done = subprocess.run(
            ["/bin/sh", "-c", command], capture_output=True, check=False, text=True
        )
        if done.returncode == 127:
            pytest.skip("jq is not installed")
        return json.loads(done.stdout)

    (task,) = jq('.tasks | map(select(.status=="assigned"))')
    assert task["task_id"] == "a"
    assert list(jq(".assigned_tasks")) == ["a"]


THE_DOCUMENTS = {
    "tasks": {
        "exp1_vary_width_0_42": {
            "task_id": "exp1_vary_width_0_42",
            "phase": "exp1_vary_width",
            "config": {"width": 0},
            "status": "assigned",
            "assigned_to": "gpu2",
            "assigned_at": "2025-12-19T23:10:15.123456",
            "retry_count": 0,
            "last_error": None,
        }
    },
    "assigned_tasks": {"exp1_vary_width_0_42": {}},
}


def test_a_file_of_the_documents_form_is_read_in_local_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    __import__("time").tzset()
    try:
        bench.state_file.write_text(json.dumps(THE_DOCUMENTS))
        bench.now = datetime(2025, 12, 20, 4, 40, 15, tzinfo=UTC)
        manager = bench.manager()
        task = manager.task("exp1_vary_width_0_42")
        assert task.assigned_at == datetime(2025, 12, 20, 4, 10, 15, 123456, tzinfo=UTC)
        assert bench.lines[1].endswith("(assigned 0.5 hours ago - still valid)")
        bench.dies(manager)
        assert bench.manager().task("exp1_vary_width_0_42") == task
    finally:
        monkeypatch.undo()
        __import__("time").tzset()


def test_keys_that_we_do_not_know_survive(bench: Bench) -> None:
    more = {"priority": 3, "tags": {"$number": "x"}, "limit": math.inf}
    beside = {"campaign": {"owner": "me"}, "best": None}
    bench.state_file.write_text(json.dumps({"tasks": {"a": {"task_id": "a", **more}}, **beside}))
    manager = bench.manager()
    manager.assign("gpu0")
    bench.dies(manager)
    again = bench.manager()
    again.complete("a")
    again.close()
    assert bench.manager().task("a").extra == more
    saved = bench.document()
    assert list(saved) == ["tasks", "assigned_tasks", *beside, "_janitor"]
    assert saved | beside == saved
    assert saved["tasks"]["a"]["priority"] == 3


def test_a_newer_version_is_refused_and_left_alone(bench: Bench) -> None:
    bench.manager().close()
    document = bench.document()
    document["_janitor"]["version"] = 99
    text = json.dumps(document)
    bench.state_file.write_text(text)
    with pytest.raises(StateFileError, match=r"of version 99, and this janitor knows .* up to 1"):
        bench.manager()
    assert bench.state_file.read_text() == text


def test_every_value_of_a_config_survives(bench: Bench) -> None:
    config = {"lr": math.inf, "name": "größe \ud83d", "odd": {"$number": "x"}, "n": 10**30}
    manager = bench.manager()
    manager.add("a", "p", config)
    bench.dies(manager)
    again = bench.manager()
    assert again.task("a").config == config
    again.close()
    assert bench.manager().task("a").config == config


def test_a_compressed_state_is_as_good(bench: Bench) -> None:
    bench.name = "manager_state.json.gz"
    manager = bench.manager()
    manager.add("a")
    manager.close()
    assert "a" in json.loads(gzip.decompress(bench.state_file.read_bytes()))["tasks"]
    assert statuses(bench.manager()) == {"a": "pending"}


def test_a_file_that_jq_rewrote_is_the_same(bench: Bench, manager: TaskManager) -> None:
    manager.close()
    document = bench.document()
    bench.state_file.write_text(json.dumps(document, indent=4, sort_keys=True))
    assert statuses(bench.manager()) == statuses(manager)
    assert bench.problems == []


def test_a_file_changed_by_hand_counts_once_our_key_is_removed(bench: Bench) -> None:
    manager = bench.manager()
    manager.add("a")
    manager.assign("gpu0")
    bench.dies(manager)
    document = bench.document()
    del document["_janitor"]
    document["tasks"] = {"b": {"task_id": "b", "status": "failed", "retry_count": 1}}
    bench.state_file.write_text(json.dumps(document))
    manager = bench.manager()
    assert statuses(manager) == {"b": "failed"}
    manager.reset(["b"])
    bench.dies(manager)
    assert statuses(bench.manager()) == {"b": "pending"}
