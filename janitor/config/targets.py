"""Targets as text: ENTITY/PROJECT/SWEEP, or the URL of the page in W&B."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, TypeAlias, overload
from urllib.parse import unquote

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from janitor.config import store_targets
from janitor.config.run_filters import canonical_filter
from janitor.errors import TargetError
from janitor.model import AnyTarget, LocalTarget, Target, TargetKind, is_local
from janitor.model.targets import EVERY_RUN
from janitor.model.wording import did_you_mean, either, quoted

KINDS = tuple(kind.value for kind in TargetKind if kind is not TargetKind.FILTER)
"""The kinds that have a flag, a variable and a key. A filter belongs to a project."""
INCLUDE_ALL: Final = "all"


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


def narrowed(target: AnyTarget, *, include: Any = None, by: Any = None) -> AnyTarget:
    """The runs of a project that pass a filter, or all of them; else the target as it is.

    Raises:
        TargetError: the target is not a project, or the filter is malformed.

    """
    if include is None and by is None:
        return target
    name = "include" if by is None else "filter"
    if not isinstance(target, Target) or target.kind is not TargetKind.PROJECT:
        raise TargetError(f"{name} is for a project, not for the {target.kind} {target}")
    if include not in {None, "sweeps", INCLUDE_ALL}:
        raise TargetError(f"include must be all or sweeps, not {quoted(include)}")
    if include is not None and by is not None:
        raise TargetError("a filter finds runs outside of sweeps, too: leave out include")
    if include == "sweeps":
        return target
    text = EVERY_RUN if by is None else canonical_filter(by)
    return Target(TargetKind.FILTER, target.entity, target.project, text)


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


def parse_targets(value: Any) -> tuple[AnyTarget, ...]:
    """The targets of a ``targets:`` setting, in its order, each once.

    Either a list of one-key mappings (``- sweep: acme/rl/s1``), or one mapping of kinds to a text
    or a list of texts.

    Raises:
        TargetError: the setting has another form, or one of its texts is not a target.

    """
    if isinstance(value, Mapping):
        pairs = [(kind, text) for kind, texts in value.items() for text in _listed(texts)]
        return tuple(dict.fromkeys(_parse_pair(kind, text) for kind, text in pairs))
    if isinstance(value, list | tuple):
        return tuple(dict.fromkeys(map(_parse_item, value)))
    raise TargetError(f"targets must be a list such as '- sweep: acme/rl/s1', not {quoted(value)}")


def _listed(texts: Any) -> Iterable[Any]:
    return texts if isinstance(texts, list | tuple) else [texts]


def _parse_item(item: Any) -> AnyTarget:
    if isinstance(item, AnyTarget):
        return item
    if isinstance(item, Mapping) and "project" in item:
        more = {key: value for key, value in item.items() if key != "project"}
        if more and more.keys() <= {"include", "filter"}:
            project = _parse_pair("project", item["project"])
            return narrowed(project, include=more.get("include"), by=more.get("filter"))
    if not isinstance(item, Mapping) or len(item) != 1:
        raise TargetError(
            f"each target must be of the form '- sweep: acme/rl/s1', not {quoted(item)}"
        )
    ((kind, text),) = item.items()
    return _parse_pair(kind, text)


def _parse_pair(kind: Any, text: Any) -> AnyTarget:
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS)
        raise TargetError(f"a target is a {either(KINDS)}, not {quoted(kind)}{hint}")
    return parse_target(TargetKind(kind), text)


def _as_mappings(targets: tuple[AnyTarget, ...]) -> list[dict[str, Any]]:
    return [as_mapping(target) for target in targets]


def as_mapping(target: AnyTarget) -> dict[str, Any]:
    """The target as an item of ``targets:``."""
    if not isinstance(target, Target) or target.kind is not TargetKind.FILTER:
        return {target.kind.value: str(target)}
    project = str(replace(target, kind=TargetKind.PROJECT, name=""))
    if target.name == EVERY_RUN:
        return {"project": project, "include": INCLUDE_ALL}
    return {"project": project, "filter": json.loads(target.name)}


_SHAPES = {kind: (form.shape, form.example) for kind, form in _FORMS.items()}
_SHAPES[TargetKind.STORE] = store_targets.SHAPE, store_targets.EXAMPLE

_OF_A_PROJECT: dict[str, Any] = {
    "include": {
        "enum": ["sweeps", INCLUDE_ALL],
        "description": "With project: only the runs of its sweeps, or all its runs.",
    },
    "filter": {
        "type": "object",
        "description": "With project: the runs that pass this filter, in W&B's form.",
        "examples": [{"tags": "night"}],
    },
}

_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

Targets = Annotated[
    tuple[AnyTarget, ...],
    BeforeValidator(parse_targets),
    PlainSerializer(_as_mappings, return_type=list[dict[str, Any]], when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            kind.value: {
                                "type": "string",
                                "description": shape,
                                "examples": [example],
                            }
                            for kind, (shape, example) in _SHAPES.items()
                        }
                        | _OF_A_PROJECT,
                        "additionalProperties": False,
                        "minProperties": 1,
                    },
                },
                {
                    "type": "object",
                    "properties": dict.fromkeys(KINDS, _TEXTS),
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""The setting ``targets:``."""
