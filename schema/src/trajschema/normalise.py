"""One normaliser for observation text: what differs between two identical runs is replaced by a mark.

Clocks, durations, memory addresses, process ids and temporary names carry no meaning for the reader of a run, and
differ each time. Content ids, replay comparison and caches all use this one function, so they agree.
"""

import re
from itertools import groupby

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = re.compile(r":\d\d")
_UNIT = re.compile(r"\d ?(?:m?s|us|µs|ns|secs?|seconds|minutes)\b")
_Sign = str | re.Pattern[str]
"""What a text must hold for a rule to apply: much cheaper to look for than the rule itself."""

_RULES: tuple[tuple[tuple[_Sign, ...], re.Pattern[str], str], ...] = (
    (("\r",), re.compile(r"\r+\n"), "\n"),
    ((_CLOCK,), re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    ((_CLOCK,), re.compile(rf"\b[A-Z][a-z]{{2}} {_MONTH} {{1,2}}\d{{1,2}} \d\d:\d\d:\d\d(?: [A-Z]+)? \d{{4}}"), "<time>"),
    ((_CLOCK,), re.compile(rf"\b{_MONTH} {{1,2}}\d{{1,2}} \d\d:\d\d(?::\d\d)?\b"), "<time>"),
    ((_CLOCK,), re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (("0x",), re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "<address>"),
    (("0x",), re.compile(r"\b0x[0-9a-f]+(?=\[\d+ chars\])"), "<address>"),  # unittest cuts long texts, and addresses in them
    ((" chars]",), re.compile(r"\[\d+ chars\][0-9a-f]{1,12}(?=>)"), "[<n> chars]<address>"),
    (
        (_UNIT,),
        re.compile(r"\b(in|took|after|elapsed|duration:?|time:?) ?\d+(?:\.\d+)? ?(?:s|ms|us|µs|ns|sec|secs|seconds|minutes)\b"),
        r"\1 <duration>",
    ),
    ((_UNIT,), re.compile(r"\b\d+\.\d+ ?(?:s|ms|us|µs|sec|seconds)\b"), "<duration>"),
    (("<duration> (",), re.compile(r"<duration> \(\d+:\d\d:\d\d\)"), "<duration>"),
    (
        ("/tmp/", "/dev/shm/", "/var/folders/"),
        re.compile(r"(?<![\w.-])(?:/private)?(/tmp|/var/tmp|/dev/shm|/var/folders)/[\w.+-]+(?:/pytest-\d+)?"),
        r"\1/<name>",
    ),
    (("pid",), re.compile(r"\bpid[ =:]+\d+"), "pid <n>"),
    (("id=",), re.compile(r"\b(uid|gid|groups)=\d+(?=\()"), r"\1=<n>"),  # what id prints: each sandbox has a user of its own
    (
        (": line ",),
        re.compile(r"(: line \d+:) +\d+ (?=(?:Killed|Terminated|Aborted|Segmentation fault|Bus error|Hangup|Interrupt)\b)"),
        r"\1 <n> ",
    ),
    # difflib's guide under two lines says where they differ, down to the digits of an address; the lines themselves stay.
    (("? ",), re.compile(r"^((?:E +)?\? )[ ^+-]*[\^+-][ ^+-]*$", re.MULTILINE), r"\1<guide>"),
)
_BY_SIGNS = tuple((signs, tuple((pattern, mark) for _, pattern, mark in rules)) for signs, rules in groupby(_RULES, key=lambda r: r[0]))


def normalise(text: str) -> str:
    """``text`` without clocks, durations, addresses, process ids, the user's id and temporary names, and with ``\\n`` line ends.

    Idempotent: ``normalise(normalise(t)) == normalise(t)``. The rules run until none applies, because a mark can make
    a word boundary that a rule waits for. This ends: each round uses up digits, names, line ends or guides, and marks hold none.
    """
    while (marked := _round(text)) != text:
        text = marked
    return text


def _round(text: str) -> str:
    for signs, rules in _BY_SIGNS:
        for sign in signs:
            if sign in text if isinstance(sign, str) else sign.search(text):
                for pattern, mark in rules:
                    text = pattern.sub(mark, text)
                break
    return text
