"""What every record shares: frozen, no unknown fields, a checked schema version."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SCHEMA_VERSION = "trajhub-1.1"
"""Version of every record written by this code. A reader refuses any other one."""


class UnknownSchemaVersion(Exception):
    """A record says that it follows a schema version which this code does not know."""

    def __init__(self, found: object, record: str) -> None:
        super().__init__(
            f"{record}: schema version {found!r} is not known here (this code reads {SCHEMA_VERSION!r}); "
            "install the trajschema release that wrote it, or convert the record"
        )


class Part(BaseModel):
    """A frozen piece of a record."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Record(Part):
    """A frozen top-level record; carries the version of the schema that it follows."""

    schema_version: str = Field(SCHEMA_VERSION, description="Version of the record layout.")

    @model_validator(mode="before")
    @classmethod
    def _known_version(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
            raise UnknownSchemaVersion(data["schema_version"], cls.__name__)
        return data


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong with a record, on one line: where, and what."""
    first = error.errors(include_url=False, include_input=False)[0]
    return ": ".join(part for part in (".".join(map(str, first["loc"])), first["msg"]) if part)
