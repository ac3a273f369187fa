"""What the sandbox costs, side by side with `docker exec` and the knowlyr-sandbox package.

`docker exec` is the faster of docker-py's exec_run and the command line, in a container with the host configuration of a
box. A bare container's life is create, start and remove of `sleep` in the same image with docker-py: with that host
configuration, and with docker's own. Medians; milliseconds where nothing else is said.

.venv/bin/python benchmarks/sandbox.py [--json] [--rounds N]

Exit status: 0 every target is met, 1 one is missed.
"""

import argparse
import contextlib
import io
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from agentgrader.run import run_tests
from agentsandbox.backends.docker import DockerBackend, host_config
from agentsandbox.images import ensure_image
from agentsandbox.sandbox import Sandbox
from rich.console import Console
from rich.table import Table
from trajschema.rollout import Limits
from trajschema.task import Environment

PARTS = Path(__file__).parent / "parts"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trajhub" / "bench"
PEER = "knowlyr-sandbox==0.1.2"
FILES, TREE_BYTES = 500, 5_000_000
OUTPUT = "head -c 50000000 /dev/zero | tr '\\0' x"
TEST = "python -m pytest -q tests/test_one.py"
TYPICAL = "echo '# x' >> pkg1/sub1/mod1.py; sed -i s/a/b/ pkg2/sub2/mod2.py; mkdir -p new/__pycache__; touch new/a new/__pycache__/b.pyc"
HOSTILE = (
    "chmod -R 000 pkg3; rm -rf .git/objects; for i in $(seq 300); do touch -d 2001-01-01 pkg1/$i; done; mkfifo pipe; ln -s / root;"
    "find pkg4 -name '*.py' -exec sh -c 'echo >> {}' ';'; git init -q inner; rm -r pkg5; ln pkg6/sub6/mod6.py hard; touch pkg7/*/*"
)
BOXES, RATE, LOAD_S = 32, 20, 10
LIMITS = Limits(call_timeout_s=60)
Work = Callable[[], object]


@dataclass(frozen=True)
class Line:
    """One line of the table. Times in seconds, memory in MB."""

    case: str
    ours: float
    exec: float | None
    peer: float | None
    target: str
    met: bool


