"""The ``agentsandbox`` command, as a program: what it prints, how it ends, what it leaves."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from agentsandbox.eventlog import trajectory_of
from agentsandbox.records import bare_task
from agentsandbox.sandbox import Backend
from agentsandbox.trees import TreeUnusable, name_of, tree_of
from trajschema.arrow import to_table
from trajschema.ids import sha256_bytes
from trajschema.rollout import Limits, Provenance
from trajschema.task import Environment, Task
from trajschema.trajectory import Trajectory
from trajtests.calc import BUG, FIXED, Command, folder, program

__all__ = ["folder"]


@pytest.fixture
def command(command_environ: dict[str, str], tmp_path: Path) -> Command:
    """Run ``agentsandbox ARGUMENTS`` to its end in ``tmp_path``."""
    return program("agentsandbox", command_environ, tmp_path)


@pytest.fixture
def task(folder: Path, tmp_path: Path) -> Task:
    """A task on that repository, in ``task.json``, with its tree in a store beside it."""
    tree = tree_of(folder)
    more = {"task_id": "calc-1", "bug_patch": BUG, "base_archive": sha256_bytes(tree)}
    found = bare_task(tree, Environment(timeout_s=20)).model_copy(update=more)
    (tmp_path / "store" / "trees").mkdir(parents=True)
    (tmp_path / "store" / "trees" / f"{found.base_archive}.tar").write_bytes(tree)
    (tmp_path / "task.json").write_text(found.model_dump_json(indent=1))
    return found


def test_help_names_every_command(command: Command) -> None:
    told = command("--help")
    assert told.returncode == 0
    for name in ("run", "shell", "replay", "grade", "images", "bench", "mcp"):
        assert f" {name} " in told.stdout
        assert command(name, "--help").returncode in (0, 2)


def test_help_imports_nothing_heavy(command_environ: dict[str, str]) -> None:
    program = (
        "import sys; from agentsandbox.cli import app; print([m for m in ('docker', 'pydantic', 'mcp', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=command_environ, check=True)
    assert done.stdout == "[]\n"


def test_run_works_on_a_copy_and_ends_as_the_command_does(backend: Backend, command: Command, folder: Path, tmp_path: Path) -> None:
    line = "cat calc.py; echo more >> calc.py; echo told >&2; exit 7"
    done = command("run", "-b", backend.name, "--tree", str(folder), "--diff", "change.patch", "--", line)
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == f"{FIXED}told\n"
    assert (folder / "calc.py").read_text() == FIXED
    assert "+more" in (tmp_path / "change.patch").read_text()


def test_run_hands_several_words_over_as_they_are(quick_backend: Backend, command: Command) -> None:
    done = command("run", "-b", quick_backend.name, "--diff", "-", "--", "printf", "%s|", "a b", "$HOME", "--diff")
    assert done.stdout == "a b|$HOME|--diff|"
    assert command("run", "-b", quick_backend.name, "--diff", "-", "--", "echo x > new").stdout.startswith("diff --git a/new b/new\n")


def test_run_says_what_ran_out_of_time(quick_backend: Backend, command: Command) -> None:
    done = command("run", "-b", quick_backend.name, "--limit", "call_timeout_s=0.5", "--", "echo before; sleep 60")
    assert done.returncode == 124
    assert done.stdout.strip() == "before"
    assert "timed out after 0.5 s" in done.stderr


def ending(log: Path) -> tuple[str, str]:
    """How a recorded session ended, and why."""
    last = json.loads(log.read_text().splitlines()[-1])
    return last["exit"], last["reason"]


@pytest.mark.parametrize(("line", "exit", "reason"), [("exit 7", "submitted", ""), ("sleep 60", "limit", "timed out after 1 s")])
def test_run_records_how_its_command_ended(
    quick_backend: Backend, command: Command, tmp_path: Path, line: str, exit: str, reason: str
) -> None:
    command("run", "-b", quick_backend.name, "--limit", "call_timeout_s=1", "--record", "log.jsonl", "--", line)
    recorded = ending(tmp_path / "log.jsonl")
    assert recorded[0] == exit
    assert recorded[1].startswith(reason)
    assert bool(recorded[1]) == bool(reason)


@pytest.mark.parametrize("target", [".", "nowhere/change.patch"])
def test_a_diff_that_cannot_be_written_is_found_out_before_anything_runs(command: Command, tmp_path: Path, target: str) -> None:
    done = command("run", "-b", "local", "--diff", target, "--record", "log.jsonl", "--", "echo ran")
    assert (done.returncode, done.stdout) == (125, "")
    assert f"{target} cannot be written" in done.stderr
    assert "--diff" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "log.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--limit", "color=red"), "no limit 'color'; the limits are cpus, memory_mb"),
        (("--limit", "cpus=many"), "limit cpus"),
        (("--tree", "nowhere"), "nowhere"),
        (("--task", "nowhere.json"), "nowhere.json"),
        (("-b", "magic"), "no backend 'magic'; choose one of auto, docker, bubblewrap, local"),
    ],
)
def test_run_names_what_it_cannot_do(command: Command, arguments: tuple[str, ...], said: str) -> None:
    done = command("run", *arguments, "--", "true")
    assert done.returncode == 125
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_leaves_no_box_and_a_whole_log(
    strong_backend: Backend, command_environ: dict[str, str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    seconds = f"2{number:02}.{75 + len(strong_backend.name)}"  # one that no other test waits for
    line = f"echo x > made; echo begun; exec sleep {seconds}"
    arguments = ["run", "-b", strong_backend.name, "--record", "log.jsonl", "--diff", "change.patch", "--", line]
    process = subprocess.Popen([sys.executable, "-m", "agentsandbox", *arguments], env=command_environ, cwd=tmp_path)
    wait_for(lambda: running(f"sleep {seconds}"))
    process.send_signal(number)
    assert process.wait(30) == code
    assert not running(f"sleep {seconds}")
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [event["kind"] for event in log] == ["session_start", "agent_turn", "tool_result", "session_end"]
    assert "interrupted" in log[2]["observation"]["error"]
    assert "made" in log[3]["final_diff"]
    assert log[3]["exit"] == "crash"
    assert ("interrupted" if number == signal.SIGINT else "SystemExit: 143") in log[3]["reason"]


def test_what_run_recorded_replays_and_a_forged_log_does_not(
    quick_backend: Backend, command: Command, folder: Path, tmp_path: Path
) -> None:
    line = "python -m pytest -q tests; date > now.txt"
    assert command("run", "-b", quick_backend.name, "-t", str(folder), "--record", "log.jsonl", "--", line).returncode == 0
    same = command("replay", "log.jsonl", "-b", quick_backend.name, "--tree", str(folder))
    assert same.returncode == 0, same.stdout + same.stderr
    assert same.stdout.endswith(": same (1 same)\n")

    log = (tmp_path / "log.jsonl").read_text()
    (tmp_path / "forged.jsonl").write_text(log.replace("2 passed", "3 passed"))
    forged = command("replay", "forged.jsonl", "-b", quick_backend.name, "--tree", str(folder))
    assert forged.returncode == 1
    assert "step 2 shell: differs" in forged.stdout
    assert "-3 passed" in forged.stdout.replace("    ", "")

    (folder / "calc.py").write_text("changed\n")
    elsewhere = command("replay", "log.jsonl", "-b", quick_backend.name, "--tree", str(folder))
    assert elsewhere.returncode == 2
    assert "the recording was made on tree-" in elsewhere.stderr


def test_a_damaged_log_is_refused_in_one_line(command: Command, folder: Path, tmp_path: Path) -> None:
    start = {"kind": "session_start", "task_id": "t", "provenance": {"backend": "docker"}, "at": 1.0}
    (tmp_path / "log.jsonl").write_text(json.dumps(start) + "\n{}\n")
    done = command("replay", "log.jsonl", "--tree", str(folder))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "log.jsonl is no event log: line 1: not an event: session_start.problem_statement: Field required" in done.stderr


@pytest.mark.soak
def test_replay_reads_every_form_that_trajectories_lie_in(
    quick_backend: Backend, command: Command, task: Task, folder: Path, tmp_path: Path
) -> None:
    recorded = command("run", "-b", quick_backend.name, "--task", "task.json", "--record", "log.jsonl", "--", "python -m pytest -q")
    assert recorded.returncode == 1
    trajectory = trajectory_of((tmp_path / "log.jsonl").read_bytes())
    assert trajectory.task_id == "calc-1"
    other = trajectory.model_copy(update={"trajectory_id": "other"})
    (tmp_path / "one.json").write_text(trajectory.model_dump_json(indent=2))
    (tmp_path / "two.jsonl").write_text(f"{trajectory.model_dump_json()}\n{other.model_dump_json()}\n")
    lake = tmp_path / "lake"
    for name, table in (("trajectories", to_table(Trajectory, [trajectory, other])), ("task_pool", to_table(Task, [task]))):
        (lake / name).mkdir(parents=True)
        pq.write_table(table, lake / name / "calc-1.0-0-0.0.2.parquet")

    def replay(*arguments: str) -> subprocess.CompletedProcess[str]:
        return command("replay", *arguments, "-b", quick_backend.name)

    for arguments in (("log.jsonl", "--task", "task.json"), ("one.json", "--task", "task.json"), ("lake", "other")):
        done = replay(*arguments)
        assert (done.returncode, ": same (1 same)" in done.stdout) == (0, True), done.stdout + done.stderr
    whole = replay("lake", "--count", "2", "--json")
    assert [report["status"] for report in json.loads(whole.stdout)] == ["same", "same"]
    assert "2 of 2 trajectories are the same" in replay("two.jsonl", "--count", "2", "--task", "task.json").stdout
    for arguments, said in (
        (("two.jsonl", "--task", "task.json"), "holds more than one trajectory; name one"),
        (("two.jsonl", "zzz", "--task", "task.json"), "begins with 'zzz'"),
        (("one.json",), "name a file that holds it with --task"),
        (("repository",), "holds no trajectories"),
        (("nowhere.json",), "cannot be read"),
        (("store/trees",), "holds no trajectories"),
    ):
        done = replay(*arguments)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_shell_reads_lines_and_keeps_the_box_between_them(quick_backend: Backend, command: Command, folder: Path) -> None:
    lines = ["echo one > new.txt", "ls", ":diff", ":read calc.py", ":reset", ":diff", "false", ":what"]
    done = command("shell", "-b", quick_backend.name, "--tree", str(folder), given="\n".join(lines))
    assert done.returncode == 0
    assert done.stdout.startswith("calc.py\nnew.txt\ntests\ndiff --git a/new.txt b/new.txt\n")
    assert done.stdout.count("diff --git") == 1
    assert "return a + b" in done.stdout
    assert "exit status 1" in done.stderr
    assert ":read PATH" in done.stderr


def test_what_a_shell_submits_is_recorded_as_submitted_and_ends_it(
    quick_backend: Backend, command: Command, folder: Path, tmp_path: Path
) -> None:
    done = command(
        "shell", "-b", quick_backend.name, "-t", str(folder), "--record", "log.jsonl", given="echo one > new.txt\n:submit\necho late\n"
    )
    assert done.returncode == 0
    assert "late" not in done.stdout
    assert ending(tmp_path / "log.jsonl") == ("submitted", "")
    replayed = command("replay", "log.jsonl", "-b", quick_backend.name, "-t", str(folder))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


def test_in_a_terminal_ctrl_c_stops_the_command_and_ctrl_d_ends_the_session(
    strong_backend: Backend, command_environ: dict[str, str], tmp_path: Path
) -> None:
    arguments = ["-m", "agentsandbox", "shell", "-b", strong_backend.name, "--record", str(tmp_path / "log.jsonl")]
    process, terminal = pty.fork()
    if not process:
        os.execve(sys.executable, [sys.executable, *arguments], command_environ)
    try:
        read_until(terminal, "/testbed$ ")
        os.write(terminal, b"sleep 261.25\n")
        wait_for(lambda: running("sleep 261.25"))
        os.write(terminal, b"\x03")
        assert "interrupted" in read_until(terminal, "/testbed$ ")
        assert not running("sleep 261.25")
        os.write(terminal, b"half a line")
        read_until(terminal, "half a line")
        time.sleep(0.5)  # the terminal shows it before the shell reads it
        os.write(terminal, b"\x03")
        read_until(terminal, "/testbed$ ")
        os.write(terminal, b":reset\n")
        assert "not reset" in read_until(terminal, "/testbed$ ")
        os.write(terminal, b"echo $((40 + 2))\n")
        assert "42" in read_until(terminal, "/testbed$ ")
        os.write(terminal, b"\x04")
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    finally:
        os.close(terminal)
    assert ending(tmp_path / "log.jsonl") == ("crash", "the session was left without a submit")
    recorded = trajectory_of((tmp_path / "log.jsonl").read_bytes())
    assert [json.loads(c.arguments)["command"] for s in recorded.steps for c in s.tool_calls] == ["sleep 261.25", "echo $((40 + 2))"]
    assert recorded.unread == ()


def test_bench_measures_every_tool(quick_backend: Backend, command: Command) -> None:
    done = command("bench", "-b", quick_backend.name, "--calls", "3", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["backend"] == quick_backend.name
    assert set(found["median_ms"]) == {"box", "file_write", "file_read", "search", "shell", "diff", "reset"}
    assert all(value > 0 for value in found["median_ms"].values())


def test_both_names_of_the_command_are_installed() -> None:
    from importlib.metadata import distribution

    scripts = {e.name: e.value for e in distribution("agentsandbox").entry_points if e.group == "console_scripts"}
    assert scripts == {"agentsandbox": "agentsandbox.__main__:main", "knowlyr-sandbox": "agentsandbox.__main__:main"}


def test_a_tree_is_the_same_bytes_for_the_same_files(folder: Path, tmp_path: Path) -> None:
    before = tree_of(folder)
    os.utime(folder / "calc.py", (1, 1))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "calc.pyc").write_bytes(b"x")
    assert tree_of(folder) == before
    (tmp_path / "tree.tar").write_bytes(before)
    assert tree_of(tmp_path / "tree.tar") == before
    (folder / "calc.py").chmod(0o755)
    assert name_of(tree_of(folder)) != name_of(before)
    with pytest.raises(TreeUnusable):
        tree_of(folder / "calc.py")


def test_of_a_git_work_tree_a_box_gets_what_git_does_not_ignore(quick_backend: Backend, folder: Path, command: Command) -> None:
    (folder / ".gitignore").write_text("secret.env\n")
    (folder / "secret.env").write_text("TOKEN=1\n")
    (folder / "link").symlink_to("calc.py")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "add", "calc.py"], check=True)
    done = command("run", "-b", quick_backend.name, "-t", str(folder), "--", "ls -A; readlink link")
    assert done.stdout.split() == [".git", ".gitignore", "calc.py", "link", "tests", "calc.py"]


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def running(line: str) -> bool:
    """Whether a process of that command line runs, in any box of this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_bytes().replace(b"\0", b" ").strip().decode(errors="replace") == line:
                return True
        except OSError:
            continue
    return False


def read_until(terminal: int, prompt: str, seconds: float = 30) -> str:
    said, deadline = "", time.monotonic() + seconds
    while not said.endswith(prompt):
        assert time.monotonic() < deadline, said
        if select.select([terminal], [], [], 0.1)[0]:
            said += os.read(terminal, 4096).decode(errors="replace")
    return said


def test_limits_of_the_recording_are_those_of_the_replay(quick_backend: Backend, command: Command, folder: Path, tmp_path: Path) -> None:
    tight = ("--limit", "output_bytes=500", "-t", str(folder))
    assert command("run", "-b", quick_backend.name, *tight, "--record", "log.jsonl", "--", "seq 1 3000").returncode == 0
    start = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert Provenance.model_validate(start["provenance"]).limits == Limits(output_bytes=500, call_timeout_s=600)
    assert command("replay", "log.jsonl", "-b", quick_backend.name, "-t", str(folder)).returncode == 0
    assert command("replay", "log.jsonl", "-b", quick_backend.name, *tight, "-l", "output_bytes=900").returncode == 1
