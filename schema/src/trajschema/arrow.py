"""Parquet columns from the same models: Arrow schemas, and tables to and from records."""

import types
from collections.abc import Iterable
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import pyarrow as pa
from pydantic import BaseModel

R = TypeVar("R", bound=BaseModel)

_SCALARS: dict[type, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def arrow_schema(model: type[BaseModel]) -> pa.Schema:
    """Columns of ``model`` in field order.

    Tuples become lists, models become structs, literals take the type of their values, optional fields are nullable.

    Raises:
        TypeError: a field has a type that has no column form (a dict, say: store it as a JSON string).
    """
    return pa.schema([_field(name, info.annotation) for name, info in model.model_fields.items()])


def to_table(model: type[R], records: Iterable[R]) -> pa.Table:
    """Records as a table with the columns of :func:`arrow_schema`, in the order given. No records: an empty table."""
    return pa.Table.from_pylist([r.model_dump(mode="json") for r in records], schema=arrow_schema(model))


def from_table(model: type[R], table: pa.Table) -> list[R]:
    """Records of a table.

    Raises:
        pydantic.ValidationError: a row breaks the contract.
        UnknownSchemaVersion: a row follows another schema version.
    """
    return [model.model_validate(row) for row in table.to_pylist()]


def _field(name: str, annotation: Any) -> pa.Field:
    inner, nullable = _strip_none(annotation)
    return pa.field(name, _type(inner, name), nullable=nullable)


def _strip_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        kept = [a for a in get_args(annotation) if a is not type(None)]
        if len(kept) == 1:
            return kept[0], True
    return annotation, False


def _type(annotation: Any, name: str) -> pa.DataType:
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return _SCALARS[type(args[0])]
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return pa.list_(_field("item", args[0]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(list(arrow_schema(annotation)))
    raise TypeError(f"field {name!r}: {annotation!r} has no column form")