def example_tree() -> bytes:
    """A repository of 500 files with 5 MB, and one test."""
    draw = random.Random(1)
    words = [f"word{i}" for i in range(3000)]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        files = {f"pkg{i % 10}/sub{i % 40}/mod{i}.py": draw.lognormvariate(0, 1) * TREE_BYTES / FILES / 1.65 for i in range(FILES)}
        texts = {name: ("# " + " ".join(draw.choices(words, k=max(30, int(size / 8.3)))) + "\n") for name, size in files.items()}
        for name, text in {**texts, "tests/test_one.py": "def test_one():\n    assert 1 + 1 == 2\n"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def seconds(work: Work, times: int = 1, before: Work = lambda: None) -> list[float]:
    """Seconds of each run of ``work``; ``before`` is not counted."""
    took = []
    for _ in range(times):
        before()
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return took


def compared(rounds: int, works: dict[str, tuple[Work, int]]) -> dict[str, float]:
    """Median seconds of each work; they take turns, so that a slow moment of the machine meets all of them."""
    took: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, (work, times) in works.items():
            took[name] += seconds(work, times)
    return {name: statistics.median(t) for name, t in took.items()}


class Bare:
    """A container with the host configuration of a box, and ways to run a command in it."""

    def __init__(self, client: Any, image: str, plain: bool = False) -> None:
        self._api = client.api
        ours = {**host_config(LIMITS, "/testbed"), "auto_remove": False}
        config = {} if plain else {"host_config": self._api.create_host_config(**ours), "user": "1000:1000"}
        self.id = self._api.create_container(image, entrypoint=["sleep"], command=["1000"], **config)["Id"]
        self._api.start(self.id)

    def close(self) -> None:
        """Remove it."""
        self._api.remove_container(self.id, force=True)

    def sdk(self, *argv: str) -> bytes:
        """Output of a command by docker-py, as its exec_run does it."""
        made = self._api.exec_create(self.id, list(argv), workdir="/testbed")
        out = self._api.exec_start(made["Id"])
        if self._api.exec_inspect(made["Id"])["ExitCode"]:
            raise SystemExit(f"{argv}: {out!r}")
        return bytes(out)

    def command_line(self, *argv: str, data: bytes = b"") -> bytes:
        """Output of a command by `docker exec`."""
        done = subprocess.run(["docker", "exec", "-i", "-w", "/testbed", self.id, *argv], input=data, capture_output=True, check=True)
        return done.stdout


def calls(box: Sandbox, bare: Bare, rounds: int) -> dict[str, dict[str, float]]:
    """Median times of single calls: ours, by docker-py and by the command line."""
    text = "x" * 1000
    copied = ("sh", "-c", 'printf %s "$1" > w.txt', "sh", text)  # docker-py's exec_run has no input for a command

    def written() -> bytes:
        return bare.command_line("sh", "-c", "cat > w.txt", data=text.encode())

    works: dict[str, tuple[Work, int, Work, Work, int]] = {
        "shell": (lambda: call(box, "shell", command="echo hello"), 20, *exec_of(bare, "bash", "-c", "echo hello"), 4),
        "write": (lambda: call(box, "file_write", path="w.txt", content=text), 50, lambda: bare.sdk(*copied), written, 4),
        "read": (lambda: call(box, "file_read", path="w.txt"), 50, *exec_of(bare, "cat", "w.txt"), 4),
        "one test": (lambda: graded(box), 2, *exec_of(bare, "bash", "-c", TEST), 2),
        "one test, for an agent": (lambda: call(box, "shell", command=TEST), 2, *exec_of(bare, "bash", "-c", TEST), 2),
    }
    figures = {}
    for name, (ours, many, sdk, line, few) in works.items():
        ours()
        figures[name] = compared(rounds, {"ours": (ours, many), "docker-py": (sdk, few), "command line": (line, few)})
    return figures


def large_output(box: Sandbox, bare: Bare) -> dict[str, float]:
    """Times of an output of 50 MB, and what it adds to the peak memory of this process and of the server, MB.

    Ours comes first, as docker-py keeps the whole in memory.
    """
    before = peak_mb(), server_peak_mb(box)
    ours = statistics.median(seconds(lambda: call(box, "shell", command=OUTPUT), 3))
    after = peak_mb(), server_peak_mb(box)
    sdk, line = exec_of(bare, "bash", "-c", OUTPUT)
    return {
        "ours": ours,
        "docker-py": statistics.median(seconds(sdk, 2)),
        "command line": statistics.median(seconds(line, 2)),
        "added_mb": after[0] - before[0],
        "server_added_mb": after[1] - before[1],
    }


def call(box: Sandbox, tool: str, **arguments: Any) -> None:
    """One tool call that must succeed."""
    done = box.call(tool, arguments)
    if done.error or done.exit_code:
        raise SystemExit(f"{tool} {arguments}: {done.content}")


def graded(box: Sandbox) -> None:
    """One test as the grader runs it."""
    report = run_tests(box, Environment(), ["tests/test_one.py"])
    if not report.complete or set(report.statuses.values()) != {"passed"}:
        raise SystemExit(f"a test run went wrong: {report}")


def exec_of(bare: Bare, *argv: str) -> tuple[Work, Work]:
    """The two ways of running a command."""
    return lambda: bare.sdk(*argv), lambda: bare.command_line(*argv)


def lives(backend: DockerBackend, client: Any, image: str, rounds: int) -> dict[str, float]:
    """Times of a whole life: our box with its first call, a bare container with and without the box's configuration."""

    def ours() -> None:
        with backend.open(LIMITS, Environment(), trusted=True) as box:
            call(box, "shell", command="true")

    figures = compared(
        rounds,
        {
            "ours": (ours, 2),
            "bare": (lambda: Bare(client, image).close(), 2),
            "plain": (lambda: Bare(client, image, plain=True).close(), 2),
        },
    )
    return figures


def resets(box: Sandbox, rounds: int) -> dict[str, float]:
    """Times of an exact reset after typical and after hostile edits; each is checked by the tree hash."""
    want = box.reset()
    figures = {}
    for name, edit in (("typical", TYPICAL), ("hostile", HOSTILE)):
        took = []
        for _ in range(3 * rounds):
            call(box, "shell", command=edit)
            took += seconds(box.reset)
            if box.tree_hash() != want:
                raise SystemExit(f"a reset after {name} edits is not exact")
        figures[name] = statistics.median(took)
    return figures


def exec_reset(bare: Bare, rounds: int) -> float:
    """Median time of what is usual instead, and not exact: checkout and clean by `docker exec`, the edits as above."""
    identity = "git -c user.name=a -c user.email=a@b"
    bare.command_line("bash", "-c", f"git init -q . && git add -A && {identity} commit -qm base")
    undo = "git checkout -q . && git clean -fdxq"
    return statistics.median(
        seconds(lambda: bare.command_line("bash", "-c", undo), rounds, lambda: bare.command_line("bash", "-c", TYPICAL))
    )


def peer(image: str, tree: bytes, rounds: int) -> tuple[dict[str, float], str]:
    """Times of the other package, and why there are none."""
    folder = CACHE / PEER.replace("==", "-")
    python = folder / "bin" / "python"
    try:
        if not (folder / "ready").exists():
            venv.create(folder, clear=True, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "-q", PEER], check=True, capture_output=True, timeout=300)
            (folder / "ready").touch()
        with tempfile.NamedTemporaryFile(suffix=".tar") as f:
            Path(f.name).write_bytes(tree)
            env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # its import name is ours as well
            argv = [python, PARTS / "sandbox_peer.py", image, f.name, str(rounds), TYPICAL]
            done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=300, env=env)
        figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return figures, ""
    except (OSError, subprocess.SubprocessError) as e:
        said = e.stderr if isinstance(e, subprocess.CalledProcessError) else ""
        text = said if isinstance(said, str) else said.decode("utf-8", "replace")
        return {}, f"{PEER} cannot be measured here: {e} {text.strip()[-300:]}"


