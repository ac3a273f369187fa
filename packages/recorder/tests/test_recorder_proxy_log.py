"""The log of the proxy as trajectories: how conversations are told apart, and that no damage costs more than itself."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.adapters.agentrecorder_proxy.messages import answered
from agentrecorder.containers.json_values import dumps
from agentrecorder.convert import ConversionFailure, Converted, convert
from agentrecorder.errors import UnknownFormat
from agentrecorder.proxy.answers import Protocol, answer_of
from agentrecorder.run import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Json = Any
PROTOCOLS = ("anthropic-messages", "openai-chat", "openai-responses")


def user(text: str) -> Json:
    return {"role": "user", "content": text}


def assistant(text: str) -> Json:
    return {"role": "assistant", "content": text}


def exchange(number: int, messages: list[Json], said: str | None, **more: Any) -> Json:
    """An exchange in Anthropic's protocol; without an answer one that was refused."""
    content = [{"type": "text", "text": said}] if said is not None else []
    return {
        "format": "agentrecorder-proxy",
        "version": 1,
        "exchange": number,
        "protocol": "anthropic-messages",
        "request": {"model": "m-1", "messages": messages},
        "status": 200 if said is not None else 529,
        "answer": {"content": content, "stop_reason": "end_turn"} if said is not None else {"error": {"type": "overloaded_error"}},
        "problem": "",
        **more,
    }


def read(path: Path, exchanges: list[Json]) -> list[Run]:
    path.write_text("".join(json.dumps(one) + "\n" for one in exchanges))
    found = list(convert(path))
    assert all(isinstance(one, Converted) for one in found), found
    return [one.run for one in found if isinstance(one, Converted)]


def told(run: Run) -> list[str]:
    return [step["message"] for step in run.steps]


def test_two_answers_to_the_same_question_are_two_runs_and_each_goes_on_by_itself(tmp_path: Path) -> None:
    runs = read(
        tmp_path / "log",
        [
            exchange(1, [user("q")], "one"),
            exchange(2, [user("q")], "two"),
            exchange(3, [user("q"), assistant("two"), user("more")], "two and more"),
            exchange(4, [user("q"), assistant("one"), user("more")], "one and more"),
        ],
    )
    assert [told(run) for run in runs] == [["q", "one", "more", "one and more"], ["q", "two", "more", "two and more"]]


def test_an_answer_that_broke_off_counts_only_if_it_was_kept(tmp_path: Path) -> None:
    broken = exchange(1, [user("q")], "half an", problem="the server broke off")
    (again,) = read(tmp_path / "again", [broken, exchange(2, [user("q")], "whole")])
    assert told(again) == ["q", "whole"]
    assert again.aside == {"answer that broke off and was asked for again": 1}
    (kept,) = read(tmp_path / "kept", [broken, exchange(2, [user("q"), assistant("half an"), user("go on")], "answer")])
    assert told(kept) == ["q", "half an", "go on", "answer"]
    assert kept.steps[1]["flags"] == ["truncated"]


def test_lines_in_the_order_of_their_ends_are_read_in_the_order_of_their_beginnings(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "log", [exchange(2, [user("q"), assistant("a"), user("r")], "b"), exchange(1, [user("q")], "a")])
    assert told(run) == ["q", "a", "r", "b"]


def test_what_a_client_says_in_the_name_of_the_model_is_no_turn(tmp_path: Path) -> None:
    (run,) = read(tmp_path / "log", [exchange(1, [user("example"), assistant("so it is done"), user("now you")], "done")])
    assert [step["source"] for step in run.steps] == ["user", "agent", "user", "agent"]
    assert [step["flags"] for step in run.steps] == [[], ["copied_context"], [], []]
    assert run.turns == 1


