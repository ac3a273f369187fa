"""Secrets out of tables: every text of a column, however deep it lies. Columns without any are passed on as they are."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from agentrelease.cleaning.secrets import MAY_HOLD, redacted


def scrubbed(table: pa.Table, found: Counter[str]) -> pa.Table:
    """``table`` with a mark in the place of each secret (:mod:`agentrelease.cleaning.secrets`); ``found`` counts them by kind.

    A text that stands in several rows counts in each.
    """
    for i, field in enumerate(table.schema):
        column = table.column(i)
        made = pa.chunked_array([_scrubbed(chunk, found) for chunk in column.chunks], field.type)
        table = table.set_column(i, field, made)
    return table


def _scrubbed(array: pa.Array, found: Counter[str]) -> pa.Array:
    if pa.types.is_string(array.type):
        return _texts(array, found)
    if pa.types.is_list(array.type):
        values = array.flatten()
        made = _scrubbed(values, found)
        if made is values:
            return array
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
        return pa.ListArray.from_arrays(offsets, made, type=array.type, mask=array.is_null())
    if pa.types.is_struct(array.type):
        parts = array.flatten()
        made_parts = [_scrubbed(part, found) for part in parts]
        if all(a is b for a, b in zip(parts, made_parts, strict=True)):
            return array
        return pa.StructArray.from_arrays(made_parts, fields=list(array.type), mask=array.is_null())
    return array


def _texts(array: pa.Array, found: Counter[str]) -> pa.Array:
    suspect = pc.fill_null(pc.match_substring_regex(array, MAY_HOLD), False)
    if not pc.any(suspect).as_py():
        return array
    texts = array.filter(suspect).to_pylist()
    made = [redacted(text, found) for text in texts]
    return array if made == texts else pc.replace_with_mask(array, suspect, pa.array(made, array.type))
