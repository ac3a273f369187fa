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

RUN = {
    "task": "Fix add in calc.py.",
    "steps": [
        {"tool": "Read", "params": {"file_path": "calc.py"}, "output": "def add(a, b):\n    return a - b\n"},
        {"tool": "Edit", "params": {"file_path": "calc.py", "old_string": "a - b", "new_string": "a + b"}, "output": "done"},
    ],
    "outcome": {"success": True},
}


def talk(work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        server = StdioServerParameters(command=sys.executable, args=["-m", "agentreward.mcp_server"], env=dict(os.environ))
        async with Client(server) as client:
            return await work(client)

    return anyio.run(run)


def calls(*asked: tuple[str, dict[str, Any]]) -> list[tuple[str, bool]]:
    """What each tool answers in one session, and whether that is an error."""

    async def work(client: Client) -> Any:
        return [await client.call_tool(name, arguments) for name, arguments in asked]

    return [("".join(p.text for p in r.content if isinstance(p, TextContent)), bool(r.is_error)) for r in talk(work)]


def test_the_four_tools_say_what_they_take() -> None:
    offered = talk(lambda client: client.list_tools()).tools
    assert [tool.name for tool in offered] == ["score_trajectory", "build_preferences", "calibrate_reward", "list_rubrics"]
    assert all(tool.description and tool.input_schema["properties"] for tool in offered)


def test_each_tool_answers(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps({**RUN, "id": "half a pair \ud800"}))
    runs = {"t": [{"id": "a", "reward": 0.9, "step_count": 5}, {"id": "b", "reward": 0.2, "step_count": 9}]}
    answers = calls(
        ("score_trajectory", {"path": str(file)}),
        ("score_trajectory", {"trajectory": RUN, "evidence": True}),
        ("build_preferences", {"trajectories_by_task": runs}),
        ("calibrate_reward", {"reward_scores": [0.1, 0.5, 0.9], "human_scores": [0.2, 0.4, 0.8]}),
        ("list_rubrics", {}),
    )
    assert not any(failed for _, failed in answers)
    by_path, inline, pairs, agreement, rubrics = (json.loads(text) for text, _ in answers)
    assert by_path["total_score"] == inline["total_score"] > 0.5
    assert by_path["trajectory_id"] == "half a pair \ud800"
    assert "evidence" not in by_path["steps"][0]
    assert inline["steps"][0]["evidence"]["gate"]
    assert (pairs[0]["chosen_trajectory_id"], pairs[0]["margin"]) == ("a", pytest.approx(0.7))
    assert agreement["spearman_rho"] == pytest.approx(1.0)
    assert sum(r["weight"] for r in rubrics) == pytest.approx(1.0)


def test_what_is_asked_wrongly_is_an_error_that_the_client_sees() -> None:
    answers = calls(
        ("score_trajectory", {}),
        ("score_trajectory", {"path": "nowhere.json"}),
        ("score_trajectory", {"path": "-"}),
        ("score_trajectory", {"trajectory": {"steps": 1}}),
        ("build_preferences", {"trajectories_by_task": {"t": [{"id": "a"}]}}),
        ("calibrate_reward", {"reward_scores": [0.1], "human_scores": [0.1]}),
        ("list_rubrics", {"rubrics": "nowhere.yaml"}),
        ("teleport", {}),
    )
    said = ["give either", "nowhere.json", "no file", "'steps'", "'reward'", "at least 3", "nowhere.yaml", "unknown tool"]
    assert all(failed for _, failed in answers)
    assert [word for word, (text, _) in zip(said, answers, strict=True) if word not in text] == []
