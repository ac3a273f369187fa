"""Every example of docs/agents.md is run as it stands there, but for addresses, and for a program that takes the place of ``some-cli``."""

import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agentllm.cost_limit import CostLimiter
from agentrecorder.rollout_log import rollout_trajectory
from agentrollout.agents import build_agents
from agentrollout.external.logs import kept_in
from agentrollout.loop import rollout
from agentsandbox.backends import choose
from agentsandbox.errors import BackendUnavailable
from agentsandbox.records import bare_task
from agentsandbox.sandbox import Backend
from agentsandbox.trees import tree_of
from trajschema.rollout import Limits, Rollout
from trajschema.task import Environment
from trajschema.trajectory import Trajectory
from trajtests.llm.behaviour import Behaviour
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import says

from resources.agent_code import agent_codes
from resources.incremental.code import Sources
from resources.settings import load

ROOT = Path(__file__).resolve().parents[1]
DOC = (ROOT / "docs/agents.md").read_text(encoding="utf-8")
FIX = "sed -i 's/a - b/a + b/' calc.py"
DONE = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
KEY = "key-4711-0815"
MINI = Path(os.environ.get("TRAJHUB_TEST_MINI", ROOT / ".venv/mini/bin/python"))
SOME_CLI = """#!{python}
import json, os, sys
sys.path[:0] = {path}
import anyio
from mcp import Client, StdioServerParameters

async def main():
    server = json.load(open(sys.argv[sys.argv.index("--mcp-config") + 1]))["mcpServers"]["box"]
    async with Client(StdioServerParameters(command=server["command"], args=server["args"])) as client:
        await client.call_tool("shell", {{"command": {fix!r}}})
        await client.call_tool("submit", {{}})
    print(json.dumps({{"type": "note", "key": os.environ["SOME_CLI_KEY"]}}))

anyio.run(main)
"""


def answer(body: dict[str, Any]) -> Behaviour:
    """A model that mends the fault and hands in, with whatever tools it is offered; without any it says shell commands."""
    said = [m for m in body["messages"] if m["role"] == "assistant"]
    tools = {tool["function"]["name"] for tool in body.get("tools", [])}
    if "submit" in tools:
        return says("Done.", ("submit", {})) if said else says("I mend it.", ("shell", {"command": FIX}))
    if not tools and said:
        return says("It is done.")
    return says("Go on.", ("bash", {"command": DONE if said else FIX}), model="gpt-4o")


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Backend:
    try:
        return choose("bubblewrap", environments=Path(os.environ.get("TRAJHUB_TEST_ENVIRONMENTS", "/tmp/trajhub-test-environments")))
    except BackendUnavailable as problem:
        pytest.skip(f"no bubblewrap: {problem.what}")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    with FakeServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        for name in ("OPENAI_API_KEY", "SOME_CLI_KEY", "SOME_MODEL_KEY"):
            monkeypatch.setenv(name, KEY)
        yield server


@pytest.fixture
def project(model: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the settings and modules of the document in it."""
    (settings,) = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)
    (tmp_path / "trajhub.yaml").write_text(settings.replace("http://127.0.0.1:8000", model.url))
    modules = re.findall(r"`(\w+\.py)`:\n\n```python\n(.*?)```", DOC, re.DOTALL)
    for name, text in modules:
        (tmp_path / name).write_text(text.replace("http://127.0.0.1:8000", model.url))
    assert [name for name, _ in modules] == ["tester.py", "mini.py", "hosted.py", "boxed.py"]
    shutil.copy(ROOT / "packages/rollout/tests/boxed_agent.py", tmp_path)
    programs = {
        "bin/some-cli": SOME_CLI.format(python=sys.executable, path=sys.path, fix=FIX),
        "mini-env/bin/python": f'#!/bin/sh\nexec {MINI} "$@"\n',
    }
    for name, text in programs.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    paths, modules_before = [*sys.path], {*sys.modules}
    yield tmp_path
    sys.path[:] = paths
    for loaded in {*sys.modules} - modules_before:
        del sys.modules[loaded]


@pytest.mark.parametrize(
    ("name", "form", "turns"),
    [
        ("tester", "trajhub-events", 3),
        ("apprentice", "trajhub-events", 2),
        pytest.param(
            "mini-swe-agent", "mini-swe-agent", 2, marks=pytest.mark.skipif(not MINI.exists(), reason="mini-swe-agent: make mini")
        ),
        ("some-cli", "trajhub-events", 2),
        ("boxed", "agentrecorder-proxy", 2),
    ],
)
def test_the_example_solves_a_task(name: str, form: str, turns: int, project: Path, backend: Backend) -> None:
    repository = project / "repository"
    repository.mkdir()
    (repository / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    tree = tree_of(repository)
    task = bare_task(tree, Environment()).model_copy(update={"problem_statement": "add subtracts."})
    settings = load(project / "trajhub.yaml")
    agents = build_agents(settings.agents, settings.root, agent_codes(settings, Sources()), CostLimiter(None))
    (config,) = (agent for agent in agents if agent.spec.agent.name == name)
    spec = config.spec
    run: Rollout = rollout(
        task, tree, spec.agent, 0, 0, backend, Limits(), config.budget, spec, threading.Lock(), kept_in(settings.logs_dir)
    )
    assert (run.exit, run.exit_reason) == ("submitted", "")
    assert "+    return a + b" in run.final_diff
    read: Trajectory = rollout_trajectory(run, settings.logs_dir)
    assert read.source_format == form
    assert sum(step.source == "agent" for step in read.steps) == turns
    kept = [file.read_text() for file in settings.logs_dir.rglob("*") if file.is_file()]
    assert KEY not in json.dumps([run.model_dump(mode="json"), read.model_dump(mode="json"), kept])


def test_every_placeholder_is_in_the_document() -> None:
    from agentrollout.external.program import _PLACE

    known = set(re.findall(r"\w+", _PLACE.pattern.partition("(")[2]))
    assert {name for name in re.findall(r"`\{(\w+)\}`", DOC)} >= known
