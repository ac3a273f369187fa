"""Times of the knowlyr-sandbox package, as one JSON object of seconds. Runs in an environment that has it.

PYTHON benchmarks/parts/sandbox_peer.py IMAGE TREE.tar ROUNDS TYPICAL_EDIT
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from agentsandbox import Sandbox, SandboxConfig
from agentsandbox.config import TaskConfig


def median(work: Callable[[], object], rounds: int, before: Callable[[], object] = lambda: None) -> float:
    """Median seconds of ``work``; ``before`` is run each time and not counted."""
    took = []
    for _ in range(rounds):
        before()
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def main() -> None:
    """Measure and print."""
    image, tree, rounds, edit = sys.argv[1], Path(sys.argv[2]).read_bytes(), int(sys.argv[3]), sys.argv[4]
    config = SandboxConfig(image=image, work_dir="/workspace")

    def life() -> None:
        sandbox = Sandbox.create(config, TaskConfig())
        sandbox.execute_tool("shell", {"command": "true"})
        sandbox.close()

    figures = {"life": median(life, 2)}
    sandbox = Sandbox.create(config, TaskConfig())
    try:
        sandbox._container.put_archive("/workspace", tree)

        def shell(command: str) -> None:
            done = sandbox.execute_tool("shell", {"command": command, "work_dir": "/workspace"})
            if done.exit_code:
                raise SystemExit(f"{command}: {done.output}{done.error}")

        shell("git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm base")
        figures["shell"] = median(lambda: shell("echo hello"), rounds * 3)
        figures["write"] = median(
            lambda: sandbox.execute_tool("file_write", {"path": "/workspace/w.txt", "content": "x" * 1000}), rounds * 3
        )
        figures["read"] = median(lambda: sandbox.execute_tool("file_read", {"path": "/workspace/w.txt"}), rounds * 3)
        figures["reset, typical edits"] = median(sandbox.reset, rounds, lambda: shell(edit))
        figures["one test"] = median(lambda: shell("python -m pytest -q tests/test_one.py"), rounds)
        figures["50 MB output"] = median(lambda: shell("head -c 50000000 /dev/zero | tr '\\0' x"), 2)
    finally:
        sandbox.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
