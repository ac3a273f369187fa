"""The tool schemas are what the client libraries take, and accept what a box accepts."""

import json
from typing import Any

import jsonschema
import pytest
from agentsandbox.schemas import anthropic_tools, mcp_tools, openai_chat_tools, openai_response_tools
from agentsandbox.tools import BY_NAME, TOOLS, problem_of
from anthropic.types import ToolParam
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp.types import ListToolsResult
from openai.types.chat import ChatCompletionFunctionToolParam
from openai.types.responses import FunctionToolParam
from pydantic import ConfigDict, TypeAdapter, with_config

NAMES = [tool.name for tool in TOOLS]
VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text(max_size=3) | st.lists(st.text(max_size=2), max_size=2)


def fits(kind: Any, tools: list[dict[str, Any]]) -> None:
    """Every tool is a value of the library's own type, with no key that the type does not know."""
    closed = with_config(ConfigDict(extra="forbid"))(kind)
    TypeAdapter(list[closed]).validate_python(tools, strict=True)  # type: ignore[valid-type]
    json.dumps(tools)


@pytest.mark.parametrize("strict", [False, True])
def test_the_anthropic_form_is_that_of_its_client(strict: bool) -> None:
    tools = anthropic_tools(strict=strict)
    fits(ToolParam, tools)
    assert [tool["name"] for tool in tools] == NAMES
    assert all(tool.get("strict", False) is strict for tool in tools)
    for tool in tools:
        jsonschema.Draft202012Validator.check_schema(tool["input_schema"])


@pytest.mark.parametrize("strict", [False, True])
def test_the_openai_forms_are_those_of_its_client(strict: bool) -> None:
    chat, responses = openai_chat_tools(strict=strict), openai_response_tools(strict=strict)
    fits(ChatCompletionFunctionToolParam, chat)
    fits(FunctionToolParam, responses)
    assert [tool["function"]["name"] for tool in chat] == [tool["name"] for tool in responses] == NAMES
    assert [tool["function"]["parameters"] for tool in chat] == [tool["parameters"] for tool in responses]
    for tool in responses:
        jsonschema.Draft202012Validator.check_schema(tool["parameters"])


def test_the_mcp_form_is_that_of_its_library() -> None:
    listed = ListToolsResult.model_validate({"tools": mcp_tools()})
    assert [tool.name for tool in listed.tools] == NAMES
    assert listed.model_dump(by_alias=True, mode="json", exclude_none=True)["tools"] == mcp_tools()


def test_a_strict_openai_schema_requires_every_property_and_lets_the_optional_ones_be_null() -> None:
    for tool in openai_response_tools(strict=True):
        parameters, own = tool["parameters"], BY_NAME[tool["name"]].parameters
        assert parameters["additionalProperties"] is False
        assert parameters["required"] == list(parameters["properties"])
        optional = [name for name in own["properties"] if name not in own["required"]]
        assert [name for name, schema in parameters["properties"].items() if "null" in schema["type"]] == optional


def test_a_strict_anthropic_schema_has_no_bounds_on_numbers() -> None:
    assert "inimum" in json.dumps(anthropic_tools())
    assert "inimum" not in json.dumps(anthropic_tools(strict=True))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_schema_accepts_just_what_a_box_accepts(data: st.DataObject) -> None:
    tool = data.draw(st.sampled_from(openai_response_tools(strict=True)))
    own = BY_NAME[tool["name"]].parameters
    names = st.sampled_from([*own["properties"], "other"])
    arguments = data.draw(st.dictionaries(names, VALUES, max_size=len(own["properties"]) + 1))
    plain = {name: value for name, value in arguments.items() if value is not None or name in own["required"]}
    accepted = jsonschema.Draft202012Validator(own).is_valid(plain)
    assert accepted == (problem_of(tool["name"], plain) is None)
    padded = {**dict.fromkeys(own["properties"]), **arguments}
    assert jsonschema.Draft202012Validator(tool["parameters"]).is_valid(padded) == (problem_of(tool["name"], padded) is None)
