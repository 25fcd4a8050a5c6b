"""Declares a setting once: its type, its default, what it means, and where it can be given.

The flag, the environment variable, the key of janitor.yaml, the rows of ``config show``, the
JSON Schema, the option of a rule, the key of an override and the documentation are derived from
the declaration. It needs the standard library only, so that ``--help`` does not import pydantic
and training code can import the model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Kind:
    """What a setting may hold. :mod:`janitor.config.kinds` has the pydantic type of each kind."""

    name: str
    metavar: str = ""
    """What ``--help`` shows for the value."""
    is_in_file_only: bool = False
    """Whether only a file can give it."""
    is_list: bool = False
    separator: str = r"[,\n]"
    """What separates the items of a list in an environment variable, as a regular expression."""


DURATION: Final = Kind("duration", "DURATION")
POSITIVE_DURATION: Final = Kind("positive duration", "DURATION")
NAMESPACE: Final = Kind("namespace", "NAME")
KEY: Final = Kind("key", "KEY")
PATTERNS: Final = Kind("patterns", "PATTERN", is_list=True)
VOCABULARY: Final = Kind("vocabulary", is_in_file_only=True)
OPT_IN: Final = Kind("opt-in")
"""A switch that is off by default; its flag switches it on."""
DURATIONS: Final = (DURATION, POSITIVE_DURATION)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as its declaration and its place in a table define it."""

    kind: Kind
    help: str
    """One or more sentences for users: in ``--help``, in the JSON Schema and in the docs."""
    group: str = ""
    """The group of flags it belongs to, see :mod:`janitor.cli.options`. Empty: it has no flag."""
    name: str = ""
    """What the flag and the variable are called: ``max_changes``."""
    flag: str = ""
    """The flag, if it does not follow from the name."""
    flag_help: str = ""
    """The flag's help, if it differs."""
    rule: str = ""
    """The rule that also takes it as an option in ``rules:``."""
    per_override: bool = False
    """Whether it can be set for the runs of one target."""
    key: str = ""
    """Its place in janitor.yaml, dotted: ``limits.max_changes``."""
    default: Any = None

    @property
    def flag_name(self) -> str:
        """The flag as users type it: ``--max-changes``."""
        return self.flag or f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The environment variable: ``JANITOR_MAX_CHANGES``."""
        return f"JANITOR_{self.name.upper()}"


def setting(default: Any, kind: Kind, text: str, **where: Any) -> Any:
    """Declare a field of a frozen dataclass as a setting.

    Args:
        default: The default value; a mapping or a table is used through a factory.
        kind: What it may hold.
        text: What it means, for users.
        where: Further fields of :class:`Setting`: ``group`` (it has a flag), ``rule``,
            ``per_override``, ``name``, ``flag``, ``flag_help``.

    """
    declared = {"setting": Setting(kind, text, **where)}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=declared)
    return dataclasses.field(default=default, metadata=declared)


def table(of: type[Any], text: str) -> Any:
    """Declare a field as a section of the file that has settings of its own."""
    return dataclasses.field(default=of(), metadata={"table": of, "help": text})


def settings_of(declared: type[Any], section: str = "") -> Iterator[Setting]:
    """The settings that a table declares, those of its sections among them, in their order."""
    for field in dataclasses.fields(declared):
        key = f"{section}{field.name}"
        if "table" in field.metadata:
            yield from settings_of(field.metadata["table"], f"{key}.")
        elif "setting" in field.metadata:
            found: Setting = field.metadata["setting"]
            default = None if field.default is dataclasses.MISSING else field.default
            yield dataclasses.replace(
                found, key=key, name=found.name or field.name, default=default
            )
