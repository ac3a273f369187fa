"""Whether an action failed, and how."""

import re
from typing import Literal, NamedTuple

from trajschema.trajectory import Observation

from agentreward.rules.read.actions import Action
from agentreward.rules.read.test_report import TestCounts

FailureKind = Literal[
    "malformed", "bad_arguments", "no_such_path", "not_applied", "no_match", "no_command", "timeout", "tests_not_run", "exit_code"
]


class ActionFailure(NamedTuple):
    """What failed, and the text that shows it."""

    kind: FailureKind
    quote: str


_NO_PATH = (
    "no such file",
    "no such path",
    "does not exist",
    "file not found",
    "filenotfound",
    "cannot access",
    "not a directory",
    "is a directory",
)
_NOT_APPLIED = re.compile(
    r"no replacement|verbatim|not found in|string to replace|does not apply|hunk #\d+ failed|no match|matches? \d+|"
    r"multiple (?:matches|occurrences)|must be unique|occurs? \d+|\d+ (?:matches|occurrences)|not applied|did not match"
)
_REFUSED = "Your proposed edit has introduced new syntax error"
_NO_COMMAND = ("command not found", "not recognized as")
_NO_RUNNER = ("no module named ",)
_TIMEOUT = ("timed out", "timeout", "time out", "time-out", "timed-out")
_Signs = tuple[str, ...] | re.Pattern[str]
"""What a text in lower case holds."""
_NOTHING = re.compile(r"^\s*(?:no (?:match|result|file|definition)[^\n]*|0 matches[^\n]*|\(no output\)|<no output>)?\s*$", re.IGNORECASE)
_SHOWN = re.compile(r"^(?: *\d+(?:\t|→|:|\|).*|\s*(?:raise|return|except)\b.*)$", re.MULTILINE)
"""A line of a file, as tools show it, or of code."""
_SHORT = 600
"""An output longer than this is content, not a message about a failure."""
_QUOTE = 160


def failure_of(action: Action, observation: Observation | None, counts: TestCounts | None) -> ActionFailure | None:
    """How ``action`` failed, or ``None``. A failing test is a finding, no failure of the call that ran it."""
    if action.kind == "malformed":
        return ActionFailure("malformed", action.key[10 : 10 + _QUOTE])
    if observation is None:
        return None
    if observation.error:
        return ActionFailure(_by_message(action, observation.error), observation.error[:_QUOTE])
    text, code = observation.content, status_of(action, observation)
    if counts:
        return None
    if action.kind == "test":
        return _tests_failure(text, code)
    if action.kind == "search" and (code in (None, 0, 1)) and len(text) < _SHORT and _NOTHING.match(text):
        return ActionFailure("no_match", text.strip()[:_QUOTE] or "no output")
    if code is None:
        return _by_text(action, text)
    if code == 0 and action.kind == "edit" and not action.shell:
        return _by_text(action, text)
    if code == 0 or (code == 1 and action.kind in ("list", "inspect", "search")):
        return None
    head = text[:_SHORT]
    if code == 124 or _at(head, _TIMEOUT) is not None:
        return ActionFailure("timeout", _line(head, _TIMEOUT))
    if code == 127 or _at(head, _NO_COMMAND) is not None:
        return ActionFailure("no_command", _line(head, _NO_COMMAND))
    if action.kind in ("edit", "mutate") and _at(head, _NOT_APPLIED) is not None:
        return ActionFailure("not_applied", _line(head, _NOT_APPLIED))
    if action.kind != "run" and _at(head, _NO_PATH) is not None:
        return ActionFailure("no_such_path", _line(head, _NO_PATH))
    return ActionFailure("exit_code", f"exit status {code}")


def status_of(action: Action, observation: Observation) -> int | None:
    """Exit status of the action, where that of its line tells it: the line's is that of the last command, and 0 behind ``&&`` is that
    of all."""
    code = observation.exit_code
    return code if not action.then or (code == 0 and action.then == "&&") else None


def _tests_failure(text: str, code: int | None) -> ActionFailure | None:
    if code == 124:
        return ActionFailure("timeout", "exit status 124")
    head = text[:_SHORT]
    if code == 127 or _at(head, _NO_COMMAND) is not None:
        return ActionFailure("no_command", _line(head, _NO_COMMAND))
    if len(text) < _SHORT and _at(head, _NO_RUNNER) is not None:
        return ActionFailure("tests_not_run", _line(head, _NO_RUNNER))
    end = text[-_SHORT:]
    if code in (0, None) and "no tests ran" not in end:
        return None
    if code == 1 and ("FAIL" in end or "failed" in end):
        return None  # they ran, though what they found is not told
    return ActionFailure("tests_not_run", f"exit status {code}, no test summary")


def _by_message(action: Action, message: str) -> FailureKind:
    if _at(message, _TIMEOUT) is not None:
        return "timeout"
    if _at(message, _NO_PATH) is not None:
        return "no_such_path"
    if action.kind in ("edit", "mutate", "write") and _at(message, _NOT_APPLIED) is not None:
        return "not_applied"
    if _at(message, _NO_COMMAND) is not None:
        return "no_command"
    return "bad_arguments"


def _by_text(action: Action, text: str) -> ActionFailure | None:
    """Logs without exit statuses: only short outputs can be messages about a failure, and an edit that was refused at the start of one."""
    if action.kind in ("edit", "other") and text.startswith(_REFUSED):
        return ActionFailure("not_applied", text[:_QUOTE])
    if len(text) > _SHORT:
        return None
    if action.kind in ("read", "edit") and not action.shell:
        text = _SHOWN.sub("", text)
    if action.kind == "edit" and _at(text, _NOT_APPLIED) is not None:
        return ActionFailure("not_applied", _line(text, _NOT_APPLIED))
    if action.kind in ("read", "list", "edit", "write", "mutate", "revert") and _at(text, _NO_PATH) is not None:
        return ActionFailure("no_such_path", _line(text, _NO_PATH))
    if _at(text, _NO_COMMAND) is not None:
        return ActionFailure("no_command", _line(text, _NO_COMMAND))
    return None


def _at(text: str, signs: _Signs) -> int | None:
    """Where the first of ``signs`` stands in ``text``, in whatever case."""
    lower = text.lower()
    if isinstance(signs, re.Pattern):
        found = signs.search(lower)
        return found.start() if found else None
    return next((at for sign in signs if (at := lower.find(sign)) >= 0), None)


def _line(text: str, signs: _Signs) -> str:
    """The line with the sign, as a quote."""
    at = _at(text, signs) or 0
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[start : end if end >= 0 else len(text)].strip()[:_QUOTE]
