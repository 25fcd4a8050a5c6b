"""The types of a report's fields, and how tolerantly a file is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationInfo,
    model_validator,
)

FROM_FILE: Final = {"from_file": True}
"""The validation context in which unknown fields are skipped instead of refused."""


def _whole(text: Any) -> Any:
    if isinstance(text, str):
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError("a key must be text")  # noqa: TRY004 - pydantic reports ValueError
    return key


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


Text = Annotated[str, BeforeValidator(_whole)]
Time = Annotated[AwareDatetime, AfterValidator(_utc)]
Values = dict[Annotated[str, PlainValidator(_key)], Any]
"""Keys of a summary and their values: JSON values, including bare ``Infinity``."""


class Part(BaseModel):
    """A frozen model. Unknown fields are refused in code and skipped in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _skip_fields_of_later_versions(cls, data: Any, info: ValidationInfo) -> Any:
        if info.context is not FROM_FILE or not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in data.items() if key in known}


def fields_of(model: BaseModel) -> dict[str, Any]:
    """The fields of a model by their names in files, with unchanged values.

    ``model_dump`` of pydantic refuses values that are nested 255 levels deep.
    """
    return {
        field.alias or name: getattr(model, name)
        for name, field in type(model).model_fields.items()
    }
