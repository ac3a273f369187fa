"""The agent's own log: found, read for its sums, and kept by its content."""

from collections.abc import Callable
from pathlib import Path

from agentrecorder.import_rollout import usage_of
from agentrecorder.raw_log_store import put
from agentrecorder.rollout_log import UnreadableLog, run_in
from trajschema.rollout import Usage

from agentrollout.external.process import KEPT
from agentrollout.tool_loop import OwnLog


def own_log(path: Path, form: str) -> OwnLog | None:
    """The log at ``path`` as far as :data:`agentrollout.external.process.KEPT` bytes; nothing where none was written."""
    try:
        with path.open("rb") as file:
            content = file.read(KEPT)
    except OSError:
        return None
    return OwnLog(form, content, _usage(path, form)) if content else None


def _usage(path: Path, form: str) -> Usage | None:
    try:
        return usage_of(run_in(path, form))
    except UnreadableLog:
        return None


def kept_in(folder: Path) -> Callable[[OwnLog], str]:
    """Stores logs below ``folder``, each under its content, and returns the path relative to it."""
    return lambda log: put(log.content, folder)
