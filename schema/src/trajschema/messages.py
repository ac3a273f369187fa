"""A trajectory as chat messages, as OpenAI's API, chat templates and trainers read them.

A message has ``role``, ``content``, ``reasoning_content``, ``tool_calls`` and ``tool_call_id``, each ``None`` where it says nothing.
"""

from typing import Any

from trajschema.trajectory import Observation, Step

Message = dict[str, Any]


def step_messages(step: Step) -> list[Message]:
    """The messages of a step: what was said, with its calls, then one for each observation.

    An observation is a ``tool`` message, or a ``user`` one if it answers no call.
    """
    calls = [
        {"id": c.tool_call_id, "type": "function", "function": {"name": c.raw_name, "arguments": c.arguments}} for c in step.tool_calls
    ]
    said = message(role_of(step), step.message, reasoning=step.reasoning, calls=calls or None)
    return [said, *(_answer(observation) for observation in step.observations)]


def role_of(step: Step) -> str:
    """Who speaks in a step, in the words of a chat."""
    return "assistant" if step.source == "agent" else step.source


def observation_text(observation: Observation) -> str:
    """What an observation says; its error stands below the text, unless it is in there."""
    text, error = observation.content, observation.error
    if not error or error in text:
        return text
    return f"{text}\n{error}" if text else error


def _answer(observation: Observation) -> Message:
    call_id = observation.tool_call_id
    return message("user" if call_id is None else "tool", observation_text(observation), call_id=call_id)


def message(
    role: str, content: str, *, reasoning: str | None = None, calls: list[Message] | None = None, call_id: str | None = None
) -> Message:
    """A message with all of its fields."""
    return {"role": role, "content": content, "reasoning_content": reasoning, "tool_calls": calls, "tool_call_id": call_id}
