"""What came of a request, so that asking again and hearing the same is known for what it is."""

from trajschema.normalise import normalise
from trajschema.trajectory import Observation

Version = tuple[int, int]
"""How often what a request looks at has changed. Only grows."""
Answer = tuple[str, int | None, str | None]
"""Content, exit status and error."""
_COMPARED = 2


class Request:
    """What came of one request, since what it looks at changed last. Answers that differ in clocks and the like are the same."""

    __slots__ = ("_answers", "_known", "made", "step", "version")

    def __init__(self, version: Version, answer: Answer, step: int, made: int | None) -> None:
        self.made = made
        """Step that made it first; a change that failed was not made."""
        self.version = version
        self.step = step
        self._answers: tuple[Answer, ...] = (answer,)
        self._known: set[Answer] | None = None

    def has(self, answer: Answer) -> bool:
        """Whether this was an answer. Few requests have a third one, so the first two are compared as they are."""
        if answer in self._answers:
            return True
        return any([_same(answer, a) for a in self._answers]) if self._known is None else _plain(answer) in self._known

    def add(self, version: Version, answer: Answer, step: int) -> None:
        """An answer that there had not been."""
        if version != self.version:
            self.version, self.step, self._answers, self._known = version, step, (answer,), None
        elif len(self._answers) < _COMPARED:
            self._answers = (*self._answers, answer)
        else:
            if self._known is None:
                self._known = {_plain(a) for a in self._answers}
            self._known.add(_plain(answer))


def answer_of(observation: Observation | None) -> Answer:
    """What the observation answers; nothing without one."""
    return (observation.content, observation.exit_code, observation.error) if observation else ("", None, None)


def _plain(answer: Answer) -> Answer:
    return normalise(f"{answer[0]}\n"), answer[1], normalise(f"{answer[2] or ''}\n")


def _same(one: Answer, other: Answer) -> bool:
    return one[1] == other[1] and _alike(one[2] or "", other[2] or "") and _alike(one[0], other[0])


def _alike(one: str, other: str) -> bool:
    """Whether two texts are the same but for clocks and the like. These lie within a line, so the first other line decides."""
    if one == other:
        return True
    lines, others = one.split("\n"), other.split("\n")
    return len(lines) == len(others) and all(
        a == b or normalise(f"{a}\n") == normalise(f"{b}\n") for a, b in zip(lines, others, strict=True)
    )
