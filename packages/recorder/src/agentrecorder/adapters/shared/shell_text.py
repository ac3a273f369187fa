"""What harnesses write around the output of a command: an exit status, a label, a mark where text was cut out."""

import re

from agentrecorder.containers.json_values import whole
from agentrecorder.run import Row, Run

_ENDS = 400
"""Characters at either end of an output where a harness writes."""
_RETURN = re.compile(
    r"<returncode>\s*(-?\d+)\s*</returncode>|\b(?:Process exited with code|Exit code:?)\s*:?\s*(-?\d+)",
    re.IGNORECASE,
)
_EXIT = re.compile(r"xit(?:(?<=\bexit) code:?|(?<=\bprocess exit)ed with code)\s*:?\s*(-?\d+)")
"""The second half of the pattern above, for a text in small letters: it begins with what can be looked for fast."""
_SECONDS = re.compile(r"\bWall time: (\d+(?:\.\d+)?) seconds")
_TRUNCATED = ("[... Observation truncated", "[Truncated:", "tokens truncated…", "... [truncated]")
_ABRIDGED = "too large to display entirely. Showing abbreviated version"
_LABEL = re.compile(r"(?:OBSERVATION|Observation):[ \n]|EXECUTION RESULT of \[[^\]\n]*\]:\n")


def exit_code(text: str) -> int | None:
    """The exit status that a harness states at the start or the end of an output."""
    for end in (text,) if len(text) <= _ENDS else (text[:_ENDS], text[-_ENDS:]):
        if "<returncode>" in end or "xit" in end:
            found = _RETURN.search(end) if "<returncode>" in end else _EXIT.search(end.lower())
            if found is not None:
                return whole(found[found.lastindex or 1])
    return None


def seconds(text: str) -> float | None:
    """How long a command took, where the harness says so at the start."""
    found = _SECONDS.search(text, 0, _ENDS) if text.find("Wall time", 0, _ENDS) >= 0 else None
    return None if found is None else float(found[1])


def unlabelled(text: str) -> str:
    """An observation without the harness's label, such as ``OBSERVATION:``."""
    found = _LABEL.match(text)
    return text[found.end() :] if found else text


def error(text: str) -> str | None:
    """The first line after ``ERROR:``, with which an observation says that the call itself failed."""
    return text[7:].split("\n", 1)[0] or "error" if text.startswith("ERROR:\n") else None


def is_cut(text: str) -> bool:
    """Whether a harness says in the text that it left some of it out."""
    return (
        "<elided_chars>" in text
        or ("clipped>" in text and "<response clipped>" in text)  # the shorter word is found faster, and seldom
        or (_ABRIDGED in text[:_ENDS])
        or ("runcated" in text and any(mark in text for mark in _TRUNCATED))
    )


def answer(run: Run, text: str, call_id: str | None = None, failure: str | None = None) -> Row:
    """Add an observation, with what its text says of exit status, time, failure and cuts."""
    text = unlabelled(text)
    status = exit_code(text)
    return run.answer(
        text,
        call_id,
        exit_code=status,
        error=error(text) if failure is None else None if status is not None else failure,
        truncated=is_cut(text),
        seconds=seconds(text),
    )
