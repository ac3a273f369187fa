"""What a shell command line does."""

from itertools import dropwhile

from agentreward.rules.read.actions import Action, path_name
from agentreward.rules.read.programs import Use, changes_in_place, execution, known, only_shows, write_to
from agentreward.rules.read.shell import Command, parse

_PASS_ON = "head tail grep egrep sort uniq wc cut tr awk sed nl cat less more column rev tac jq xargs rg"
_MOST_ACTIONS = 64
_FILTERS = frozenset(_PASS_ON.split())


def shell_actions(text: str) -> list[Action]:
    """The actions of a command line, in order, at most 64. One whose commands only prepare (``cd``) or say (``echo``) is a no-op."""
    actions: list[Action] = []
    folder = ""
    commands = parse(text)
    behind = _operators(commands) if len(commands) > 1 else [""]
    for index, command in enumerate(commands):
        words = command.words
        if len(words) > 1 and words[0] == "cd":
            folder = path_name(f"{folder}/{words[1]}" if folder and not words[1].startswith("/") else words[1])
            folder = "" if folder == "." else folder
            continue
        if command.piped and _only_filters(command):
            continue
        if command.piped:
            command = _for_found(command, commands[index - 1])
        found = _actions(command, _pipe_text(commands[index + 1 :]), folder)
        then = behind[index]
        actions.extend([a._replace(then=then) if then else a for a in found if a.kind != "noop"])
    return actions[:_MOST_ACTIONS] or [Action("noop", f"noop:{text.strip()}", shell=True)]


def _operators(commands: list[Command]) -> list[str]:
    """What follows each command to the end of the line: ``&&`` if there are only such, ``;`` if one runs anyhow, nothing after the last."""
    found: list[str] = []
    then = ""
    for command in reversed(commands):
        if command.then and command.then not in ("|", "|&") and found:
            then = "&&" if command.then == "&&" and then != ";" else ";"
        found.append(then)
    return found[::-1]


def _actions(command: Command, filters: str, folder: str) -> list[Action]:
    words = command.words
    program, does = known(command)
    use = Use(command, [w for w in words[1:] if not w.startswith("-")], _line(command), folder, filters)
    if command.writes and (not program or only_shows(does)):
        return write_to(command.writes, use, command.document or " ".join(words[1:]), appends=command.appends)
    found = does(program, use) if does else None
    if found is None:
        found = [execution(use)]
    if command.writes and found[0].kind not in ("edit", "write", "mutate", "test"):
        return [*found, *write_to(command.writes, use, use.line, appends=command.appends)]
    return found


def _for_found(command: Command, before: Command) -> Command:
    """``find … | xargs rm`` is ``find … -exec rm``."""
    if command.words[:1] != ("xargs",) or before.words[:1] != ("find",):
        return command
    rest = dropwhile(lambda word: word.startswith("-"), command.words[1:])
    return command._replace(words=(*before.words, "-exec", *rest))


def _line(command: Command) -> str:
    return " ".join(command.words) + (f" < {command.reads}" if command.reads else "")


def _only_filters(command: Command) -> bool:
    words = command.words
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if program not in _FILTERS or command.writes:
        return False
    if program == "xargs":
        return not ("rm" in words or ("sed" in words and changes_in_place(words)))
    return not (program == "sed" and changes_in_place(words))


def _pipe_text(behind: list[Command]) -> str:
    """The filters behind a command, as text: ``cat f | head -3`` and ``cat f`` are two requests."""
    text = ""
    for command in behind:
        if not command.piped:
            break
        text += f" | {' '.join(command.words)}"
    return text
