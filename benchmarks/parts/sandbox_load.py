"""Many boxes of one process at a steady rate of shell calls, as one JSON object: seconds and megabytes.

.venv/bin/python benchmarks/parts/sandbox_load.py BOXES CALLS_PER_SECOND SECONDS FOLDER
"""

import json
import random
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agentsandbox.backends import choose
from agentsandbox.sandbox import Sandbox
from trajschema.rollout import Limits
from trajschema.task import Environment


def memory_mb(field: str) -> float:
    """A figure of this process from the kernel: VmRSS now, VmHWM at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def latencies(boxes: list[Sandbox], rate: float, seconds: float) -> list[float]:
    """Seconds of each call from the moment at which it was due; boxes are drawn at random."""
    draw = random.Random(1)
    start = time.perf_counter() + 0.1

    def call(number: int, box: Sandbox) -> float:
        due = start + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        done = box.call("shell", {"command": "echo hello"})
        if done.content != "hello\n":
            raise SystemExit(f"a call went wrong: {done}")
        return time.perf_counter() - due

    with ThreadPoolExecutor(2 * len(boxes)) as threads:
        calls = [threads.submit(call, n, draw.choice(boxes)) for n in range(int(rate * seconds))]
        return [c.result() for c in calls]


def main() -> None:
    """Measure and print."""
    count, rate, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    backend = choose("docker", environments=Path(sys.argv[4]), label="trajhub-bench")
    boxes: list[Sandbox] = []
    try:
        boxes.append(backend.open(Limits(), Environment(), trusted=True))
        boxes[0].call("shell", {"command": "echo hello"})
        single = statistics.median(latencies(boxes, rate, seconds))
        with ThreadPoolExecutor(2) as threads:
            boxes += threads.map(lambda _: backend.open(Limits(), Environment(), trusted=True), range(count - 1))
        for box in boxes:
            box.call("shell", {"command": "echo hello"})
        took = sorted(latencies(boxes, rate, seconds))
    finally:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda box: box.close(), boxes))
    figures = {"single": single, "median": statistics.median(took), "p95": took[int(len(took) * 0.95)], "peak_mb": memory_mb("VmHWM")}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
