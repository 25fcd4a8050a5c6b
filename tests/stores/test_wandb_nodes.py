"""What is read of a run's node."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from janitor.errors import StoreError
from janitor.stores.wandb.nodes import check_is_of, last_row


def node(name: str, storage_id: str) -> dict[str, Any]:
    return {"name": name, "id": storage_id}


def id_of(name: str) -> str:
    return base64.b64encode(f"Run:v1:{name}:rl:acme".encode()).decode()


@pytest.mark.parametrize("storage_id", [id_of("r1"), "r1", "no base64!", "////"])
def test_the_run_that_was_asked_for_is_taken(storage_id: str) -> None:
    check_is_of(node("r1", storage_id), "r1", "https://wandb.test")


@pytest.mark.parametrize(
    "found", [node("r2", id_of("r2")), node("r1", id_of("r2")), node("r1", id_of("r10"))]
)
def test_another_run_is_refused(found: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match="answered with another run than r1"):
        check_is_of(found, "r1", "https://wandb.test")


@pytest.mark.parametrize(
    ("tail", "row"),
    [
        ('["{\\"_step\\": 3, \\"loss\\": NaN}"]', True),
        ("[]", False),
        (None, False),
        ("no JSON", False),
        ("[7]", False),
        ('["[]"]', False),
    ],
)
def test_the_last_row_is_read_or_not_known(tail: Any, row: bool) -> None:  # noqa: FBT001 - a parameter of the test
    found = last_row(tail)
    assert (found is not None) is row
    assert found is None or found["_step"] == 3
