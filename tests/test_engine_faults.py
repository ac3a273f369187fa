"""What goes wrong beneath a rollout ends as a typed error or is tried again, and nothing stays behind."""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import agentrollout.loop as loop
import docker
import pytest
from agentgrader.grade import grade
from agentrollout.driver import AgentSpec
from agentrollout.loop import Budget, rollout
from agentrollout.policies.calls import file_write, shell, submit, turn
from agentrollout.policies.script import Scripted
from agentsandbox.backends import choose
from agentsandbox.errors import BoxLost, SandboxError
from agentsandbox.images import recipe_name
from agentsandbox.sandbox import Backend
from docker.errors import DockerException
from trajschema.rollout import Agent, Limits, Rollout
from trajschema.task import Environment, Task, TaskSource
from trajtests.engines import Engine

pytestmark = [pytest.mark.soak, pytest.mark.docker, pytest.mark.timeout(600)]

ENVIRONMENTS = Path(tempfile.gettempdir()) / f"agentsandbox-test-environments-{os.getuid()}"
TEST = "import time\nfrom one import ONE\n\ndef test_one():\n    time.sleep(2)\n    assert ONE == 1\n"
GOLD = "diff --git a/one.py b/one.py\n--- a/one.py\n+++ b/one.py\n@@ -1 +1 @@\n-ONE = 2\n+ONE = 1\n"
TASK = Task(
    task_id="one-1",
    source=TaskSource(kind="imported"),
    repo="one",
    base_commit="0",
    problem_statement="ONE is 2.",
    environment=Environment(),
    FAIL_TO_PASS=("test_one.py::test_one",),
    PASS_TO_PASS=(),
    gold_patch=GOLD,
)


def _tree() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in (("one.py", "ONE = 2\n"), ("test_one.py", TEST)):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _script(view: Any, random: Any) -> Any:
    yield turn("I mend it.", file_write("one.py", "ONE = 1\n"))
    yield turn("I wait.", shell("sleep 3"))
    yield turn("I submit.", submit())


WORKER = AgentSpec(Agent(name="worker"), False, lambda view, random: Scripted(_script, view, random))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A second engine that holds the boxes' image and nothing else."""
    if os.geteuid() or not shutil.which("dockerd"):
        pytest.skip("needs root and dockerd")
    second = Engine()
    try:
        with contextlib.closing(docker.from_env(timeout=120)) as first:
            first.ping()
            second.start()
            with contextlib.closing(second.client) as client:
                client.api.load_image(first.api.get_image(recipe_name()))
        yield second
    except DockerException as e:
        pytest.skip(f"no image of the boxes to give to a second engine: {e}")
    finally:
        second.remove()


