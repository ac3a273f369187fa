"""A call by an MCP client is checked before the tool sees it."""

import pytest
from pydantic import BaseModel
from trajruntime.mcp_tools import ANSWER_CHARACTERS, McpTool, ToolFailed, answer, bounded


class Twice(BaseModel):
    """Say it twice."""

    text: str


TOOLS = {"twice": McpTool(Twice, lambda given: given.text * 2)}


def test_a_tool_answers_with_text() -> None:
    assert answer(TOOLS, "twice", {"text": "ab"}) == "abab"


def test_what_is_wrong_with_a_call_is_named() -> None:
    with pytest.raises(ToolFailed, match="unknown tool 'thrice'; there are: twice"):
        answer(TOOLS, "thrice", {})
    with pytest.raises(ToolFailed, match="text: Field required"):
        answer(TOOLS, "twice", {})


def test_an_answer_has_a_bound() -> None:
    assert bounded("a", "less") == "a"
    with pytest.raises(ToolFailed, match="ask for less"):
        bounded("a" * (ANSWER_CHARACTERS + 1), "a page")
