"""How well boxes and models are kept busy: the makespan of 64 rollouts against a server of 2 s latency, beside what cannot be beaten.

Each rollout takes five turns (look, read, edit, test, submit) in a box of its own, by the real client and tool loop. One of
them is a straggler: its answers take ten times as long, and it is cut at its limit. The bound is the largest of: the time of
all model turns over the requests at once, the time of all work in boxes over the cores, and the longest attempt.

.venv/bin/python benchmarks/rollouts.py [--json] [--rollouts N] [--at-once N] [--cores N] [--latency S] [--backend NAME]
"""

import argparse
import functools
import io
import json
import os
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

from agentllm.chat import Chat, open_provider
from agentrollout.agents import AgentConfig
from agentrollout.dispatcher import Dispatcher
from agentrollout.loop import Budget, rollout
from agentrollout.models.agent import Sampling, model_agent
from agentsandbox.backends import choose
from rich.console import Console
from rich.table import Table
from trajschema.rollout import Limits, Rollout
from trajschema.task import Environment, Task, TaskSource
from trajtests.llm.behaviour import Behaviour, slow
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import says

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trajhub" / "bench"
GATE = 1.15
CODE, TEST = "def double(x):\n    return x + 2\n", "from code_ import double\n\n\ndef test_double():\n    assert double(3) == 6\n"
TURNS = (
    says("I look.", ("shell", {"command": "git log --oneline; ls"})),
    says("I read.", ("file_read", {"path": "code_.py"})),
    says("I edit.", ("file_edit", {"path": "code_.py", "old_string": "x + 2", "new_string": "x * 2"})),
    says("I check.", ("shell", {"command": "python -c 'import code_; print(code_.double(3))'"})),
    says("I am done.", ("submit", {})),
)


class Meter:
    """The slots of a dispatcher, with the time for which they were held."""

    def __init__(self, slots: threading.BoundedSemaphore) -> None:
        self._slots = slots
        self._mine = threading.local()
        self._lock = threading.Lock()
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._slots.acquire()
        self._mine.since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        held = time.monotonic() - self._mine.since
        self._slots.release()
        with self._lock:
            self.seconds += held


def the_tree() -> bytes:
    """Two files as a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in {"code_.py": CODE, "test_code.py": TEST}.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def task(number: int) -> Task:
    """A task; the first is the straggler's."""
    said = "STRAGGLE. double(3) is not 6." if number == 0 else "double(3) is not 6."
    source = TaskSource(kind="injected", operators=("arithmetic",))
    return Task(
        task_id=f"bench-{number}",
        source=source,
        repo="bench",
        base_commit="0",
        problem_statement=said,
        environment=Environment(),
        FAIL_TO_PASS=("test_code.py::test_double",),
        PASS_TO_PASS=(),
        bug_patch="",
        gold_patch="",
    )


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Run all attempts once; figures in seconds."""

    def act(body: dict[str, Any]) -> Behaviour:
        turn = TURNS[sum(m["role"] == "assistant" for m in body["messages"])]
        return slow(turn, asked.latency * (10 if "STRAGGLE" in json.dumps(body["messages"][:2]) else 1))

    with FakeServer(act) as server:
        backend = choose(asked.backend, environments=CACHE / "environments", progress=lambda line: None)
        limit = 2 * len(TURNS) * asked.latency
        gate = threading.BoundedSemaphore(asked.at_once)
        chat = Chat(open_provider("openai", server.url, server.key_env), "stand-in", semaphore=gate)
        member = AgentConfig(model_agent("stand-in", "openai", chat, Sampling(), code="0"), 1, Budget(seconds=limit), "0", asked.at_once)
        tree = the_tree()
        with Dispatcher([member], asked.cores, chat.cost_limiter) as dispatcher:
            meter = Meter(dispatcher.slots)

            def one(number: int) -> Rollout:
                made = functools.partial(rollout, task(number), tree, member.spec.agent, 0, number, backend, Limits())
                return made(member.budget, member.spec, meter)

            began = time.monotonic()
            waiting = [dispatcher.submit(member, functools.partial(one, number)) for number in range(asked.rollouts)]
            runs = [run for run in (future.result() for future in waiting) if run is not None]
            makespan = time.monotonic() - began
        most = server.most_at_once
    model = (len(runs) - 1) * len(TURNS) * asked.latency + limit
    bounds = {"model": model / asked.at_once, "boxes": meter.seconds / asked.cores, "longest attempt": limit}
    bound = max(bounds.values())
    return {
        "backend": backend.name,
        "rollouts": len(runs),
        "submitted": sum(run.exit == "submitted" for run in runs),
        "straggler": f"{runs[0].exit}: {runs[0].exit_reason}",
        "most_requests_at_once": most,
        "makespan": makespan,
        "bounds": bounds,
        "bound": bound,
        "ratio": makespan / bound,
        "one_after_another": model + meter.seconds,
        "gate": GATE,
        "met": makespan / bound <= GATE,
    }


def main() -> None:
    """Measure, print the table, and with ``--json`` one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--rollouts", type=int, default=64, help="attempts, one of them a straggler")
    parser.add_argument("--at-once", type=int, default=16, help="requests to the model at once")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="boxes at work at once")
    parser.add_argument("--backend", default="auto", help="docker, bubblewrap, or the strongest that works here")
    parser.add_argument("--latency", type=float, default=2.0, help="seconds of one model turn")
    asked = parser.parse_args()
    found = measure(asked)
    title = f"{found['rollouts']} rollouts, {asked.at_once} requests at once, {asked.latency:g} s each"
    table = Table("figure", "value", title=title, title_justify="left")
    table.add_row("makespan", f"{found['makespan']:.1f} s")
    for name, seconds in found["bounds"].items():
        table.add_row(f"bound: {name}", f"{seconds:.1f} s")
    table.add_row("makespan / largest bound", f"{found['ratio']:.3f} (at most {GATE})")
    table.add_row("one after another", f"{found['one_after_another']:.1f} s")
    table.add_row("submitted", f"{found['submitted']} of {found['rollouts']}")
    table.add_row("straggler", found["straggler"])
    table.add_row("boxes", f"{found['backend']}, {asked.cores} cores")
    Console().print(table)
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
