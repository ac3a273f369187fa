"""What running a program showed: it came through, or it failed at what it tries. A reproduction of a bug is a test of one case."""

import re

from trajschema.trajectory import Observation

from agentreward.rules.read.actions import Action
from agentreward.rules.read.failures import status_of
from agentreward.rules.read.test_report import TAIL, TestCounts, other_counts, test_counts

_PROGRAM = re.compile(r"run:(?:(?:\S*/)?(?:python[\d.]*|pypy3?|node|ruby|perl|php|bash|sh)(?= )(?! -m (?:pip|venv|build)\b)|\./)")
_ERRORS = ("Error", "Exception", "Failure", "Warning")
_RAISED = re.compile(r"(?:\w+\.)*(\w*(?:Error|Exception|Failure|Warning))\b")
_NOT_STARTED = frozenset(
    [
        "ImportError",
        "ModuleNotFoundError",
        "SyntaxError",
        "IndentationError",
        "TabError",
        "NameError",
        "ImproperlyConfigured",
        "AppRegistryNotReady",
    ]
)
"""Errors of a program that does not get as far as what it is to show."""
_QUOTE = 200


def counts_of(action: Action, observation: Observation | None) -> TestCounts | None:
    """The report of a test run; of another program one case, passed or failed. ``None`` where the output shows neither."""
    if observation is None or observation.error:
        return None
    if action.kind == "test":
        return test_counts(observation.content) or other_counts(observation.content)
    if action.kind != "run" or not _PROGRAM.match(action.key):
        return None
    return test_counts(observation.content) or _case(action, observation)


def _case(action: Action, observation: Observation) -> TestCounts | None:
    tail = observation.content[-TAIL:]
    code = None if " | " in action.key else status_of(action, observation)  # behind a pipe stands the status of the filter
    raised = None
    if code or (code is None and "Traceback (most recent call last)" in tail):
        lines = reversed(tail.splitlines()) if _names_an_error(tail) else ()
        raised = next((m for line in lines if _names_an_error(line) and (m := _RAISED.match(line))), None)
        if raised is None or raised.group(1) in _NOT_STARTED:
            return None
    return TestCounts(0, 1, raised.string[:_QUOTE]) if raised else TestCounts(1, 0, "no error")


def _names_an_error(line: str) -> bool:
    return any([word in line for word in _ERRORS])
