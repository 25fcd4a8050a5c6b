"""The rules of fault injection, as data."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    PrivateAttr,
    TypeAdapter,
)

from janitor.emulator.changes import RunChange

if TYPE_CHECKING:
    from janitor.emulator.facts import Facts

When = Literal["before", "after"]


def _readable(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"invalid regular expression: {error}") from error
    return pattern


PatternText = Annotated[str, AfterValidator(_readable)]


class Match(BaseModel):
    """Which requests a rule applies to; a part that is None matches every request."""

    model_config = ConfigDict(extra="forbid")

    path: PatternText | None = None
    kind: Literal["query", "mutation", "filestream", "upload", "download"] | None = None
    field: str | None = None
    run: str | None = None
    sweep: str | None = None
    operation: str | None = None
    sdk: bool | None = None
    user_agent: PatternText | None = None

    def fits(self, facts: Facts) -> bool:
        """Whether a request matches."""
        return (
            (self.kind is None or self.kind == facts.kind)
            and (self.field is None or self.field in facts.fields)
            and (self.operation is None or self.operation == facts.operation)
            and (self.sdk is None or self.sdk == facts.sdk)
            and (self.sweep is None or self.sweep in facts.sweeps)
            and (self.run is None or any(_names(self.run, path) for path in facts.runs))
            and (self.path is None or re.search(self.path, facts.path) is not None)
            and (
                self.user_agent is None or re.search(self.user_agent, facts.user_agent) is not None
            )
        )


def _names(wanted: str, path: str) -> bool:
    if "/" in wanted:
        entity, _, rest = path.partition("/")
        return path == wanted or (not entity and wanted.partition("/")[2] == rest)
    return path.rpartition("/")[2] == wanted


class BaseRule(BaseModel):
    """The part that every rule has: its match, and which of the matching requests it takes."""

    model_config = ConfigDict(extra="forbid")

    id: str = ""
    match: Match = Field(default_factory=Match)
    nth: PositiveInt | list[PositiveInt] | None = None
    skip: NonNegativeInt = 0
    times: NonNegativeInt | None = None
    probability: float | None = Field(default=None, ge=0, le=1)
    seed: int = 0

    _seen: int = PrivateAttr(default=0)
    _fired: int = PrivateAttr(default=0)
    _random: random.Random | None = PrivateAttr(default=None)

    @property
    def fired(self) -> int:
        """How often the rule fired."""
        return self._fired

    def takes(self, facts: Facts) -> bool:
        """Whether the rule fires on this request; the request is counted."""
        if not self.match.fits(facts):
            return False
        self._seen += 1
        if self._seen <= self.skip:
            return False
        if self.times is not None and self._fired >= self.times:
            return False
        wanted = [self.nth] if isinstance(self.nth, int) else self.nth
        if wanted is not None and self._seen not in wanted:
            return False
        if self.probability is not None:
            self._random = self._random or random.Random(self.seed)  # noqa: S311 - no secrets
            if self._random.random() >= self.probability:
                return False
        self._fired += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """The rule as data, with the number of requests that it saw and how often it fired."""
        return self.model_dump(exclude_none=True) | {"seen": self._seen, "fired": self._fired}


class Status(BaseRule):
    """Answer with a status."""

    action: Literal["status"]
    status: int = Field(ge=200, le=599)
    retry_after: NonNegativeFloat | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    applied: bool = False


class Reset(BaseRule):
    """Reset the connection."""

    action: Literal["reset"]
    applied: bool = False


class Hang(BaseRule):
    """Do not answer, and finally reset the connection."""

    action: Literal["hang"]
    seconds: NonNegativeFloat | None = None
    applied: bool = False


class Garbage(BaseRule):
    """Answer with a body that is not JSON."""

    action: Literal["garbage"]
    body: str = "<html><body>Welcome to the proxy</body></html>"
    applied: bool = False


class Errors(BaseRule):
    """Answer 200 with GraphQL errors."""

    action: Literal["errors"]
    messages: list[str] = Field(default_factory=lambda: ["internal error"], min_length=1)
    applied: bool = False


class Delay(BaseRule):
    """Answer later."""

    action: Literal["delay"]
    seconds: NonNegativeFloat


class Hold(BaseRule):
    """Wait until released, or until a run is in a state."""

    action: Literal["hold"]
    run: str | None = None
    state: str | None = None
    seconds: NonNegativeFloat = 60.0
    when: When = "before"


class ShortPage(BaseRule):
    """Cut pages of runs."""

    action: Literal["short_page"]
    rows: NonNegativeInt


class DuplicateRows(BaseRule):
    """Repeat rows between pages."""

    action: Literal["duplicate_rows"]
    rows: PositiveInt = 1


class MissingRows(BaseRule):
    """Leave out rows between pages."""

    action: Literal["missing_rows"]
    rows: PositiveInt = 1


class Change(BaseRule):
    """Change a run."""

    action: Literal["change"]
    change: RunChange
    run: str | None = None
    when: When = "before"


Spoiler = Status | Reset | Hang | Garbage | Errors
Rule = Annotated[
    Spoiler | Delay | Hold | ShortPage | DuplicateRows | MissingRows | Change,
    Field(discriminator="action"),
]
_RULES: TypeAdapter[list[Rule]] = TypeAdapter(list[Rule])


def parse_rules(data: Any) -> list[Rule]:
    """Rules from data: one rule or a list of rules. Raises pydantic's ValidationError."""
    return _RULES.validate_python([data] if isinstance(data, dict) else data)
