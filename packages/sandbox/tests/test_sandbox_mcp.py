"""The MCP server, spoken to over its standard input and output by the client of the mcp library."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from agentsandbox.eventlog import trajectory_of
from agentsandbox.records import bare_task
from agentsandbox.replay.run import replay
from agentsandbox.sandbox import Backend
from agentsandbox.tools import TOOLS
from agentsandbox.trees import tree_of
from mcp import Client, StdioServerParameters
from mcp.types import TextContent
from trajschema.rollout import Limits
from trajschema.task import Environment
from trajtests.marks import soak_but

Talk = Callable[[Client], Awaitable[Any]]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small folder to work on."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    (folder / "test_calc.py").write_text("from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n")
    return folder


@pytest.fixture
def server(command_environ: dict[str, str], repository: Path, tmp_path: Path) -> Callable[..., StdioServerParameters]:
    """How to start a server on that folder, which records to ``log.jsonl``."""

    def parameters(backend: str, *more: str) -> StdioServerParameters:
        given = ["--backend", backend, "--tree", str(repository), "--record", str(tmp_path / "log.jsonl"), *more]
        return StdioServerParameters(command=sys.executable, args=["-m", "agentsandbox.mcp_server", *given], env=command_environ)

    return parameters


def talk(parameters: StdioServerParameters, work: Talk) -> Any:
    async def run() -> Any:
        async with Client(parameters) as client:
            return await work(client)

    return anyio.run(run)


def events(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]


def kinds(tmp_path: Path) -> list[str]:
    return [event["kind"] for event in events(tmp_path)]


def texts(result: Any) -> list[str]:
    return [part.text for part in result.content if isinstance(part, TextContent)]


def test_a_client_works_in_a_recorded_box(backend: Backend, server: Callable[..., StdioServerParameters], tmp_path: Path) -> None:
    async def work(client: Client) -> Any:
        offered = await client.list_tools()
        failing = await client.call_tool("shell", {"command": "python -m pytest -q --no-header"})
        await client.call_tool("file_edit", {"path": "calc.py", "old_string": "a - b", "new_string": "a + b"})
        passing = await client.call_tool("shell", {"command": "python -m pytest -q --no-header"})
        handed_in = await client.call_tool("submit", {})
        late = await client.call_tool("file_read", {"path": "calc.py"})
        return offered, failing, passing, handed_in, late

    offered, failing, passing, handed_in, late = talk(server(backend.name), work)
    assert [tool.name for tool in offered.tools] == [tool.name for tool in TOOLS]
    assert not failing.is_error
    assert texts(failing)[1] == "exit status: 1"
    assert len(texts(passing)) == 1
    assert "1 passed" in texts(passing)[0]
    assert not handed_in.is_error
    assert late.is_error
    assert kinds(tmp_path) == ["session_start", *["agent_turn", "tool_result"] * 5, "session_end"]
    log = events(tmp_path)
    assert log[1]["tool_calls"][0]["name"] == "shell"
    assert log[2]["observation"]["exit_code"] == 1
    assert log[2]["observation"]["tool_call_id"] == log[1]["tool_calls"][0]["tool_call_id"]
    assert log[-1]["exit"] == "submitted"
    assert "+    return a + b" in log[-1]["final_diff"]


def test_what_was_recorded_replays_the_same(
    quick_backend: Backend, server: Callable[..., StdioServerParameters], repository: Path, tmp_path: Path
) -> None:
    async def work(client: Client) -> None:
        await client.call_tool("shell", {"command": "ls; python -m pytest -q"})
        await client.call_tool("file_write", {"path": "new.txt", "content": "x\n"})

    talk(server(quick_backend.name), work)
    tree = tree_of(repository)
    recording = trajectory_of((tmp_path / "log.jsonl").read_bytes())
    report = replay(recording, bare_task(tree, Environment()), tree, quick_backend, Limits())
    assert report.status == "same"
    assert report.counts == {"same": 2, "differs": 0, "not_replayable": 0}


def test_what_the_client_asks_wrongly_is_an_answer_that_it_sees_and_a_record(
    quick_backend: Backend, server: Callable[..., StdioServerParameters], tmp_path: Path
) -> None:
    async def work(client: Client) -> Any:
        unknown = await client.call_tool("teleport", {"to": "Mars"})
        missing = await client.call_tool("file_read", {})
        wrong = await client.call_tool("shell", {"command": 7})
        right = await client.call_tool("shell", {"command": "echo on"})
        return unknown, missing, wrong, right

    unknown, missing, wrong, right = talk(server(quick_backend.name), work)
    assert [r.is_error for r in (unknown, missing, wrong, right)] == [True, True, True, False]
    assert "unknown tool 'teleport'" in texts(unknown)[0]
    assert "'path' is missing" in texts(missing)[0]
    assert "must be of type string" in texts(wrong)[0]
    assert texts(right) == ["on\n"]
    calls = [event["tool_calls"][0] for event in events(tmp_path) if event["kind"] == "agent_turn"]
    assert [(call["name"], call["raw_name"]) for call in calls][:2] == [("other", "teleport"), ("file_read", "file_read")]


def test_a_cancelled_call_is_stopped_and_the_box_goes_on(
    quick_backend: Backend, server: Callable[..., StdioServerParameters], tmp_path: Path
) -> None:
    async def work(client: Client) -> Any:
        with anyio.move_on_after(3) as scope:
            await client.call_tool("shell", {"command": "echo begun; sleep 273.5"})
        assert scope.cancelled_caught
        after = await client.call_tool("shell", {"command": "echo on"})
        with anyio.move_on_after(20):  # what was killed takes a moment to be gone
            while running("sleep 273.5"):
                await anyio.sleep(0.05)
        return after, running("sleep 273.5")

    after, still_running = talk(server(quick_backend.name, "--limit", "call_timeout_s=200"), work)
    assert texts(after) == ["on\n"]
    assert not still_running
    cancelled = events(tmp_path)[2]["observation"]
    assert cancelled["content"].startswith("begun\n")
    assert "interrupted" in cancelled["error"]


def test_calls_at_the_same_time_are_made_one_after_the_other(
    quick_backend: Backend, server: Callable[..., StdioServerParameters], tmp_path: Path
) -> None:
    async def work(client: Client) -> None:
        async with anyio.create_task_group() as group:
            for n in range(5):
                group.start_soon(partial(client.call_tool, "shell", {"command": f"echo {n}"}))

    talk(server(quick_backend.name), work)
    assert kinds(tmp_path) == ["session_start", *["agent_turn", "tool_result"] * 5, "session_end"]


class Raw:
    """A client that speaks the protocol by hand, so that either end can be killed."""

    def __init__(self, parameters: StdioServerParameters) -> None:
        self.process = subprocess.Popen(
            [parameters.command, *parameters.args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=parameters.env, bufsize=0
        )
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        self.ask(1, "initialize", hello)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    def ask(self, identity: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdout is not None
        self.send({"jsonrpc": "2.0", "id": identity, "method": method, "params": params})
        return dict(json.loads(self.process.stdout.readline()))

    def shell(self, identity: int, command: str, *, wait: bool = True) -> None:
        params = {"name": "shell", "arguments": {"command": command}}
        if wait:
            self.ask(identity, "tools/call", params)
        else:
            self.send({"jsonrpc": "2.0", "id": identity, "method": "tools/call", "params": params})


@pytest.mark.parametrize("way", soak_but(1, ["the client closes its end", "the server gets SIGTERM"]))
def test_when_the_client_is_gone_the_session_ends_and_the_box_with_it(
    strong_backend: Backend, server: Callable[..., StdioServerParameters], tmp_path: Path, way: str
) -> None:
    client = Raw(server(strong_backend.name, "--limit", "call_timeout_s=200"))
    client.shell(2, "echo x > new.txt")
    slow = f"sleep 271.{os.getpid()}"
    client.shell(3, slow, wait=False)
    assert soon(lambda: running(slow))
    if way == "the server gets SIGTERM":
        client.process.send_signal(signal.SIGTERM)
    else:
        assert client.process.stdin is not None
        client.process.stdin.close()
    client.process.wait(30)
    log = events(tmp_path)
    assert [event["kind"] for event in log] == ["session_start", *["agent_turn", "tool_result"] * 2, "session_end"]
    assert "interrupted" in log[-2]["observation"]["error"]
    assert "new.txt" in log[-1]["final_diff"]
    left = "the server was told to stop" if way == "the server gets SIGTERM" else "the session was left without a submit"
    assert (log[-1]["exit"], log[-1]["reason"]) == ("crash", left)
    assert soon(lambda: not running(slow))


def test_a_server_that_is_stopped_after_the_submit_records_a_submit(
    quick_backend: Backend, server: Callable[..., StdioServerParameters], tmp_path: Path
) -> None:
    client = Raw(server(quick_backend.name))
    client.ask(2, "tools/call", {"name": "submit", "arguments": {}})
    client.process.send_signal(signal.SIGTERM)
    client.process.wait(30)
    assert (events(tmp_path)[-1]["exit"], events(tmp_path)[-1]["reason"]) == ("submitted", "")


def test_a_killed_server_loses_no_call_but_the_one_that_ran(
    backend: Backend, server: Callable[..., StdioServerParameters], tmp_path: Path
) -> None:
    client = Raw(server(backend.name, "--limit", "call_timeout_s=200"))
    client.shell(2, "echo one")
    client.shell(3, "echo two")
    slow = f"sleep 272.{os.getpid()}"
    client.shell(4, slow, wait=False)
    assert soon(lambda: running(slow))
    client.process.kill()
    client.process.wait(30)
    assert kinds(tmp_path) == ["session_start", *["agent_turn", "tool_result"] * 2, "agent_turn"]
    recording = trajectory_of((tmp_path / "log.jsonl").read_bytes())
    assert [len(step.observations) for step in recording.steps] == [0, 1, 1, 0]
    assert soon(lambda: not running(slow))


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it holds within half a minute."""
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def running(command: str) -> bool:
    """Whether a process of that command line runs, in any box of this machine."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().replace(b"\0", b" ").strip().decode(errors="replace") == command:
                return True
        except OSError:
            continue
    return False


def test_a_log_that_is_there_is_not_overwritten(
    quick_backend: Backend, server: Callable[..., StdioServerParameters], tmp_path: Path
) -> None:
    (tmp_path / "log.jsonl").write_text("mine\n")
    parameters = server(quick_backend.name)
    done = subprocess.run(
        [parameters.command, *parameters.args], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=parameters.env
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert (tmp_path / "log.jsonl").read_text() == "mine\n"
