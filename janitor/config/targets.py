"""Targets as text: ENTITY/PROJECT/SWEEP, or the URL of the page in W&B."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, overload
from urllib.parse import unquote

from janitor.config import store_targets
from janitor.errors import TargetError
from janitor.model import AnyTarget, LocalTarget, Target, TargetKind, is_local
from janitor.model.wording import quoted

KINDS = tuple(kind.value for kind in TargetKind if kind is not TargetKind.FILTER)
"""The kinds that have a flag, a variable and a key. A filter belongs to a project."""


@dataclass(frozen=True, slots=True)
class _Form:
    """The form of a kind of target."""

    shape: str
    example: str
    fewest_parts: int
    most_parts: int
    address: re.Pattern[str]
    """The path of the kind's page in W&B."""


_FORMS = {
    TargetKind.SWEEP: _Form(
        "ENTITY/PROJECT/SWEEP or PROJECT/SWEEP",
        "acme/rl/s1",
        fewest_parts=2,
        most_parts=3,
        address=re.compile(r"(?:/[^/]+)*?/([^/]+)/([^/]+)/sweeps/([^/]+)/?"),
    ),
    TargetKind.PROJECT: _Form(
        "ENTITY/PROJECT or PROJECT",
        "acme/rl",
        fewest_parts=1,
        most_parts=2,
        address=re.compile(r"/([^/]+)/([^/]+)(?:/(?:overview|workspace|sweeps|table|runs))?/?"),
    ),
    TargetKind.GROUP: _Form(
        "ENTITY/PROJECT/GROUP, with the entity",
        "acme/rl/night/1",
        fewest_parts=3,
        most_parts=3,
        address=re.compile(
            r"(?:/[^/]+)*?/([^/]+)/([^/]+)/groups/([^/]+)(?:/(?:overview|workspace|table))?/?"
        ),
    ),
}
_FORMS[TargetKind.RUN] = _Form(
    "ENTITY/PROJECT/RUN or PROJECT/RUN",
    "acme/rl/r1",
    fewest_parts=2,
    most_parts=3,
    address=re.compile(r"(?:/[^/]+)*?/([^/]+)/([^/]+)/runs/([^/]+)(?:/\w+)*/?"),
)
_HOST = re.compile(r"\s*https?://[^/]*")
_RUN_ADDRESS = _FORMS[TargetKind.RUN].address
_REFUSED_BY_WANDB = frozenset("\\#?%:")
"""Characters that names of entities and projects, and IDs of sweeps, cannot contain."""


_OnWandb: TypeAlias = Literal[
    "sweep",
    "project",
    "group",
    "run",
    TargetKind.SWEEP,
    TargetKind.PROJECT,
    TargetKind.GROUP,
    TargetKind.RUN,
]


@overload
def parse_target(kind: _OnWandb, text: Any) -> Target: ...


@overload
def parse_target(kind: Literal["store", TargetKind.STORE], text: Any) -> LocalTarget: ...


@overload
def parse_target(kind: TargetKind | str, text: Any) -> AnyTarget: ...


def parse_target(kind: TargetKind | str, text: Any) -> AnyTarget:
    """The target that a text names.

    A group's path is split at its first two slashes. The URL of a sweep's, project's or group's
    page is accepted as well. Its host is ignored; wandb's own settings select the server.

    Raises:
        TargetError: the text is not a target of this kind; one sentence that shows the right form.

    """
    kind = TargetKind(kind)
    if kind is TargetKind.STORE:
        return store_targets.parse_store(text)
    if kind is TargetKind.FILTER:
        raise TargetError(
            f"filter {quoted(text)} names no project: write '- {{project: acme/rl, filter: {{…}}}}'"
        )
    return parse_wandb_target(kind, text)


def parse_wandb_target(kind: TargetKind, text: Any) -> Target:
    """The sweep, project or group that a text names.

    Raises:
        TargetError: as of :func:`parse_target`.

    """
    if not isinstance(text, str):
        raise _malformed(kind, text, "is not a text")
    is_address = _HOST.match(text)
    parts = _parts_of_address(kind, text) if is_address else _parts_of_path(kind, text)
    _check_names(kind, text, parts)
    if len(parts) < _FORMS[kind].most_parts:
        return Target(kind, None, *parts)
    return Target(kind, *parts)


