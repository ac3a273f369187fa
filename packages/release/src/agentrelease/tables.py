"""What a release is made from: one table a record, brought to the contract's columns and to one order of rows."""

from dataclasses import dataclass, fields

import pyarrow as pa
from trajschema.calibration import Calibration

from agentrelease.configs import CONFIGS
from agentrelease.errors import BadTable

_CONFIG_OF = {"rule_scores": "scores", "judge_scores": "scores"}


@dataclass(frozen=True)
class ReleaseTables:
    """The stored tables, each with the columns of its record (``trajschema.arrow``). Rows may come in any order."""

    tasks: pa.Table
    rollouts: pa.Table
    """Their event logs stay out: the trajectories tell the same."""
    trajectories: pa.Table
    outcomes: pa.Table
    rule_scores: pa.Table
    judge_scores: pa.Table
    rewards: pa.Table
    preference_pairs: pa.Table
    calibration: Calibration


def conform(tables: ReleaseTables) -> dict[str, pa.Table]:
    """Table by config name, with exactly the contract's columns, sorted, in one chunk: equal rows give equal bytes.

    Raises:
        BadTable: a column is missing or does not have the contract's type.
    """
    given = {f.name: getattr(tables, f.name) for f in fields(tables) if f.name != "calibration"}
    cast = {name: _cast(name, table) for name, table in given.items()}
    events = cast["rollouts"].schema.get_field_index("events")
    cast["rollouts"] = cast["rollouts"].set_column(events, cast["rollouts"].schema.field(events), pa.repeat("", cast["rollouts"].num_rows))
    cast["scores"] = pa.concat_tables([cast.pop("rule_scores"), cast.pop("judge_scores")])
    return {name: arranged(name, table) for name, table in cast.items()}


def arranged(config: str, table: pa.Table) -> pa.Table:
    """``table`` in the order of ``config``, in one chunk."""
    return table.sort_by([(key, "ascending") for key in CONFIGS[config].order]).combine_chunks()


def _cast(name: str, table: pa.Table) -> pa.Table:
    schema = CONFIGS[_CONFIG_OF.get(name, name)].schema
    missing = [column for column in schema.names if column not in table.column_names]
    if missing:
        raise BadTable(name, f"columns missing: {', '.join(missing)}")
    try:
        return table.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as problem:
        raise BadTable(name, str(problem)) from problem
