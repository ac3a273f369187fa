"""The command: what it prints where, with which exit status, in a pipe and on a terminal, whatever the input."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trajtests.forked import run_module

Command = Callable[..., subprocess.CompletedProcess[str]]


def exchange(number: int, messages: list[Any], *content: Any, stop: str = "end_turn") -> str:
    """A line of a recorded log."""
    record = {
        "format": "agentrecorder-proxy",
        "version": 1,
        "exchange": number,
        "protocol": "anthropic-messages",
        "request": {"model": "m-1", "messages": messages},
        "status": 200,
        "answer": {"model": "m-1", "content": list(content), "stop_reason": stop},
        "usage": {"input_tokens": 10, "output_tokens": 2},
    }
    return json.dumps(record) + "\n"


def said(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


LONG = "".join(f"line {n}\n" for n in range(60))
CALL = {"type": "tool_use", "id": "a", "name": "bash", "input": {"command": "ls\npwd"}}
BAD_CALL = {"type": "tool_use", "id": "b", "name": "bash", "input": '{"command'}
OPENING: list[Any] = [{"role": "user", "content": "mend \x1b[31mit"}]
GROWN: list[Any] = [
    *OPENING,
    {"role": "assistant", "content": [said("I look."), CALL, BAD_CALL]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": LONG}]},
]
LOG = (
    exchange(1, OPENING, said("I look."), CALL, BAD_CALL, stop="tool_use")
    + exchange(2, GROWN, said("done"))
    + "{broken\n"
    + exchange(3, [{"role": "user", "content": "another"}], said("yes"))
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two runs, a turn with a bad call, and a line that is no JSON."""
    path = tmp_path / "log.jsonl"
    path.write_text(LOG)
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A run without a fault."""
    path = tmp_path / "good.jsonl"
    path.write_text(exchange(1, OPENING, said("done")))
    return path


@pytest.fixture
def run(tmp_path: Path) -> Command:
    """Run the command to its end."""

    def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run_module("agentrecorder", [*map(str, arguments)], folder=tmp_path, timeout_s=60)

    return command


def test_convert_writes_trajectories_on_standard_output_and_failures_beside_it(run: Command, log: Path) -> None:
    done = run("convert", log)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [len(record["steps"]) for record in records] == [3, 2]
    assert {record["source_format"] for record in records} == {"agentrecorder-proxy"}
    assert records[0]["trajectory_id"] != records[1]["trajectory_id"]
    assert f"{log}, line 3: not JSON" in done.stderr
    assert "2 trajectories, 1 failed" in done.stderr
    assert done.returncode == 1


def test_convert_says_nothing_failed_by_its_status(run: Command, good: Path) -> None:
    done = run("convert", good)
    assert (done.returncode, done.stderr) == (0, "1 trajectory\n")


@pytest.mark.parametrize(("form", "key"), [("atif", "schema_version"), ("openai", "messages"), ("xml", "messages"), ("trajhub", "steps")])
def test_convert_writes_each_form(run: Command, good: Path, form: str, key: str, tmp_path: Path) -> None:
    done = run("convert", good, "--to", form, "-o", tmp_path / "out.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    assert key in json.loads((tmp_path / "out.jsonl").read_text())


def test_convert_of_a_folder_reads_its_logs_and_passes_over_the_rest(run: Command, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    (folder / "deep").mkdir(parents=True)
    good.rename(folder / "deep" / "a.log")
    (folder / "notes.md").write_text("# notes\n")
    (folder / "empty.json").write_text("")
    done = run("convert", folder)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert "2 files passed over" in done.stderr


@pytest.mark.parametrize("content", ["", "hello\n", '{"a": 1}', "\x00\x01"])
def test_a_file_that_is_no_log_fails_with_a_reason(run: Command, tmp_path: Path, content: str) -> None:
    path = tmp_path / "some.json"
    path.write_text(content)
    for command in ("convert", "detect", "stats", "inspect"):
        done = run(command, path)
        assert done.returncode == 1
        assert "some.json" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_bad_usage_has_status_2(run: Command, good: Path, tmp_path: Path) -> None:
    assert run("convert").returncode == 2
    assert run("convert", tmp_path / "nowhere").returncode == 2
    assert run("convert", good, "--to", "csv").returncode == 2
    assert run("inspect", good, "--steps", "x").returncode == 2
    full = run("convert", good, "-o", tmp_path / "no" / "folder.jsonl")
    assert full.returncode == 2
    assert "--output" in full.stderr


def test_an_output_file_appears_whole_or_not_at_all(run: Command, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("before\n")
    done = run("convert", tmp_path / "nowhere", "-o", tmp_path / "out.jsonl")
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    assert (tmp_path / "out.jsonl").read_text() == "before\n"


def test_detect_says_what_each_file_is(run: Command, log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("[1, 2]")
    done = run("detect", log, other)
    assert done.stdout.splitlines() == [
        f"{log}: agentrecorder-proxy 1 (lines)",
        f"{other}: not known: no adapter knows what this holds",
    ]
    assert done.returncode == 1
    assert run("detect", tmp_path).returncode == 0


def test_inspect_shows_a_run_readably_in_a_pipe(run: Command, log: Path) -> None:
    done = run("inspect", log)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    for part in ("#1 user", "mend ␛[31mit", "#2 agent [malformed]  10 in, 2 out tokens", "command: ls", "      pwd", "line 0", "line 59"):
        assert part in done.stdout
    assert "line 30" not in done.stdout
    assert "lines more; --full shows them" in done.stdout
    assert "line 30\n" in run("inspect", log, "--full").stdout
    assert "2 calls, 1 result, 1 malformed" in done.stdout


def test_inspect_chooses_runs_and_steps(run: Command, log: Path) -> None:
    second = run("inspect", log, "--run", "2")
    assert "another" in second.stdout
    third = run("inspect", log, "--run", "3")
    assert (third.returncode, third.stdout) == (1, "")
    assert "there are 2 runs, not 3" in third.stderr
    part = run("inspect", log, "--steps", "2-2").stdout
    assert "#2" in part
    assert "#1" not in part
    assert "#3" not in part
    assert "#3" in run("inspect", log, "--steps", "3-").stdout


def test_inspect_has_colour_on_a_terminal(log: Path) -> None:
    ours, theirs = pty.openpty()
    environ = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm-256color"}
    process = subprocess.Popen([sys.executable, "-m", "agentrecorder", "inspect", str(log), "--steps", "2"], stdout=theirs, env=environ)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # the other end is closed
        pass
    assert process.wait(30) == 0
    assert b"\x1b[31m [malformed]" in shown
    os.close(ours)


def test_stats_for_people_and_for_programs(run: Command, log: Path) -> None:
    table = run("stats", log)
    assert table.returncode == 1
    head, first, *_ = table.stdout.splitlines()
    assert head.split() == ["file", "run", "format", "task", "model", "turns", "calls", "results", "malformed", "exit", "outcome", "unread"]
    assert first.split() == [str(log), "1", "agentrecorder-proxy", "-", "m-1", "2", "2", "1", "1", "end_turn", "-", "0"]
    assert "2 runs: 3 turns, 2 calls, 1 results, 1 malformed" in table.stderr
    rows = [json.loads(line) for line in run("stats", "--json", log).stdout.splitlines()]
    assert rows[0] == {
        "file": str(log),
        "run": 1,
        "format": "agentrecorder-proxy",
        "format_version": "1",
        "task_id": None,
        "model": "m-1",
        "agent_turns": 2,
        "tool_calls": 2,
        "results": 1,
        "malformed": 1,
        "exit": "end_turn",
        "outcome": None,
        "outcome_from": "",
        "unread": {},
    }


@pytest.mark.parametrize("command", [("convert",), ("stats", "--json"), ("inspect", "--full"), ("detect",)])
def test_a_closed_pipe_ends_quietly(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("".join(exchange(n, [{"role": "user", "content": f"{n} {LONG * 20}"}], said("x")) for n in range(300)))
    given = [str(path)] * (3000 if command[0] == "detect" else 1)
    process = subprocess.Popen(
        [sys.executable, "-m", "agentrecorder", *command, *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(30) in (0, -signal.SIGPIPE)
    assert errors == ""
    process.stderr.close()


def test_an_interrupt_ends_quietly(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("".join(exchange(n, [{"role": "user", "content": f"{n} {LONG}"}], said("x")) for n in range(50)))
    process = subprocess.Popen(
        [sys.executable, "-m", "agentrecorder", "convert", *[str(path)] * 100], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == ""


@pytest.mark.parametrize("command", ["convert", "detect", "inspect", "stats", "proxy", "record"])
def test_each_command_has_help_with_an_example(run: Command, command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"agentrecorder {command} " in done.stdout


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    probe = (
        "import sys\nfrom agentrecorder.cli.app import app\n"
        "try:\n    app(['convert', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'orjson', 'httpx2', 'uvicorn', 'mcp', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_proxy_says_where_it_is_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "agentrecorder", "proxy", "log.jsonl", "--anthropic", "http://127.0.0.1:9"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("export ANTHROPIC_BASE_URL=http://127.0.0.1:")
    assert process.stdout.readline().startswith("export OPENAI_BASE_URL=http://127.0.0.1:")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Ctrl-C ends it" in errors
    assert "Traceback" not in errors


DIARY = """
from agentrecorder.adapters.adapter import rows
from agentrecorder.run import Run
from agentrecorder.containers.json_values import get, items, string


