"""The same content has the same id, on every machine and in every order."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trajschema.ids import canonical_json, content_id, digest, sha256_bytes
from trajschema.rollout import Agent
from trajschema.trajectory import Observation, Step, StepUsage, ToolCall, trajectory_id

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, min_size=2, max_size=5), st.randoms())
def test_the_order_of_keys_does_not_count(value: dict[str, object], random: Random) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert canonical_json({k: value[k] for k in keys}) == canonical_json(value)


@given(JSON)
def test_canonical_json_is_ascii_and_reads_back(value: object) -> None:
    text = canonical_json(value)
    assert text.isascii()
    assert json.loads(text) == value


@given(JSON, JSON)
def test_other_content_has_another_id(one: object, other: object) -> None:
    assert (digest(one) == digest(other)) == (canonical_json(one) == canonical_json(other))


def test_ids_stay_what_they_are_from_release_to_release() -> None:
    value = {"b": [1, 2.5, None, True], "a": "é\n"}
    assert canonical_json(value) == b'{"a":"\\u00e9\\n","b":[1,2.5,null,true]}'
    assert digest(value) == sha256_bytes(canonical_json(value))
    assert content_id(value) == "168f2072f4695a78"
    assert content_id(value, 64) == digest(value)


def test_a_lone_surrogate_has_an_id_of_its_own() -> None:
    assert canonical_json("\ud800") == b'"\\ud800"'
    assert digest("\ud800") != digest("\ud801")


def test_a_record_counts_as_its_json_form() -> None:
    agent = Agent(name="random")
    assert digest([agent]) == digest([agent.model_dump(mode="json")])


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object()])
def test_what_json_cannot_say_is_refused_by_type(value: object) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        digest(value)


def run(content: str = "1 passed in 0.05s", seconds: float = 0.1, arguments: str = "{}", call_id: str = "c1") -> tuple[Step, ...]:
    call = ToolCall(tool_call_id=call_id, name="shell", raw_name="shell", arguments=arguments)
    seen = Observation(tool_call_id=call_id, content=content, seconds=seconds)
    return (Step(step_id=1, source="agent", tool_calls=(call,), observations=(seen,), usage=StepUsage(seconds=seconds)),)


def test_two_identical_runs_share_their_trajectory_id() -> None:
    assert trajectory_id("r", run(), "") == trajectory_id("r", run("1 passed in 1.25s", seconds=9.0, call_id="c2"), "")


def test_what_was_said_done_or_seen_counts() -> None:
    ids = [
        trajectory_id("r", run(), ""),
        trajectory_id("s", run(), ""),
        trajectory_id("r", run(), "diff"),
        trajectory_id("r", run("2 passed in 0.05s"), ""),
        trajectory_id("r", run(arguments='{"command":"ls"}'), ""),
    ]
    assert len(set(ids)) == len(ids)