def parse_any_target(text: str) -> AnyTarget:
    """The target that a text names, whatever its kind.

    The URL of a page in W&B, ``ENTITY/PROJECT`` for a project, ``ENTITY/PROJECT/SWEEP`` for a
    sweep, or a local store with its scheme.

    Raises:
        TargetError: the text is none of these.

    """
    if is_local(text):
        return store_targets.parse_store(text)
    if _HOST.match(text):
        path = _path_of_address(text)
        for kind in (TargetKind.SWEEP, TargetKind.GROUP, TargetKind.RUN, TargetKind.PROJECT):
            if _FORMS[kind].address.fullmatch(path):
                return parse_wandb_target(kind, text)
        raise TargetError(f"{quoted(text)} is not the URL of a sweep, project, group or run in W&B")
    is_sweep = len(text.split("/")) > 2
    return parse_wandb_target(TargetKind.SWEEP if is_sweep else TargetKind.PROJECT, text)


def _parts_of_path(kind: TargetKind, text: str) -> list[str]:
    if not all(text.split("/")):
        raise _malformed(kind, text, "has an empty part" if text else "is empty")
    parts = text.split("/", 2) if kind is TargetKind.GROUP else text.split("/")
    if len(parts) < _FORMS[kind].fewest_parts:
        raise _malformed(kind, text, "has too few parts")
    if len(parts) > _FORMS[kind].most_parts:
        raise _malformed(kind, text, "has too many parts")
    return parts


def parse_run_path(text: str) -> str:
    """The path of the run that a text names, as a path or as the address of its page in W&B.

    W&B percent-encodes names in addresses and in ``run.path``; no name contains ``%``, so it is
    decoded. A text that is not the address of a run's page is returned as it is otherwise.
    """
    if is_local(text) or "/" not in text:
        return text
    match = _RUN_ADDRESS.fullmatch(_path_of_address(text)) if _HOST.match(text) else None
    return "/".join(map(unquote, match.groups() if match else text.split("/")))


def _path_of_address(text: str) -> str:
    """The path of a page, without the prefix under which W&B's server may be."""
    path = re.split("[?#]", _HOST.sub("", text))[0].rstrip()
    prefix = _HOST.sub("", os.environ.get("WANDB_BASE_URL", "")).rstrip("/ \n")
    return path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path


def _parts_of_address(kind: TargetKind, text: str) -> list[str]:
    path = _path_of_address(text)
    match = _FORMS[kind].address.fullmatch(path)
    if match is None:
        raise _malformed(kind, text, f"is not the URL of a {kind} in W&B")
    return [unquote(part) for part in match.groups()]


def _check_names(kind: TargetKind, text: str, parts: Sequence[str]) -> None:
    """Refuse invalid names. A group's name may be any text, a project's may contain spaces."""
    if not "".join(parts).isprintable() or any(part != part.strip() for part in parts):
        raise _malformed(kind, text, "contains a stray space or a character that cannot be printed")
    strict = parts[:2] if kind is TargetKind.GROUP else parts
    if refused := _REFUSED_BY_WANDB & set("".join(strict)):
        raise _malformed(
            kind, text, f"contains {quoted(min(refused))}, which such names cannot contain"
        )
    if kind is TargetKind.SWEEP and " " in parts[-1]:
        raise _malformed(kind, text, "contains a space, which the ID of a sweep cannot")


def _malformed(kind: TargetKind, text: Any, problem: str) -> TargetError:
    form = _FORMS[kind]
    return TargetError(
        f"{kind} {quoted(text)} {problem}: write {form.shape}, for example {form.example}"
    )


SHAPES = {kind: (form.shape, form.example) for kind, form in _FORMS.items()}
"""The form of each kind of target, and an example."""
SHAPES[TargetKind.STORE] = store_targets.SHAPE, store_targets.EXAMPLE
