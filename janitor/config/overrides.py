"""Settings that hold for the runs of one target alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, PlainSerializer, ValidationError, model_validator

from janitor.config.complaints import first_complaint
from janitor.config.durations import Duration, PositiveDuration
from janitor.config.fields import RuleIds, Text
from janitor.config.section import Section
from janitor.config.targets import parse_wandb_target
from janitor.model import Override, Target, TargetKind
from janitor.model.wording import either

KINDS: Final = ("sweep", "project", "group")
"""What an override may be for."""
THRESHOLDS: Final = (
    "heartbeat_timeout",
    "evaluation_timeout",
    "settle",
    "crash_grace",
    "objective",
)
"""What it may set; the settings of the same names say what they mean."""


class OverrideSettings(Section):
    """Settings for the runs of one sweep, project or group, whichever target they are found under.

    Where several match a run, its sweep's beat its group's, and these its project's. A flag or a
    variable for the same setting beats them all.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    sweep: Text | None = None
    """The sweep whose runs these are for: ENTITY/PROJECT/SWEEP or PROJECT/SWEEP."""
    project: Text | None = None
    """The project whose runs these are for: ENTITY/PROJECT or PROJECT."""
    group: Text | None = None
    """The group whose runs these are for: ENTITY/PROJECT/GROUP."""
    heartbeat_timeout: PositiveDuration | None = None
    """How long a run may be silent before heartbeat-expired gives it up."""
    evaluation_timeout: PositiveDuration | None = None
    """The same for evaluating runs."""
    settle: Duration | None = None
    """How long a run that recorded its objective is given to set its own state."""
    crash_grace: Duration | None = None
    """How long a run that W&B calls crashed is given to come back."""
    objective: Text | None = None
    """The summary key of the objective, or auto."""
    disable: RuleIds = ()
    """Rules that are not asked, besides those of rules.disable."""

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if len([kind for kind in KINDS if getattr(self, kind) is not None]) != 1:
            raise ValueError(f"must name one {either(KINDS)} that it is for")
        _ = self.target  # refuses a malformed one
        return self

    @property
    def target(self) -> Target:
        """Whose runs these settings are for."""
        kind = next(kind for kind in KINDS if getattr(self, kind) is not None)
        return parse_wandb_target(TargetKind(kind), getattr(self, kind))

    def without(self, settings: Collection[str]) -> OverrideSettings:
        """These settings less those that something else overrules."""
        given = {name: None for name in THRESHOLDS if name in settings}
        return self.model_copy(update=given)

    @property
    def override(self) -> Override:
        """For the policy."""
        given = {name: getattr(self, name) for name in THRESHOLDS}
        return Override(self.target, disabled_rules=frozenset(self.disable), **given)


def _as_given(overrides: tuple[OverrideSettings, ...]) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json", exclude_defaults=True) for each in overrides]


Overrides = Annotated[
    tuple[OverrideSettings, ...],
    PlainSerializer(_as_given, return_type=list[dict[str, Any]], when_used="json"),
]


def split_targets(document: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A file's settings, with those that stand beside a target moved to ``overrides``.

    Raises:
        ValueError: one of them cannot be used; the message names its place.
        TargetError: a target is malformed.

    """
    targets, overrides = document.get("targets"), document.get("overrides") or []
    if not isinstance(targets, list | tuple) or not isinstance(overrides, list | tuple):
        return document
    kept: list[Any] = []
    found: list[OverrideSettings] = []
    for index, item in enumerate(targets):
        kinds = [kind for kind in KINDS if isinstance(item, Mapping) and kind in item]
        if len(kinds) == 1 and len(item) > 1:
            found.append(_read(item, f"targets[{index}]"))
            kept.append({kinds[0]: item[kinds[0]]})
        else:
            kept.append(item)
    if not found:
        return document
    return {**document, "targets": kept, "overrides": [*found, *overrides]}


def _read(item: Mapping[Any, Any], place: str) -> OverrideSettings:
    try:
        return OverrideSettings.model_validate(item)
    except ValidationError as error:
        complaint = first_complaint(error, OverrideSettings)
        at = f"{place}.{complaint.path}" if complaint.path else place
        raise ValueError(f"{at} {complaint.problem}") from error
