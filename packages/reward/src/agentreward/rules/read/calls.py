"""From a recorded tool call to actions."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from trajschema.trajectory import Observation, Step, ToolCall

from agentreward.rules.read.actions import Action, arguments_of, edit, number, path_name, pick, read, search, write
from agentreward.rules.read.commands import shell_actions
from agentreward.rules.read.git import git_action
from agentreward.rules.read.patches import BEGINS, NEW, OLD, listed_edits, patch_actions

_PATH = ("path", "file_path", "filename", "file", "target_file", "relative_path", "filepath", "absolute_path")
_CONTENT = ("content", "file_text", "contents", "text", "code_edit", "code")
_COMMAND = ("command", "cmd", "bash", "script", "code", "keystrokes", "input", "command_line")
_RANGE = frozenset({"view_range", "start_line", "start", "offset", "line_start", "end_line", "end", "line_end", "limit"})
_SPAN = re.compile(r"-?\d{1,9}")
_EDITOR_VERBS = frozenset({"view", "create", "str_replace", "insert", "undo_edit"})


def call_actions(call: ToolCall) -> tuple[Action, ...]:
    """What ``call`` does, as one or more actions. Arguments that are no JSON object give one ``malformed`` action."""
    arguments = arguments_of(call)
    if arguments is None:
        return (Action("malformed", f"malformed:{call.arguments}"),)
    verb = arguments.get("command")
    if isinstance(verb, str) and verb in _EDITOR_VERBS and (path := pick(arguments, *_PATH)):
        return (_editor(verb, path, arguments, call),)
    if call.name == "shell":
        return tuple(shell_actions(command_line(arguments)))
    if call.name == "git":
        return (_git(arguments),)
    path = pick(arguments, *_PATH)
    return _changes(call, path, arguments) if call.name == "file_edit" else (_tool(call, path, arguments),)


def answered(step: Step) -> list[tuple[Action, Observation | None]]:
    """Each action with the observation of its call: by id, else by position."""
    calls, observations = step.tool_calls, step.observations
    if len(calls) == 1 == len(observations) and observations[0].tool_call_id in (None, calls[0].tool_call_id):
        return [(action, observations[0]) for action in call_actions(calls[0])]
    by_id = {o.tool_call_id: o for o in observations if o.tool_call_id is not None}
    loose = iter([o for o in observations if o.tool_call_id is None])
    pairs: list[tuple[Action, Observation | None]] = []
    for call in calls:
        observation = by_id.get(call.tool_call_id) or next(loose, None)
        pairs.extend([(action, observation) for action in call_actions(call)])
    return pairs


def command_line(arguments: Mapping[str, Any]) -> str:
    """The command line; one that is given word by word is joined."""
    words = arguments.get("command")
    return shlex.join(map(str, words)) if isinstance(words, list) else pick(arguments, *_COMMAND)


def _tool(call: ToolCall, path: str, arguments: Mapping[str, Any]) -> Action:
    if call.name == "file_read":
        return read(path, *_range(arguments))
    if call.name == "file_write":
        return write(path, pick(arguments, *_CONTENT))
    if call.name == "search":
        return search(pick(arguments, "pattern", "query", "regex", "search_term"), path, pick(arguments, "glob", "include"))
    if call.name == "symbols":
        return _symbols(pick(arguments, "name", "symbol"), path)
    if call.name == "submit":
        return Action("submit", "submit")
    if call.name == "think":
        return Action("noop", f"noop:think:{call.arguments}")
    return Action("other", f"other:{call.raw_name}:{call.arguments}", path_name(path))


def _changes(call: ToolCall, path: str, arguments: Mapping[str, Any]) -> tuple[Action, ...]:
    """One edit, those of a list, or those of a patch."""
    old, new = pick(arguments, *OLD), pick(arguments, *NEW)
    if old or new:
        return (edit(path, old, new),)
    edits, patch = arguments.get("edits"), pick(arguments, "input", "patch", "diff")
    several = listed_edits(path, edits) if isinstance(edits, list) else patch_actions(patch) if BEGINS in patch else []
    return tuple(several) or (edit(path, "", "", key=f"edit:{path_name(path)}:{call.arguments}"),)


def _symbols(name: str, path: str) -> Action:
    """A look-up of a definition searches; without a name it lists what a file or folder defines."""
    return search(name, path, "symbols") if name else Action("list", f"list:symbols:{path_name(path)}", path_name(path))


def _editor(verb: str, path: str, arguments: Mapping[str, Any], call: ToolCall) -> Action:
    """A ``str_replace_editor`` and its relatives: one tool, the verb among its arguments."""
    if verb == "view":
        return read(path, *_range(arguments))
    if verb == "create":
        return write(path, pick(arguments, *_CONTENT))
    if verb == "undo_edit":
        return Action("revert", f"revert:{path_name(path)}", path_name(path))
    old, new = pick(arguments, *OLD), pick(arguments, *NEW)
    key = "" if verb == "str_replace" else f"edit:{path_name(path)}:{call.arguments}"
    return edit(path, old, new, key=key)


def _git(arguments: Mapping[str, Any]) -> Action:
    words = arguments.get("args")
    if isinstance(words, list):
        return git_action([str(w) for w in words])
    found = shell_actions(f"git {pick(arguments, 'args', *_COMMAND).removeprefix('git ')}")
    return found[0]


def _range(arguments: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Lines asked for, 1-based, under the names in use; ``(None, None)`` for the whole file."""
    if _RANGE.isdisjoint(arguments):
        return None, None
    span = arguments.get("view_range")
    if isinstance(span, str):
        span = [int(word) for word in _SPAN.findall(span)]
    if isinstance(span, list) and len(span) == 2 and all(isinstance(v, int) for v in span):
        return span[0], None if span[1] < 0 else span[1]
    start = number(pick(arguments, "start_line", "start", "offset", "line_start"))
    end = number(pick(arguments, "end_line", "end", "line_end"))
    limit = number(pick(arguments, "limit"))
    if end is None and limit is not None:
        end = (start or 1) + limit - 1
    return start, end
