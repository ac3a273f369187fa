"""``agentsandbox bench``: how fast boxes are on this machine, in a few seconds."""

import json
import statistics
import time
from collections.abc import Callable

from trajschema.rollout import Limits
from trajschema.task import Environment

from agentsandbox.cli.setup import backend_of, errors, limits_of
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.trees import EMPTY

_BOXES = 3
_RESETS = 10
FAILED = 2


def bench(backend: str, image: str, settings: list[str], calls: int, *, as_json: bool) -> int:
    """Measure and print medians, milliseconds. Returns 0."""
    with errors(FAILED):
        place = backend_of(backend)
        found = measured(place, limits_of(settings, Limits()), Environment(image=image), calls)
        if as_json:
            print(json.dumps({"backend": place.name, "shared_uid": place.shared_uid(), "median_ms": found}, indent=2))
        else:
            print(f"{place.name}{' (shared uid)' if place.shared_uid() else ''}: medians")
            for name, value in found.items():
                print(f"  {name:<12} {value:>9.2f} ms  {1000 / value:>9.0f} /s")
        return 0
    return FAILED


def measured(backend: Backend, limits: Limits, environment: Environment, calls: int) -> dict[str, float]:
    """What is done → median milliseconds. ``calls`` of each tool, three boxes made and removed, ten resets."""

    def life() -> None:
        backend.open(limits, environment, trusted=True).close()

    found = {"box": _median(life, _BOXES)}
    with backend.open(limits, environment, trusted=True) as box:
        box.load(EMPTY)
        found |= {name: _median(work, calls) for name, work in _work(box).items()}
        found["reset"] = _median(box.reset, _RESETS)
    return found


def _work(box: Sandbox) -> dict[str, Callable[[], object]]:
    text = "line\n" * 200
    return {
        "file_write": lambda: box.call("file_write", {"path": "a.txt", "content": text}),
        "file_read": lambda: box.call("file_read", {"path": "a.txt"}),
        "search": lambda: box.call("search", {"pattern": "line 7"}),
        "shell": lambda: box.call("shell", {"command": "true"}),
        "diff": box.diff,
    }


def _median(work: Callable[[], object], count: int) -> float:
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1000
