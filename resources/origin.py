"""Where a stored partition of rollouts came from, kept in the file's metadata, so it is in no row and changes no digest."""

from typing import TYPE_CHECKING

from agentrollout.attempts import Origin
from trajschema.arrow import from_table
from trajschema.rollout import Rollout

if TYPE_CHECKING:
    import pyarrow as pa

_KEY = b"trajhub.origin"


def with_origin(table: "pa.Table", origin: Origin) -> "pa.Table":
    """The table with its origin written into its schema."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: origin.to_json().encode()})


def stored_attempts(table: "pa.Table | None") -> tuple[list[Rollout], Origin | None]:
    """Stored rollouts and their origin, where it is known: versions before this one kept none."""
    if table is None:
        return [], None
    written = (table.schema.metadata or {}).get(_KEY)
    return from_table(Rollout, table), Origin.from_json(written) if written else None
