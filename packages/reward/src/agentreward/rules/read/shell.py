"""Shell commands taken apart far enough to see what they do. Never raises, linear in the text."""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""\\\n|(?<![^\s;&|])\#[^\n]*
    |\|\||&&|\|&|;;|[;|\n]|(?<![<>&0-9])&(?![>&])
    |[\d&]?>>?\|?(?:&[\d-])?|<<<|<<-?|<
    |(?:[^\s;|&<>"'\\]+|\\.|"[^"\\]*(?:\\.[^"\\]*)*"|'[^']*')+
    """,
    re.VERBOSE | re.DOTALL,
)
_SPECIAL = re.compile(r"[|&;<>\"'\\#\n]")
"""Without any of these a text is words and blanks."""
_OPERATORS = frozenset({"||", "&&", "|&", ";;", ";", "|", "\n", "&"})
_REDIRECT = re.compile(r"[\d&]?>>?\|?(?:&[\d-])?|<<<|<<-?|<")
_MAY_REDIRECT = frozenset("<>&0123456789")
_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)([A-Za-z_]\w*)\1")
_QUOTED = re.compile(r"\\(.)|\"([^\"\\]*(?:\\.[^\"\\]*)*)\"|'([^']*)'", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_KEYWORDS = frozenset({"if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "{", "}", "(", ")", "!", "case", "esac"})
_WRAPPERS = frozenset({"sudo", "time", "nohup", "env", "command", "exec", "stdbuf", "nice", "timeout", "xvfb-run", "unbuffer"})
_TAKES_VALUE = {
    "nice": frozenset({"-n"}),
    "timeout": frozenset({"-s", "-k"}),
    "env": frozenset({"-u", "-C"}),
    "sudo": frozenset({"-u", "-g"}),
    "run": frozenset({"-n", "-p", "--with", "--extra", "--group"}),
}
"""Options of wrappers whose value is the next word."""
_RUNS = frozenset({"uv", "poetry", "pipenv", "pdm", "hatch", "rye", "conda", "mamba", "micromamba"})
"""Programs that run another one with ``run``."""
_SHELLS = frozenset({"bash", "sh", "zsh", "dash"})
_SCRIPT = re.compile(r"-[a-z]*c")
_MOST_COMMANDS = 64


class Command(NamedTuple):
    """One simple command: its words, the files that its output goes to, its here-document, whether it reads a pipe, the operator
    behind it, and the file that its input comes from."""

    words: tuple[str, ...]
    writes: tuple[str, ...] = ()
    appends: bool = False
    document: str = ""
    piped: bool = False
    then: str = ""
    reads: str = ""


def parse(text: str) -> list[Command]:
    """The simple commands of ``text`` in order, at most 64. Wrappers (``sudo``, ``timeout 5``, ``X=1``) and keywords are taken off."""
    if not _SPECIAL.search(text):
        core = _core(text.split())
        return _nested(Command(core)) if core else []
    text, documents = _take_documents(text)
    commands: list[Command] = []
    words: list[str] = []
    writes: list[str] = []
    appends = piped = False
    document = reads = ""
    target = ""

    def close(operator: str) -> None:
        nonlocal words, writes, appends, piped, document, reads
        core = _core(words)
        if core or writes:
            commands.extend(_nested(Command(core, tuple(writes), appends, document, piped, operator, reads)))
        # What comes down a pipe from a here-document is the document of the next command.
        document, reads = document if operator == "|" else "", ""
        words, writes, appends, piped = [], [], False, operator in ("|", "|&")

    for token in _TOKEN.findall(text):
        if token in _OPERATORS:
            close(token)
            target = ""
            if len(commands) >= _MOST_COMMANDS:
                break
        elif token[0] in _MAY_REDIRECT and _REDIRECT.fullmatch(token):
            if "&" in token[1:]:
                target = ""
            elif token[0] == "<":
                target = "<<" if token in ("<<", "<<-") else "<"
            else:
                target = ">"
                appends = appends or ">>" in token
        elif token[0] == "#" or token == "\\\n":
            continue
        elif target:
            word = _unquote(token)
            if target == "<<":
                document = documents.pop(0) if documents else ""
            elif target == "<":
                reads = word
            elif word != "/dev/null":
                writes.append(word)
            target = ""
        else:
            words.append(_unquote(token))
    close("")
    return commands[:_MOST_COMMANDS]


def _nested(command: Command) -> list[Command]:
    """The commands of ``bash -c '…'``, or else the command itself."""
    words = command.words
    if len(words) < 3 or command.writes or words[0].rsplit("/", 1)[-1] not in _SHELLS or not _SCRIPT.fullmatch(words[1]):
        return [command]
    inner = parse(words[2])
    return [*inner[:-1], inner[-1]._replace(then=command.then)] if inner else [command]


def _take_documents(text: str) -> tuple[str, list[str]]:
    """``text`` without here-document bodies, and the bodies in order."""
    if "<<" not in text:
        return text, []
    kept: list[str] = []
    bodies: list[str] = []
    at = line_end = 0
    for match in _HEREDOC.finditer(text):
        if at and match.start() < line_end:
            pass
        elif match.start() < at:
            continue
        else:
            line_end = text.find("\n", match.end())
            if line_end < 0:
                break
            kept.append(text[at : line_end + 1])
            at = line_end + 1
        end = re.compile(rf"^[ \t]*{match.group(2)}[ \t]*$", re.MULTILINE).search(text, at)
        bodies.append(text[at : end.start() if end else len(text)])
        at = min(end.end() + 1, len(text)) if end else len(text)
    kept.append(text[at:])
    return "".join(kept), bodies


def _unquote(word: str) -> str:
    if '"' not in word and "'" not in word and "\\" not in word:
        return word
    return _QUOTED.sub(lambda m: m.group(1) or m.group(2) or m.group(3) or "", word)


def _core(words: list[str]) -> tuple[str, ...]:
    at, n = 0, len(words)
    while at < n:
        word = words[at]
        if word in _KEYWORDS or ("=" in word and _ASSIGNMENT.match(word)):
            at += 1
        elif word in _WRAPPERS and at + 1 < n:
            at = _behind_options(words, at + 1, word)
        elif word in _RUNS and at + 2 < n and words[at + 1] == "run":
            at = _behind_options(words, at + 2, "run")
        else:
            break
    rest = words[at:]
    if not rest:
        return ()
    if rest[-1].endswith(")") and "(" not in rest[-1]:
        rest[-1] = rest[-1].rstrip(")")
    return (rest[0].lstrip("("), *rest[1:])


def _behind_options(words: list[str], at: int, wrapper: str) -> int:
    takes_value = _TAKES_VALUE.get(wrapper, frozenset())
    while at < len(words) and (words[at].startswith("-") or (wrapper == "timeout" and words[at][:1].isdigit())):
        at += 2 if words[at] in takes_value else 1
    return at