@pytest.fixture
def backend(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """Boxes of the second engine."""
    monkeypatch.setenv("DOCKER_HOST", engine.address)
    monkeypatch.setattr(loop, "PAUSES", (5.0, 15.0))
    found = choose("docker", environments=ENVIRONMENTS, label="faulttest")
    found.open(Limits(), Environment()).close()
    return found


@pytest.fixture(autouse=True)
def _nothing_stays(engine: Engine, backend: Backend) -> Iterator[None]:
    """After each fault and what a next run would reap, all is as it was."""
    before = _holds(engine)
    yield
    # an engine that starts removes dead boxes too; where the two meet, one fails, and the next reap succeeds
    _soon(lambda: backend.reap() == 0 and _holds(engine) == before)
    assert _holds(engine) == before


def _holds(engine: Engine) -> dict[str, Any]:
    folders = sorted(p.name for p in Path(tempfile.gettempdir()).glob("faulttest-*"))
    return {**engine.holds(), "folders": folders}


def _during(work: Callable[[], Any], fault: Callable[[], None], after_s: float = 2.0) -> Any:
    """The result of ``work``, with ``fault`` happening meanwhile."""
    thread = threading.Timer(after_s, fault)
    thread.start()
    try:
        return work()
    finally:
        thread.join()


def _roll(backend: Backend) -> Rollout:
    return rollout(TASK, _tree(), WORKER.agent, 0, 0, backend, Limits(), Budget(), WORKER)


def _killed_and_started(engine: Engine) -> None:
    engine.kill()
    engine.start()


def _stopped_and_started(engine: Engine) -> None:
    engine.stop()
    engine.start()


@pytest.mark.parametrize("restart", [_killed_and_started, _stopped_and_started], ids=["killed", "stopped"])
def test_an_engine_that_is_restarted_under_a_rollout_costs_a_new_try(
    engine: Engine, backend: Backend, restart: Callable[[Engine], None]
) -> None:
    run = _during(lambda: _roll(backend), lambda: restart(engine))
    assert (run.exit, run.exit_reason) == ("submitted", "")
    assert run.final_diff.endswith("+ONE = 1\n")


def test_an_engine_that_stays_away_is_an_infrastructure_failure_and_the_next_run_is_whole(engine: Engine, backend: Backend) -> None:
    run = _during(lambda: _roll(backend), engine.stop)
    assert run.exit == "infrastructure"
    assert "3 tries failed" in run.exit_reason
    with pytest.raises(SandboxError):
        grade(TASK, _tree(), GOLD, backend, Limits(), rollout_id="r", grader_version="1")
    engine.start()
    assert _roll(backend).exit == "submitted"


def test_an_engine_that_is_restarted_under_a_grading_costs_a_new_try_or_is_a_typed_error(engine: Engine, backend: Backend) -> None:
    def judged() -> str:
        try:
            return grade(TASK, _tree(), GOLD, backend, Limits(), rollout_id="r", grader_version="1").verdict
        except SandboxError:
            return "error"

    assert _during(judged, lambda: _killed_and_started(engine), 1.0) in ("resolved", "error")
    assert judged() == "resolved"


def test_a_killed_container_costs_a_new_try(engine: Engine, backend: Backend) -> None:
    def kill_all() -> None:
        with contextlib.closing(engine.client) as client:
            for container in client.containers.list():
                container.kill()

    assert _during(lambda: _roll(backend), kill_all).exit == "submitted"


def test_a_box_without_memory_for_its_server_is_a_typed_error(engine: Engine, backend: Backend) -> None:
    with pytest.raises(SandboxError):
        backend.open(Limits(memory_mb=7), Environment())


def test_a_box_that_hangs_is_lost_and_removed(engine: Engine, backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentsandbox.sandbox.GRACE_S", 0.5)
    box = backend.open(Limits(call_timeout_s=1), Environment())
    with contextlib.closing(engine.client) as client:
        (container,) = client.containers.list()
        container.pause()
    with pytest.raises(BoxLost, match="does not answer"):
        box.call("shell", {"command": "echo"})


CLIENT = """
import sys
from pathlib import Path
from agentsandbox.backends import choose
from trajschema.rollout import Limits
from trajschema.task import Environment
backend = choose("docker", environments=Path(sys.argv[1]), label="faulttest")
boxes = [backend.open(Limits(reach=("localhost:9999",)), Environment()) for _ in range(3)]
print("open", flush=True)
boxes[0].call("shell", {"command": "sleep 300"}, timeout_s=300)
"""


def test_a_client_that_is_killed_leaves_nothing(engine: Engine, backend: Backend) -> None:
    folders = len(list(Path(tempfile.gettempdir()).glob("faulttest-gate-*")))
    with subprocess.Popen([sys.executable, "-c", CLIENT, str(ENVIRONMENTS)], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"open\n"
        client.send_signal(signal.SIGKILL)
    assert len(list(Path(tempfile.gettempdir()).glob("faulttest-gate-*"))) == folders + 3


def test_a_client_and_an_engine_that_are_killed_together_leave_nothing(engine: Engine, backend: Backend) -> None:
    with subprocess.Popen([sys.executable, "-c", CLIENT, str(ENVIRONMENTS)], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"open\n"
        engine.kill()
        client.send_signal(signal.SIGKILL)
    engine.start()


def _soon(condition: Callable[[], bool]) -> bool:
    for _ in range(50):
        with contextlib.suppress(DockerException, SandboxError):
            if condition():
                return True
        time.sleep(0.2)
    return False
