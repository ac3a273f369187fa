"""Steps of a SWE-agent run. A step that the harness rejected, or put there itself, looks much like any other."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from agentrecorder.adapters.shared.shell_text import is_cut
from agentrecorder.adapters.swe_agent.history import Answer, observe, turn
from agentrecorder.containers.json_values import Json, fields, get, items, number, prose, string
from agentrecorder.run import Row, Run, flag

ENDED = ("exit due to ", "exiting due to ")
"""So begins what the harness says in the model's place when it stops a run."""
_EXITS = frozenset({"", "exit_context", "exit_cost", "exit_api", "exit_error", "exit_environment_error", "exit_total_execution_time"})
_NO_ANSWER: Mapping[str, Json] = {"action": None}


class _Held(NamedTuple):
    """A turn that no observation followed, until the next step's prompt tells whether it was rejected."""

    row: Row
    response: str
    seconds: float | None


class Steps:
    """Walks over the steps of one run, ``found`` being its answers in the history. :meth:`end` comes last."""

    def __init__(self, run: Run, found: deque[Answer], count: int) -> None:
        self._run = run
        self._found = found
        self._alike = len(found) == count
        self._held: _Held | None = None

    def step(self, step: Json) -> str | None:
        """A handler for :meth:`Run.take`."""
        action, observation = string(step["action"]), string(step.get("observation"))
        response, thought = prose(step.get("response")), string(step.get("thought"))
        self._settle(step)
        answer = self._answer(action, response)
        if _ended(step, action.strip(), response):
            self._run.turn(response, flags=("synthetic",))
            if observation.strip():
                self._run.answer(observation)
            return None
        if action.strip() == "exit_format":
            self._run.turn(response, flags=("malformed",))
            return None
        row = turn(self._run, response, thought, action, _NO_ANSWER if answer is None else answer.message)
        seconds = number(step.get("execution_time"))
        if answer is None and not observation.strip():
            self._held = _Held(row, response, seconds)
        elif row["tool_calls"] or observation.strip():
            _observed(self._run, observation, answer, seconds)
        return None

    def end(self) -> None:
        """After the last step."""
        self._settle({})

    def _settle(self, step: Json) -> None:
        if self._held is None:
            return
        row, response, seconds = self._held
        self._held = None
        rejection = _rejection(step, response)
        if rejection is not None:
            flag(row, "malformed")
            self._run.say("user", rejection)
        elif row["tool_calls"]:
            self._run.answer("", seconds=seconds)

    def _answer(self, action: str, response: str) -> Answer | None:
        """The message of this step. Rejected steps have none, and are found by the messages being fewer."""
        if self._alike:
            return self._found.popleft()
        for place, answer in enumerate(self._found):
            if prose(answer.message.get("content")) == response and answer.action in (None, action):
                for _ in range(place):
                    self._found.popleft()
                return self._found.popleft()
        return None


def _ended(step: Json, action: str, response: str) -> bool:
    if response.lower().startswith(ENDED) and action in _EXITS:
        return True
    prompts = items(step.get("query") or step.get("messages"))
    asked = not prompts or "role" in fields(prompts[-1])
    return not asked and not action and not response


def _rejection(step: Json, response: str) -> str | None:
    """What the harness said to an answer that it did not take: it stands in the next step's prompt alone."""
    prompts = items(get(step, "query") or get(step, "messages"))
    if len(prompts) < 2:
        return None
    said, reply = prompts[-2], prompts[-1]
    if get(said, "role") != "assistant" or "action" in said or get(reply, "role") != "user":
        return None
    return prose(get(reply, "content")) if prose(get(said, "content")) == response else None


def _observed(run: Run, observation: str, answer: Answer | None, seconds: float | None) -> None:
    replies = [] if answer is None else answer.replies
    if len(run.steps[-1]["tool_calls"]) > 1 and len(replies) > 1:
        for reply in replies:
            observe(run, reply)
        return
    seen = prose(replies[0].get("content")) if replies else observation
    error = "timed out" if _timed_out(observation) else None
    if len(seen) >= len(observation) or not seen:
        run.answer(observation, error=error, truncated=is_cut(observation), seconds=seconds)
    else:
        size = len(observation.encode("utf-8", "replace"))
        run.answer(seen, error=error, truncated=True, total_bytes=size, seconds=seconds)


def _timed_out(observation: str) -> bool:
    if observation[:40].lstrip().startswith("EXECUTION TIMED OUT"):
        return True
    return observation.startswith("The command '") and " was cancelled because it took more than " in observation[-300:]
