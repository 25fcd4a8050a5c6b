"""A run of W&B's GraphQL as a :class:`~janitor.model.RunInfo`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from janitor.errors import StoreError
from janitor.model import RunInfo, WandbState
from janitor.model import summary as summaries

RUN_PATH: Final = re.compile(r"[^/]+/[^/].*/[^/]+", re.DOTALL)
"""ENTITY/PROJECT/RUN. Paths in an edited plan or report may not match."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A project: what every query of runs is asked under."""

    entity: str
    project: str

    def __str__(self) -> str:
        return f"{self.entity}/{self.project}"


_TEXTS: Final = ("name", "id")
_OPTIONAL_TEXTS: Final = ("displayName", "state", "sweepName", "group", "createdAt", "heartbeatAt")
_texts: Final = itemgetter(*_TEXTS)
_optional_texts: Final = itemgetter(*_OPTIONAL_TEXTS)
_TEXT_OR_NONE: Final = frozenset({str, type(None)})


def _check(node: Mapping[str, Any]) -> None:
    """Raise a TypeError if a field is of another type than the schema says."""
    for name, value in zip(_TEXTS, _texts(node), strict=True):
        if type(value) is not str:
            raise TypeError(f"{name} is {value!r:.30}")
        if not value:
            raise ValueError(f"{name} is empty")
    if not _TEXT_OR_NONE.issuperset(map(type, _optional_texts(node))):
        wrong = next(name for name in _OPTIONAL_TEXTS if type(node[name]) not in _TEXT_OR_NONE)
        raise TypeError(f"{wrong} is {node[wrong]!r:.30}")
    tags = node["tags"]
    if tags is not None and not (
        isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
    ):
        raise TypeError(f"tags are {node['tags']!r:.30}")
    lines = node["historyLineCount"]
    if lines is not None and (isinstance(lines, bool) or not isinstance(lines, int) or lines < 0):
        raise TypeError(f"historyLineCount is {lines!r:.30}")


def count_of(value: Any) -> int:
    """A number of runs, as an answer has it.

    Raises:
        TypeError: it is not a number, or is negative.

    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"a number of runs is {value!r:.30}")
    return value


def optional_count_of(value: Any) -> int | None:
    """The same, or None if the server does not count."""
    return None if value is None else count_of(value)


def read_node(node: Mapping[str, Any], scope: Scope, *, exact: bool) -> RunInfo:
    """A run's node. A summary that is not an object gives the run a ``defect``, not an error.

    ``exact`` keeps the digits of every number, for a run that may be written.
    """
    _check(node)
    defect = None
    try:
        summary = summaries.parse(node["summaryMetrics"], exact=exact)
    except ValueError as error:
        summary, defect = {}, str(error)
    return RunInfo(
        entity=scope.entity,
        project=scope.project,
        id=node["name"],
        storage_id=node["id"],
        name=node["displayName"] or node["name"],
        wandb_state=WandbState(node["state"] or ""),
        summary=summary,
        sweep=node["sweepName"],
        group=node["group"],
        tags=tuple(node["tags"] or ()),
        created_at=node["createdAt"],
        heartbeat_at=node["heartbeatAt"],
        history_lines=node["historyLineCount"],
        defect=defect,
    )


def last_row(tail: Any) -> Mapping[str, Any] | None:
    """The last row of a run's ``historyTail``: a JSON list of JSON objects, each as a text."""
    try:
        rows = json.loads(tail)
        return summaries.parse(rows[-1])
    except (TypeError, AttributeError, ValueError, LookupError):
        return None


def check_is_of(node: Mapping[str, Any], name: str, address: str) -> None:
    """Make sure that a node is the run that was asked for by this name.

    W&B's storage ids, with which runs are written, are ``Run:v1:NAME:…`` in base64; ids of another
    form say nothing.

    Raises:
        StoreError: it is another run.

    """
    try:
        text = base64.b64decode(node["id"], validate=True).decode()
    except ValueError:
        text = ""
    is_other = text.startswith("Run:v1:") and not text.startswith(f"Run:v1:{name}:")
    if node["name"] != name or is_other:
        raise StoreError(
            f"W&B at {address} answered with another run than {name}: {node['name']!r:.60},"
            f" {node['id']!r:.60}"
        )
