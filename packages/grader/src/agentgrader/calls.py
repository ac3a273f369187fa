"""What functions are called with while tests run, and what they answer when the calls are made again. For tasks of pytest."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agentsandbox.sandbox import Sandbox
from trajschema.task import Environment

from agentgrader.frameworks.framework import PROBE
from agentgrader.frameworks.python import options_of

_OUTLINE_S = 60.0


@dataclass(frozen=True)
class Pace:
    """How calls are made: in ``runs`` forks; seconds for one call and for a run; how many late calls are tolerated."""

    runs: int
    call_s: float
    total_s: float
    late: int


def outlines(box: Sandbox, paths: Sequence[str]) -> dict[str, Any]:
    """Path → functions and classes of the file (:mod:`agentgrader.probes.outline`); ``None`` for no Python."""
    return box.ask(PROBE, "outlines", {"paths": list(paths)}, _OUTLINE_S)


def record_calls(
    box: Sandbox, environment: Environment, ids: Sequence[str], targets: Mapping[str, Sequence[str]], left_out: Sequence[str]
) -> list[dict[str, Any]]:
    """Run the tests ``ids`` and return what the functions ``targets`` (path → keys) were called with.

    One record for each function (:class:`agentgrader.probes.call_trace.CallTracer`). Nested functions are recorded
    unless they are in a file of ``left_out``.

    Raises:
        SandboxError: the test command is none of pytest, or the box has no pytest.
    """
    keys = {path: list(names) for path, names in targets.items()}
    return _records(box, "record", environment, environment.timeout_s, ids, targets=keys, left_out=list(left_out))


def make_calls(
    box: Sandbox, environment: Environment, ids: Sequence[str], calls: Sequence[Mapping[str, Any]], left_out: Sequence[str], pace: Pace
) -> list[dict[str, Any]]:
    """Make calls in the place of the tests ``ids`` and return the answers (:class:`agentgrader.probes.call_replay.Caller`).

    Raises:
        SandboxError: as :func:`record_calls`.
    """
    limit = environment.timeout_s + pace.runs * (pace.total_s + pace.call_s)
    return _records(box, "replay", environment, limit, ids, calls=list(calls), left_out=list(left_out), **asdict(pace))


def _records(box: Sandbox, method: str, environment: Environment, limit_s: float, ids: Sequence[str], **more: Any) -> list[dict[str, Any]]:
    params = {"arguments": [*options_of(environment.test_command), *ids], **more}
    return list(box.ask(PROBE, method, params, limit_s)["records"])
