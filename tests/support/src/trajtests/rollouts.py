"""The record of an attempt, as small as it may be."""

from trajschema.ids import sha256_bytes
from trajschema.rollout import Agent, Limits, Provenance, RawLog, Rollout, Usage


def rollout_of(number: int = 0) -> Rollout:
    """The attempt of that number at the task ``tiny-1``."""
    return Rollout(
        rollout_id=f"{number:016x}",
        task_id="tiny-1",
        agent=Agent(name="x"),
        attempt=number,
        seed=1,
        exit="submitted",
        raw_log=RawLog(format="trajhub-events", sha256=sha256_bytes(b"")),
        usage=Usage(),
        provenance=Provenance(backend="local", limits=Limits()),
    )
