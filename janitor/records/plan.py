"""A plan on disk: to be reviewed, and applied as it was reviewed.

It carries the policy under which it was made, and each change with the judgement that must still
hold when it is carried out. Strict JSON, schema ``janitor.plan/1``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from janitor.errors import PlanError
from janitor.model import Policy
from janitor.records.base import FROM_FILE, Time
from janitor.records.changes import ReportedChange
from janitor.records.json_text import pretty
from janitor.records.policy import IN_A_PLAN, PlannedPolicy
from janitor.records.report import Brake, Report
from janitor.rules.custom.cel import ExpressionError
from janitor.rules.custom.check import check_expression
from janitor.storage import strict_json
from janitor.storage.atomic import write_atomically
from janitor.storage.invalid import first_mistake
from janitor.storage.untrusted import read_untrusted

SCHEMA: Final = "janitor.plan/1"


class PlanFile(BaseModel):
    """What a plan file holds."""

    model_config = IN_A_PLAN | ConfigDict(populate_by_name=True)

    schema_: str = Field(default=SCHEMA, alias="schema")
    version: str
    """The janitor's."""
    created_at: Time
    policy: PlannedPolicy
    brake: Brake
    changes: tuple[ReportedChange, ...]


def write_plan(report: Report, policy: Policy, path: Path) -> None:
    """Write the changes that a dry pass planned.

    Raises:
        PlanError: the file cannot be written.

    """
    plan = PlanFile(
        version=report.version,
        created_at=report.started_at,
        policy=policy,
        brake=report.brake or Brake(tripped=False),
        changes=report.changes,
    )
    plain = plan.model_dump(mode="json", include={"policy"})
    write_atomically(path, pretty(plan, **plain), error=PlanError)


def read_plan(path: Path) -> PlanFile:
    """Read a plan back.

    Raises:
        PlanError: the file does not exist, it is not a plan, or of another schema version.

    """
    data = _read_json(path)
    schema = data.get("schema")
    if schema != SCHEMA:
        found = "has no schema" if schema is None else f"is of schema {schema!r:.60}"
        raise PlanError(
            f"{path} {found}, and this janitor applies {SCHEMA!r}: make a new plan with"
            " `janitor plan`"
        )
    try:
        plan = PlanFile.model_validate(data, context=FROM_FILE)
    except ValidationError as error:
        raise PlanError(f"{path} is malformed at {first_mistake(error)}") from error
    for rule in plan.policy.own_rules:
        try:
            check_expression(rule.when)
        except ExpressionError as error:
            raise PlanError(f"{path}: its rule {rule.id} cannot be used: {error}") from error
    return plan


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        data = strict_json.loads(read_untrusted(path, follow=True, error=_unread))
    except ValueError as error:
        raise PlanError(f"{path} is not a plan file: invalid JSON ({error})") from error
    if not isinstance(data, dict):
        raise PlanError(f"{path} is not a plan file: not a JSON object")
    return data


def _unread(why: str) -> PlanError:
    return PlanError(why.replace("cannot read", "cannot read the plan", 1))
