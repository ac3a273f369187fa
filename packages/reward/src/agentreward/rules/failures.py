"""Whether an action failed, and how."""

import re
from typing import Literal, NamedTuple

from trajschema.trajectory import Observation

from agentreward.rules.actions import Action
from agentreward.rules.testreport import TestCounts

FailureKind = Literal[
    "malformed", "bad_arguments", "no_such_path", "not_applied", "no_match", "no_command", "timeout", "tests_not_run", "exit_code"
]


class Failure(NamedTuple):
    """What failed, and the text that shows it."""

    kind: FailureKind
    quote: str


_NO_PATH = re.compile(
    "no such file|no such path|does not exist|file not found|filenotfound|cannot access|not a directory|is a directory", re.IGNORECASE
)
_NOT_APPLIED = re.compile(
    r"no replacement|verbatim|not found in|string to replace|does not apply|hunk #\d+ failed|no match|matches? \d+|"
    r"multiple (?:matches|occurrences)|must be unique|occurs? \d+|\d+ (?:matches|occurrences)|not applied|did not match",
    re.IGNORECASE,
)
_REFUSED = "Your proposed edit has introduced new syntax error"
_NO_COMMAND = re.compile(r"command not found|not recognized as", re.IGNORECASE)
_NO_RUNNER = re.compile(r"No module named \S+")
_TIMEOUT = re.compile(r"timed? ?-?out", re.IGNORECASE)
_NOTHING = re.compile(r"^\s*(?:no (?:match|result|file|definition)[^\n]*|0 matches[^\n]*|\(no output\)|<no output>)?\s*$", re.IGNORECASE)
_SHORT = 600
"""An output longer than this is content, not a message about a failure."""
_QUOTE = 160


def failure_of(action: Action, observation: Observation | None, counts: TestCounts | None) -> Failure | None:
    """How ``action`` failed, or ``None``. A failing test is a finding, no failure of the call that ran it."""
    if action.kind == "malformed":
        return Failure("malformed", action.key[10 : 10 + _QUOTE])
    if observation is None:
        return None
    if observation.error:
        return Failure(_by_message(action, observation.error), observation.error[:_QUOTE])
    text, code = observation.content, observation.exit_code
    if counts:
        return None
    if action.kind == "test":
        return _tests_failure(text, code)
    if action.kind == "search" and (code in (None, 0, 1)) and len(text) < _SHORT and _NOTHING.match(text):
        return Failure("no_match", text.strip()[:_QUOTE] or "no output")
    if code is None:
        return _by_text(action, text)
    if code == 0 or (code == 1 and action.kind in ("list", "inspect", "search")):
        return None
    head = text[:_SHORT]
    if code == 124 or _TIMEOUT.search(head):
        return Failure("timeout", _line(head, _TIMEOUT))
    if code == 127 or _NO_COMMAND.search(head):
        return Failure("no_command", _line(head, _NO_COMMAND))
    if action.kind in ("edit", "mutate") and _NOT_APPLIED.search(head):
        return Failure("not_applied", _line(head, _NOT_APPLIED))
    if _NO_PATH.search(head) and action.kind != "run":
        return Failure("no_such_path", _line(head, _NO_PATH))
    return Failure("exit_code", f"exit status {code}")


def _tests_failure(text: str, code: int | None) -> Failure | None:
    if code == 124:
        return Failure("timeout", "exit status 124")
    head = text[:_SHORT]
    if code == 127 or _NO_COMMAND.search(head):
        return Failure("no_command", _line(head, _NO_COMMAND))
    if _NO_RUNNER.search(head) and len(text) < _SHORT:
        return Failure("tests_not_run", _line(head, _NO_RUNNER))
    if code in (0, None) and "no tests ran" not in text[-_SHORT:]:
        return None
    return Failure("tests_not_run", f"exit status {code}, no test summary")


def _by_message(action: Action, message: str) -> FailureKind:
    if _TIMEOUT.search(message):
        return "timeout"
    if _NO_PATH.search(message):
        return "no_such_path"
    if action.kind in ("edit", "mutate", "write") and _NOT_APPLIED.search(message):
        return "not_applied"
    if _NO_COMMAND.search(message):
        return "no_command"
    return "bad_arguments"


def _by_text(action: Action, text: str) -> Failure | None:
    """Logs without exit statuses: only short outputs can be messages about a failure, and an edit that was refused at the start of one."""
    if action.kind in ("edit", "other") and text.startswith(_REFUSED):
        return Failure("not_applied", text[:_QUOTE])
    if len(text) > _SHORT:
        return None
    if action.kind == "edit" and _NOT_APPLIED.search(text):
        return Failure("not_applied", _line(text, _NOT_APPLIED))
    if action.kind in ("read", "list", "edit", "write", "mutate", "revert") and _NO_PATH.search(text):
        return Failure("no_such_path", _line(text, _NO_PATH))
    if _NO_COMMAND.search(text):
        return Failure("no_command", _line(text, _NO_COMMAND))
    return None


def _line(text: str, pattern: re.Pattern[str]) -> str:
    found = pattern.search(text)
    at = found.start() if found else 0
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[start : end if end >= 0 else len(text)].strip()[:_QUOTE]
