"""Settings for the runs of one target."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, PlainSerializer, model_validator

from janitor.config.complaints import Location
from janitor.config.fields import RuleIds, Text
from janitor.config.kinds import model_of, options
from janitor.config.section import Section
from janitor.config.targets import parse_wandb_target
from janitor.model import OVERRIDABLE, Override, Target, TargetKind
from janitor.model.wording import either

KINDS: Final = ("sweep", "project", "group")
"""What an override can be for."""


_OF_A_TARGET: Final = ("include", "filter")
"""What an item of ``targets:`` may say besides its kind and settings."""


class _Override(Section):
    """Settings for the runs of one sweep, project or group, whichever target they are found under.

    If several match a run, those of its sweep win over those of its group, and these over those
    of its project. A flag or a variable for the same setting wins over them all.
    """

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]},
    )

    sweep: Text | None = None
    """The sweep whose runs these are for: ENTITY/PROJECT/SWEEP or PROJECT/SWEEP."""
    project: Text | None = None
    """The project whose runs these are for: ENTITY/PROJECT or PROJECT."""
    group: Text | None = None
    """The group whose runs these are for: ENTITY/PROJECT/GROUP."""
    disable: RuleIds = ()
    """Rules that are not used, in addition to those of rules.disable."""

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

    def without(self, settings: Collection[str]) -> Self:
        """These settings without those that a flag or a variable overrules."""
        return self.model_copy(update={name: None for name in OVERRIDABLE if name in settings})

    @property
    def override(self) -> Override:
        """For the policy."""
        given = {name: getattr(self, name) for name in OVERRIDABLE}
        given = {name: value for name, value in given.items() if value is not None}
        return Override(self.target, given, frozenset(self.disable))


class _DescribedOverride(_Override):
    __doc__ = _Override.__doc__
    model_config = ConfigDict(use_attribute_docstrings=False)


OverrideSettings: Final = model_of(
    "OverrideSettings", _DescribedOverride, options(OVERRIDABLE.values())
)


def _as_given(overrides: tuple[_Override, ...]) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json", exclude_defaults=True) for each in overrides]


Overrides = Annotated[
    tuple[OverrideSettings, ...],  # type: ignore[valid-type]  # made from the table of settings
    PlainSerializer(_as_given, return_type=list[dict[str, Any]], when_used="json"),
]


def split_targets(document: Mapping[Any, Any]) -> tuple[Mapping[Any, Any], list[Location]]:
    """A file's settings, with those that are given with a target moved to ``overrides``.

    Returns:
        The settings, and where each of its overrides stood, as ``("targets", 1)``.

    """
    targets, overrides = document.get("targets"), document.get("overrides") or []
    if not isinstance(targets, list | tuple) or not isinstance(overrides, list | tuple):
        return document, []
    kept: list[Any] = []
    found: list[Any] = []
    places: list[Location] = []
    for index, item in enumerate(targets):
        kinds = [kind for kind in KINDS if isinstance(item, Mapping) and kind in item]
        its_own = {key: item[key] for key in (*kinds, *_OF_A_TARGET) if kinds and key in item}
        if len(kinds) == 1 and len(item) > len(its_own):
            found.append({k: v for k, v in item.items() if k not in _OF_A_TARGET})
            places.append(("targets", index))
            kept.append(its_own)
        else:
            kept.append(item)
    if not found:
        return document, []
    places += [("overrides", index) for index in range(len(overrides))]
    return {**document, "targets": kept, "overrides": [*found, *overrides]}, places
