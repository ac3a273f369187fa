"""A custom agent: imported by name, another agent after an edit, and one clear error where it cannot be used."""

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from agentrollout.driver import AgentSpec
from agentrollout.embedded import UnknownAgent
from agentrollout.loop import Budget, rollout
from agentrollout.plugins import AgentUnusable, find_agent
from agentrollout.policy import TaskView
from agentsandbox.sandbox import Backend
from trajruntime.user_modules import source_digest
from trajschema.rollout import Agent, Limits, Rollout
from trajschema.task import Task

SPEC = """from agentrollout.driver import AgentSpec
from trajschema.rollout import Agent

agent = AgentSpec(Agent({}), random=False, make=None{})
"""


@pytest.fixture(autouse=True)
def _imports_as_before() -> Iterator[None]:
    paths, modules = [*sys.path], {*sys.modules}
    yield
    sys.path[:] = paths
    for name in {*sys.modules} - modules:
        del sys.modules[name]


def write(file: Path, name: str = 'name="mine"', more: str = "") -> None:
    file.write_text(SPEC.format(name, more))


def test_an_embedded_name_needs_no_import(tmp_path: Path) -> None:
    assert find_agent("noop", tmp_path).agent.control
    with pytest.raises(UnknownAgent, match="module:attribute"):
        find_agent("nop", tmp_path)


def test_an_edit_makes_another_agent_without_a_new_process(tmp_path: Path) -> None:
    file = tmp_path / "own_edited.py"
    write(file)
    first, digest = find_agent("own_edited:agent", tmp_path).agent, source_digest("own_edited:agent", tmp_path)
    assert first == find_agent("own_edited:agent", tmp_path).agent
    write(file, 'name="mine", version="7"')
    second = find_agent("own_edited:agent", tmp_path).agent
    assert second.version.startswith("7+")
    assert second.version.partition("+")[2] != first.version.partition("+")[2]
    assert source_digest("own_edited:agent", tmp_path) != digest


def test_a_module_inside_a_package_is_found(tmp_path: Path) -> None:
    (tmp_path / "own_package").mkdir()
    (tmp_path / "own_package/__init__.py").write_text("")
    write(tmp_path / "own_package/clever.py")
    assert find_agent("own_package.clever:agent", tmp_path).agent.name == "mine"


def test_a_digest_is_taken_without_running_the_module(tmp_path: Path) -> None:
    (tmp_path / "own_dangerous.py").write_text("raise SystemExit('ran')")
    assert len(source_digest("own_dangerous:agent", tmp_path)) == 64
    assert source_digest("own_absent:agent", tmp_path) == "missing"
    assert len(source_digest("agentrollout.plugins:named", tmp_path)) == 64


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("own_nowhere:agent", None, r"agent 'own_nowhere:agent': there is no module 'own_nowhere' in .*; remedy: name it module:attribute"),
        ("own a:agent", None, "no module and attribute"),
        ("own_a:", "", "no module and attribute"),
        (
            "own_b:agent",
            "import nothing_like_it",
            r"own_b\.py cannot be imported: ModuleNotFoundError: .*nothing_like_it.*; remedy: mend it",
        ),
        ("own_c:agent", "def", r"own_c\.py cannot be imported: SyntaxError"),
        ("own_d:other", "agent = 3", r"own_d\.py: no attribute of that name.*; remedy: make 'other' an agentrollout\.driver\.AgentSpec"),
        ("own_e:agent", "agent = 3", r"own_e\.py: 'agent' is a int, and no AgentSpec"),
        ("own_f:agent", SPEC.format('name="oracle"', ""), "calls itself 'oracle'.*another name"),
        ("own_g:agent", SPEC.format('name="mine"', ", sees_gold=True"), "told the fix"),
        ("random:agent", SPEC.format('name="mine"', ""), r"random\.py is hidden by .*; remedy: give the module another name"),
    ],
)
def test_what_is_no_agent_is_named_with_the_remedy(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / f"{name.partition(':')[0]}.py").write_text(text)
    with pytest.raises(AgentUnusable, match=said) as caught:
        find_agent(name, tmp_path)
    assert caught.value.name == name


class Wordless:
    """A policy that returns no turn."""

    def act(self, history: object) -> None:
        return None


def unmade(view: TaskView, random: Random) -> Wordless:
    raise RuntimeError("no idea")


@pytest.mark.parametrize(("make", "reason"), [(unmade, "RuntimeError: no idea"), (lambda view, random: Wordless(), "AttributeError")])
def test_what_an_own_agent_does_wrong_is_a_crash_of_its_rollout(task: Task, tree: bytes, local: Backend, make: object, reason: str) -> None:
    spec = AgentSpec(Agent(name="mine"), random=False, make=make)  # type: ignore[arg-type]
    found: Rollout = rollout(task, tree, spec.agent, 0, 1, local, Limits(), Budget(), spec)
    assert found.exit == "crash"
    assert reason in found.exit_reason
