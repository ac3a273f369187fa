"""Lines that together make one run."""

from collections.abc import Callable

from agentrecorder.containers.json_values import Json, is_object
from agentrecorder.containers.source import Item, LogSource
from agentrecorder.run import Run, flag


def lines(run: Run, source: LogSource, handle: Callable[[Json], str | None]) -> None:
    """Give each line of ``source`` to ``handle``, as :meth:`Run.take` does. Lines that are no object are left."""
    problem = ""
    for item in source.items():
        problem = item.problem
        if is_object(item.value):
            run.take_one(item.where, item.value, handle)
        else:
            leave(run, item)
    if problem:
        cut(run)


def leave(run: Run, item: Item) -> None:
    """Say of an item that it is no object."""
    run.leave(item.where, item.problem or "not an object", item.raw if item.problem else item.value)


def cut(run: Run) -> None:
    """Mark the last step: the log ends in the middle of a line."""
    if run.steps:
        flag(run.steps[-1], "truncated")