def places(value: Json, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value."""
    if where:
        yield where
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*where, key))


CALL = {"type": "tool_use", "id": "a", "name": "bash", "input": {"command": "ls"}}
CHAT_CALL = {"id": "a", "type": "function", "function": {"name": "bash", "arguments": "{}"}}
ITEMS = [{"type": "reasoning", "summary": []}, {"type": "function_call", "call_id": "a", "name": "bash", "arguments": "{}"}]
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "x"}]}
CALLED = {"content": [{"type": "text", "text": "one"}, CALL], "stop_reason": "tool_use"}
CHATTED = {"choices": [{"message": {"content": "c", "tool_calls": [CHAT_CALL]}, "finish_reason": "length"}]}
LINKED = {"input": [{"type": "function_call_output", "call_id": "a", "output": "x"}], "previous_response_id": "r"}
RESPONSES = {"protocol": "openai-responses", "status": 200}
SOUND: list[Json] = [
    exchange(1, [user("q")], None),
    exchange(2, [user("q")], "one", answer=CALLED),
    exchange(3, [user("q"), {"role": "assistant", "content": CALLED["content"]}, RESULT], "two"),
    exchange(4, [], None, protocol="other"),
    exchange(5, [user("q")], None, protocol="openai-chat", status=200, answer=CHATTED),
    exchange(6, [], None, **RESPONSES, request={"input": "q"}, answer={"id": "r", "output": ITEMS}),
    exchange(7, [], None, **RESPONSES, request=LINKED, answer={"output": []}),
]
JUNK = st.sampled_from([None, True, -1, 1e300, "", "text", [], [None], {}, {"a": {}}, [[["x"]]]])


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_value_of_a_wrong_type_costs_no_more_than_its_exchange(tmp_path: Path, data: st.DataObject) -> None:
    log = copy.deepcopy(SOUND)
    number = data.draw(st.integers(0, len(log) - 1))
    *way, last = data.draw(st.sampled_from(list(places(log[number]))))
    target = log[number]
    for key in way:
        target = target[key]
    target[last] = data.draw(JUNK)
    path = tmp_path / "log"
    path.write_text("".join(json.dumps(one) + "\n" for one in log))
    try:
        found = list(convert(path))
    except UnknownFormat:
        assert log[0]["format"] != "agentrecorder-proxy"
        return
    runs = [one.run for one in found if isinstance(one, Converted)]
    lost = [one for one in found if isinstance(one, ConversionFailure)]
    assert all(one.where != "file" for one in lost)
    assert sum(run.taken + sum(run.aside.values()) for run in runs) + len(lost) == len(log)
    for index, run in enumerate(runs):
        run.trajectory("sum", index)


def streamed(*events: Json) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


PIECE = {"id": "a", "index": 0, "function": {"name": "bash", "arguments": '{"a"'}}
STREAMS: dict[Protocol, list[Json]] = {
    "anthropic-messages": [
        {"type": "message_start", "message": {"id": "m", "content": [], "usage": {"input_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "é"}},
        {"type": "content_block_start", "index": 1, "content_block": CALL},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"command": "ls"}'}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}},
        {"type": "error", "error": {"type": "overloaded_error"}},
    ],
    "openai-chat": [
        {"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "é", "tool_calls": [PIECE]}}]},
        {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [PIECE]}, "logprobs": {"content": [{"token": "x"}]}}]},
        {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"id": "c", "choices": [], "usage": {"prompt_tokens": 1}},
    ],
    "openai-responses": [
        {"type": "response.created", "response": {"id": "r", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "é"},
        {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{"},
        {"type": "response.completed", "response": {"id": "r", "output": ITEMS}},
    ],
}


@pytest.mark.parametrize("protocol", STREAMS)
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_stream_makes_an_answer_that_can_be_written_and_read(protocol: Protocol, data: st.DataObject) -> None:
    events = copy.deepcopy(STREAMS[protocol])
    if data.draw(st.booleans()):
        number = data.draw(st.integers(0, len(events) - 1))
        *way, last = data.draw(st.sampled_from(list(places(events[number]))))
        target = events[number]
        for key in way:
            target = target[key]
        target[last] = data.draw(JUNK)
    body = streamed(*events)
    answer = answer_of(protocol, body[: data.draw(st.integers(0, len(body)))], streamed=True)
    assert json.loads(dumps(answer)) == answer
    answered(protocol, answer)
