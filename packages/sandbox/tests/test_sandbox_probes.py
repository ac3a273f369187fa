"""Commands with a report of their own, and code of ours that answers from inside of a box."""

from collections.abc import Callable
from pathlib import Path

import pytest
from agentsandbox.errors import SandboxError
from agentsandbox.messages import Command, Probe
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.rollout import Limits
from trajschema.task import Environment

MAIN = """
import os
from agentsandbox.server.host import Unable
from asking.words import GREETING

def start(host):
    def fork(params):
        def work(report):
            print(os.getcwd() == host.settings.workdir, flush=True)
            os.write(report, b"told")
            return 3
        return host.fork(work, params["timeout_s"])

    def need(params):
        raise Unable("there is no such thing")

    return {"greet": lambda params: {"said": f"{GREETING} {params['name']}"}, "tracked": lambda params: {"paths": host.tracked()},
            "fork": fork, "need": need}
"""


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Probe:
    (tmp_path / "asking").mkdir()
    for name, text in (("__init__", ""), ("words", "GREETING = 'hello'\n"), ("main", MAIN)):
        (tmp_path / "asking" / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return Probe("asking")


def test_a_probe_answers_before_and_after_a_tree_is_loaded(backend: Backend, tar: Callable[..., bytes], probe: Probe) -> None:
    with backend.open(Limits(), Environment()) as box:
        box.install(probe)
        assert box.ask(probe, "greet", {"name": "box"}, 5) == {"said": "hello box"}
        box.load(tar({"a.py": "", "b/c.py": ""}))
        assert box.ask(probe, "tracked", {}, 5) == {"paths": ["a.py", "b/c.py"]}
        assert box.call("shell", {"command": "grep -rl GREETING . ~ /tmp"}).content == ""


def test_a_fork_of_a_probe_reports_prints_and_ends(box: Sandbox, probe: Probe) -> None:
    told = box.ask(probe, "fork", {}, 5)
    assert (told["report"], told["output"], told["exit_code"], told["timed_out"]) == ("told", "True\n", 3, False)


def test_what_a_probe_lacks_or_gets_wrong_is_an_error_and_the_box_lives(box: Sandbox, probe: Probe) -> None:
    with pytest.raises(SandboxError, match="there is no such thing"):
        box.ask(probe, "need", {}, 5)
    with pytest.raises(SandboxError, match="KeyError: 'name'"):
        box.ask(probe, "greet", {}, 5)
    assert box.ask(probe, "greet", {"name": "you"}, 5) == {"said": "hello you"}


def test_a_command_reports_on_its_output_or_in_a_file_and_leaves_nothing(box: Sandbox) -> None:
    folder = f"{box.layout.base}/once"
    printed = box.run(Command(("sh", "-c", 'echo "$WHO"; echo aside >&2; pwd >&2; exit 4'), 5, folder, env={"WHO": "me"}))
    assert (printed.report, printed.exit_code) == (b"me\n", 4)
    assert printed.output.startswith("aside\n")
    files = {"work.sh": f"cat {folder}/words > {folder}/r; rm {folder}/r", "words": "kept"}
    filed = box.run(Command(("sh", f"{folder}/work.sh"), 5, folder, files, report="file", report_name="r"))
    assert (filed.report, filed.begun, filed.exit_code) == (b"kept", True, 0)
    assert not box.run(Command(("true",), 5, folder, report="file")).begun
    with pytest.raises(SandboxError, match="cannot start nonesuch"):
        box.run(Command(("nonesuch",), 5, folder))


def test_a_command_that_is_out_of_time_is_killed_with_what_it_started(box: Sandbox) -> None:
    ended = box.run(Command(("sh", "-c", "setsid sleep 83 & sleep 83"), 0.5, f"{box.layout.base}/once"))
    assert (ended.timed_out, ended.exit_code) == (True, 124)
    assert box.call("shell", {"command": "grep -al '^sleep.83' /proc/[0-9]*/cmdline 2>/dev/null"}).content == ""
