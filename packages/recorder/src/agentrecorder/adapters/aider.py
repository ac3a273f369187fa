"""Chat histories of Aider: Markdown with the user's words as headings, the program's as quotes, and the model's as they are."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Literal

from agentrecorder.adapters.adapter import Lost
from agentrecorder.containers.json_values import decoded
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Row, Run, flag, usage

Speaker = Literal["start", "user", "program", "model"]
_START = "# aider chat started at "
_TOKENS = re.compile(r"Tokens: ([\d.,]+[kKmM]?) sent(?:, .*?)??(?:, ([\d.,]+[kKmM]?) cache hit)?, ([\d.,]+[kKmM]?) received")
_COST = re.compile(r"Cost: \$([\d.]+) message")
_MODEL = re.compile(r"(?:Main model|Model): (\S+)")
_VERSION = re.compile(r"Aider v(\S+)")
_MISFORMED = "did not conform to the edit format"


class Aider:
    """``.aider.chat.history.md``: a run for each start of the program. Edits stand in the model's text: there are no calls."""

    name = "aider"
    priority = 190

    def version(self, source: LogSource) -> str | None:
        """Of the program, if the first lines say so."""
        if source.kind not in ("other", "lines"):
            return None
        head = decoded(bytes(source.data[:4096])).lstrip()
        found = _VERSION.search(head)
        return None if not head.startswith(_START) else found[1] if found else ""

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each chat."""
        session: _Chat | None = None
        for speaker, text in _blocks(decoded(bytes(source.data)).replace("\r\n", "\n").split("\n")):
            if speaker == "start" or session is None:
                if session is not None:
                    yield session.run
                session = _Chat()
            session.run.take_one("block", (speaker, text), session.hear)
        if session is not None:
            yield session.run


def _blocks(lines: list[str]) -> Iterator[tuple[Speaker, str]]:
    """Neighbouring lines of one speaker; a blank line goes on with the one before."""
    for speaker, group in groupby(_spoken(lines), key=lambda spoken: spoken[0]):
        text = "\n".join(line for _, line in group).strip()
        if text:
            yield speaker, text


def _spoken(lines: list[str]) -> Iterator[tuple[Speaker, str]]:
    """Who says each line. The program ends what the user and itself say with two blanks; headings and quotes of the model do not."""
    marked = any(line.startswith("#### ") and line.endswith("  ") for line in lines)
    speaker: Speaker = "model"
    fenced = False
    for line in lines:
        ends = line.endswith("  ") or not marked
        if line.startswith(_START):
            speaker, fenced = "start", False
        elif line.startswith("#### ") and ends and (marked or not fenced):
            speaker, fenced, line = "user", False, line[5:].rstrip()
        elif line.startswith("> ") and not fenced and (ends or speaker == "program"):
            speaker, line = "program", line[2:].rstrip()
        elif line.strip():
            speaker = "model"
            fenced ^= line.startswith("```")
        yield speaker, line


class _Chat:
    """Blocks of one chat in order."""

    def __init__(self) -> None:
        self.run = Run("aider", agent="aider")
        self.turn: Row | None = None

    def hear(self, block: tuple[Speaker, str]) -> str | None:
        """Take the next block. The kind of one that is no part of a run."""
        speaker, text = block
        match speaker:
            case "start":
                return "start of the chat"
            case "user":
                self.turn = None
                self.run.say("user", text)
            case "program":
                self._program(text)
            case "model":
                self.turn = self.run.turn(text)
        return None

    def _program(self, text: str) -> None:
        if self.turn is not None:
            self.turn["usage"] = _usage(text) or self.turn["usage"]
            if _MISFORMED in text:
                flag(self.turn, "malformed")
        if self.run.model is None and (found := _MODEL.search(text)):
            self.run.model = found[1]
        if not self.run.version and (found := _VERSION.search(text)):
            self.run.version = found[1]
        self.run.say("system", text)


def _usage(text: str) -> Row | None:
    found, cost = _TOKENS.search(text), _COST.search(text)
    if found is None:
        return None
    cached = _count(found[2]) if found[2] else None
    return usage(_count(found[1]), _count(found[3]), cached, float(cost[1]) if cost else None)


def _count(text: str) -> int:
    """A number such as ``5.6k``."""
    scale = {"k": 1_000, "m": 1_000_000}.get(text[-1].lower(), 1)
    return round(float(text.rstrip("kKmM").replace(",", "")) * scale)


ADAPTER = Aider()