class Diary:
    name = "diary"

    def version(self, source):
        return next((string(v["diary"]) for v in source.sample if get(v, "diary") is not None), None)

    def runs(self, source):
        return rows(source, self.read)

    def read(self, value, source):
        run = Run(self.name, task_id=string(get(value, "task")) or None)
        run.take(items(get(value, "entries")), lambda entry: self.entry(run, entry))
        return run

    def entry(self, run, entry):
        if entry["kind"] == "heartbeat":
            return "heartbeat"
        run.turn(entry["said"])
        run.call("bash", {"command": entry["did"]})
        run.answer(entry["saw"], exit_code=entry["status"])
"""


def test_an_adapter_of_another_package_is_found_by_its_entry_point(run: Command, tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "diary-1.dist-info").mkdir(parents=True)
    (package / "diary.py").write_text(DIARY)
    (package / "diary-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: diary\nVersion: 1\n")
    (package / "diary-1.dist-info" / "entry_points.txt").write_text("[agentrecorder.adapters]\ndiary = diary:Diary\n")
    did = {"kind": "act", "said": "I look.", "did": "ls", "saw": "x", "status": 0}
    (tmp_path / "log.json").write_text(json.dumps({"diary": "2", "task": "t", "entries": [{"kind": "heartbeat"}, did, {"kind": "act"}]}))
    paths = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
    line = [sys.executable, "-m", "agentrecorder", "stats", "--json", tmp_path / "log.json"]
    done = subprocess.run(line, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert (row["format"], row["format_version"], row["task_id"], row["agent_turns"], row["results"]) == ("diary", "2", "t", 1, 1)
    assert row["unread"] == {"heartbeat": 1, "cannot be read (KeyError: 'said')": 1}


def test_outcomes_beside_a_log_count_from_wherever_it_is_named(run: Command, tmp_path: Path) -> None:
    (tmp_path / "calc").mkdir()
    log = {"trajectory_format": "mini-swe-agent-1.1", "instance_id": "calc-1", "info": {"mini_version": "2.3.0"}, "messages": OPENING}
    (tmp_path / "calc" / "calc-1.traj.json").write_text(json.dumps(log))
    (tmp_path / "verdicts.json").write_text(json.dumps({"resolved": ["calc-1"]}))
    within = {"cwd": tmp_path / "calc"}
    line = [sys.executable, "-m", "agentrecorder", "stats", "--json", "calc-1.traj.json"]
    given = json.loads(run("stats", "--json", "calc", "--outcomes", "verdicts.json").stdout)
    assert (given["outcome"], given["outcome_from"]) == ("resolved", f"{tmp_path.name}/verdicts.json")
    (tmp_path / "verdicts.json").rename(tmp_path / "calc" / "results.json")
    beside = json.loads(subprocess.run(line, capture_output=True, text=True, **within).stdout)
    assert (beside["outcome"], beside["outcome_from"]) == ("resolved", "calc/results.json")
