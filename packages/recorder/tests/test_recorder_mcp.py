"""The MCP server, spoken to over its standard input and output by the client of the mcp library."""

import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import TextContent

LINE = {
    "format": "agentrecorder-proxy",
    "version": 1,
    "exchange": 1,
    "protocol": "openai-chat",
    "request": {"model": "m-1", "messages": [{"role": "user", "content": "mend it"}]},
    "status": 200,
    "answer": {"model": "m-1", "choices": [{"message": {"content": "done\x1b[0m"}, "finish_reason": "stop"}]},
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A run, and a line that is no JSON."""
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(LINE) + "\n{broken\n")
    return path


def talk(work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        server = StdioServerParameters(command=sys.executable, args=["-m", "agentrecorder.mcp_server"], env=dict(os.environ))
        async with Client(server) as client:
            return await work(client)

    return anyio.run(run)


def call(name: str, **arguments: Any) -> tuple[str, bool]:
    """What a tool answers, and whether that is an error."""
    result = talk(lambda client: client.call_tool(name, arguments))
    return "".join(part.text for part in result.content if isinstance(part, TextContent)), bool(result.is_error)


def test_the_tools_say_what_they_take() -> None:
    offered = talk(lambda client: client.list_tools()).tools
    assert [tool.name for tool in offered] == ["convert_log", "detect_format", "inspect_log", "log_stats"]
    assert all(tool.description and "path" in tool.input_schema["required"] for tool in offered)


def test_a_log_is_converted_in_the_answer_or_into_a_file(log: Path, tmp_path: Path) -> None:
    text, failed = call("convert_log", path=str(log), to="atif")
    assert not failed
    trajectory, lost = map(json.loads, text.splitlines())
    assert (trajectory["schema_version"], trajectory["steps"][1]["source"]) == ("ATIF-v1.7", "agent")
    assert lost["where"] == "line 2"
    target = tmp_path / "out.jsonl"
    text, failed = call("convert_log", path=str(log), output=str(target))
    assert not failed
    assert (json.loads(text)["written"], json.loads(text)["failed"]) == (1, 1)
    assert len(json.loads(target.read_text())["steps"]) == 2
    text, failed = call("convert_log", path=str(log), output=str(target))
    assert failed
    assert "name a new file" in text


def test_a_log_is_detected_shown_and_counted(log: Path) -> None:
    text, failed = call("detect_format", path=str(log))
    assert not failed
    assert json.loads(text) == {"path": str(log), "kind": "lines", "format": "agentrecorder-proxy", "version": "1", "why": ""}
    text, failed = call("inspect_log", path=str(log), steps="2")
    assert not failed
    assert "#2 agent" in text
    assert "\x1b" not in text
    text, failed = call("log_stats", path=str(log))
    assert not failed
    assert [json.loads(line).get("agent_turns") for line in text.splitlines()] == [None, 1]


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("convert_log", {"path": "nowhere.json"}, "NotReadable: nowhere.json"),
        ("convert_log", {}, "path: Field required"),
        ("convert_log", {"path": ".", "to": "csv"}, "to: Input should be"),
        ("inspect_log", {"path": 7}, "path: Input should be a valid string"),
        ("teleport", {}, "ToolFailed: unknown tool 'teleport'"),
    ],
)
def test_what_is_asked_wrongly_is_an_error_that_the_client_sees(name: str, arguments: dict[str, Any], says: str) -> None:
    text, failed = call(name, **arguments)
    assert failed
    assert says in text


@pytest.mark.soak
def test_what_a_log_does_not_hold_is_an_error(log: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("")
    for name, more, says in (
        ("inspect_log", {"path": str(log), "run": 3}, "holds 1 runs, not 3"),
        ("inspect_log", {"path": str(log), "steps": "x"}, "is no range"),
        ("log_stats", {"path": str(tmp_path / "empty.json")}, "the file is empty"),
        ("convert_log", {"path": str(tmp_path / "empty.json")}, "the file is empty"),
    ):
        text, failed = call(name, **more)
        assert failed
        assert says in text