def load() -> dict[str, float]:
    """Many boxes at once, in a process of their own."""
    argv = [sys.executable, str(PARTS / "sandbox_load.py"), str(BOXES), str(RATE), str(LOAD_S), str(CACHE)]
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the load test failed:\n{done.stdout}{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def peak_mb() -> float:
    """Most memory that this process had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def server_peak_mb(box: Sandbox) -> float:
    """Most memory that the server in a box had, MB."""
    return int(box.call("shell", {"command": "grep VmHWM /proc/1/status"}).content.split()[1]) / 1024


def measured(rounds: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Every figure: seconds, and MB where the name says so."""
    client = docker.DockerClient.from_env()
    image = ensure_image(folder=CACHE).name
    backend = DockerBackend(CACHE, label="trajhub-bench")
    with backend.open(LIMITS, Environment(), trusted=True) as box, contextlib.closing(Bare(client, image)) as bare:
        tell("an output of 50 MB")
        figures: dict[str, Any] = {"50 MB output": large_output(box, bare)}  # first: the peak of memory is of what came before
        tell("single calls")
        tree = example_tree()
        box.load(tree)
        bare.command_line("tar", "-x", data=tree)
        figures |= calls(box, bare, rounds)
        tell("resets")
        figures["reset"] = {**resets(box, rounds), "git by docker exec": exec_reset(bare, rounds)}
    tell("whole lives")
    figures["life"] = lives(backend, client, image, rounds)
    tell(f"{BOXES} boxes at once")
    figures["load"] = load()
    tell(PEER)
    figures["peer"], figures["peer missing"] = peer(image, tree, rounds)
    return figures


def lines_of(f: dict[str, Any]) -> list[Line]:
    """The table: each figure with its target."""
    theirs = f["peer"]
    found = []
    for name, share in (("shell", 8), ("read", 50), ("write", 50), ("one test", 3)):
        best = min(f[name]["docker-py"], f[name]["command line"])
        found.append(Line(name, f[name]["ours"], best, theirs.get(name), f"1/{share} of docker exec", f[name]["ours"] <= best / share))
    agent = f["one test, for an agent"]
    found.append(Line("one test, for an agent", agent["ours"], min(agent["docker-py"], agent["command line"]), None, "", True))
    life = f["life"]
    bare = min(life["bare"], life["plain"])
    reset = f["reset"]
    typical, hostile = "reset, typical edits", "reset, hostile edits"
    found += [
        Line(typical, reset["typical"], reset["git by docker exec"], theirs.get(typical), "20 ms", reset["typical"] <= 0.020),
        Line(hostile, reset["hostile"], None, None, "20 ms", reset["hostile"] <= 0.020),
        Line("life", life["ours"], bare, theirs.get("life"), "1.5x of a bare container", life["ours"] <= 1.5 * bare),
    ]
    large = f["50 MB output"]
    best = min(large["docker-py"], large["command line"])
    memory = large["added_mb"] + large["server_added_mb"]
    load = f["load"]
    found += [
        Line("50 MB output", large["ours"], best, theirs.get("50 MB output"), "1 s", large["ours"] <= 1),
        Line("50 MB output, added memory, MB", memory, None, None, "10 MB", memory <= 10),
        Line("one box, median", load["single"], None, None, "", True),
        Line(f"{BOXES} boxes, 95th percentile", load["p95"], None, None, "5x of one box", load["p95"] <= 5 * load["single"]),
        Line(f"{BOXES} boxes, host process, MB", load["peak_mb"], None, None, "150 MB", load["peak_mb"] <= 150),
    ]
    return found


def show(lines: list[Line], console: Console) -> None:
    """Print the table."""
    table = Table("case", "ours", "docker exec / bare", PEER, "of docker", "target, at most", "met")
    for line in lines:
        scale, digits = (1, 1) if line.case.endswith("MB") else (1000, 2)
        cells = [f"{v * scale:.{digits}f}" if v is not None else "" for v in (line.ours, line.exec, line.peer)]
        ratio = f"{line.ours / line.exec:.3f}" if line.exec else ""
        table.add_row(line.case, *cells, ratio, line.target, ("yes" if line.met else "NO") if line.target else "")
    console.print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table, say what is missed, and with ``--json`` one object on the last line. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--rounds", type=int, default=5, help="how often each comparison is repeated")
    asked = parser.parse_args(argv)
    console = Console(width=150)
    figures = measured(asked.rounds, lambda what: print(f"measuring: {what}", file=sys.stderr, flush=True))
    lines = lines_of(figures)
    show(lines, console)
    if figures["peer missing"]:
        console.print(figures["peer missing"], soft_wrap=True)
    missed = [line.case for line in lines if not line.met]
    console.print(f"missed: {', '.join(missed)}" if missed else "every target is met")
    if asked.json:
        ratios = {line.case: line.ours / line.exec for line in lines if line.exec}
        print(json.dumps({"figures": figures, "ratios": ratios, "missed": missed}))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
