"""Columns come from the models, and a record comes back from its columns unchanged."""

import types
from typing import Any, Literal, Union, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from annotated_types import Ge, Gt, Le, MinLen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from trajschema.arrow import arrow_schema, from_table, to_table
from trajschema.generate import RECORDS
from trajschema.outcome import Outcome
from trajschema.preference import PreferencePair
from trajschema.record import SCHEMA_VERSION, Part, UnknownSchemaVersion
from trajschema.task import Task

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
EACH = pytest.mark.parametrize("model", RECORDS.values(), ids=RECORDS.keys())


def records(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Records of ``model`` with every field drawn within its bounds."""
    fields = {name: values(info.annotation, info.metadata) for name, info in model.model_fields.items() if name != "schema_version"}
    return st.fixed_dictionaries(fields).map(lambda drawn: model(**drawn))


def values(annotation: Any, bounds: list[Any]) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    origin, args = get_origin(annotation), get_args(annotation)
    above = any(isinstance(b, Gt) for b in bounds)
    low = next((b.ge if isinstance(b, Ge) else b.gt for b in bounds if isinstance(b, Ge | Gt)), None)
    high = next((b.le for b in bounds if isinstance(b, Le)), None)
    if origin in (Union, types.UnionType):
        return st.one_of(*(values(a, bounds) for a in args))
    if annotation is types.NoneType:
        return st.none()
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        return st.lists(values(args[0], []), max_size=2).map(tuple)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(-(2**63) if low is None else low + above, 2**63 - 1 if high is None else high)
    if annotation is float:
        return st.floats(low, high, exclude_min=above, allow_nan=False, allow_infinity=False)
    if annotation is str:
        return TEXT.filter(bool) if any(isinstance(b, MinLen) for b in bounds) else TEXT
    return records(annotation)


@EACH
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_records_come_back_from_a_table_unchanged(model: type[BaseModel], data: st.DataObject) -> None:
    rows = data.draw(st.lists(records(model), max_size=2))
    table = to_table(model, rows)
    assert table.schema == arrow_schema(model)
    assert from_table(model, table) == rows


@EACH
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_record_comes_back_from_json_unchanged(model: type[BaseModel], data: st.DataObject) -> None:
    record = data.draw(records(model))
    assert model.model_validate_json(record.model_dump_json()) == record


@EACH
def test_every_record_has_columns_in_field_order(model: type[BaseModel]) -> None:
    assert arrow_schema(model).names == list(model.model_fields)


@EACH
def test_an_empty_table_survives_parquet_with_its_columns(model: type[BaseModel]) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(to_table(model, []), sink)
    assert pq.read_table(pa.BufferReader(sink.getvalue())).schema.equals(arrow_schema(model))


def test_optional_fields_and_no_others_are_nullable() -> None:
    schema = arrow_schema(Task)
    assert schema.field("certificate").nullable
    assert not schema.field("task_id").nullable
    assert schema.field("FAIL_TO_PASS").type == pa.list_(pa.field("item", pa.string(), nullable=False))
    assert arrow_schema(PreferencePair).field("margin").type == pa.float64()


def test_a_row_of_another_schema_version_is_refused() -> None:
    row = Outcome(rollout_id="r", task_id="t", verdict="resolved").model_dump(mode="json")
    assert row["schema_version"] == SCHEMA_VERSION
    table = pa.Table.from_pylist([row | {"schema_version": "trajhub-9.0"}], schema=arrow_schema(Outcome))
    with pytest.raises(UnknownSchemaVersion, match=r"Outcome.*trajhub-9\.0"):
        from_table(Outcome, table)


def test_a_field_without_a_column_form_is_named() -> None:
    class Loose(Part):
        table: dict[str, int]

    with pytest.raises(TypeError, match="'table'"):
        arrow_schema(Loose)
