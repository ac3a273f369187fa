"""What a change costs: a first run of a small project, then a run with nothing to do, with a new weight, with one task more, and `status`.

.venv/bin/python benchmarks/incremental.py [--json]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

SETTINGS: dict[str, Any] = {
    "tasks": {"libraries": ["inflection", "cachetools"], "count": 4},
    "agents": {"run": [{"name": n} for n in ("oracle", "noop", "random", "localising")], "max_steps": 12},
}


def trajhub(folder: Path, *arguments: str) -> tuple[float, str]:
    """Seconds of a command, and what it printed."""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "pipelines.command", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"trajhub {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return time.monotonic() - began, done.stdout


def run(folder: Path, **changes: Any) -> tuple[float, int]:
    """Seconds of a run under changed settings, and the partitions that it computed."""
    merged = {name: {**SETTINGS.get(name, {}), **changes.get(name, {})} for name in {*SETTINGS, *changes}}
    (folder / "trajhub.yaml").write_text(yaml.safe_dump(merged))
    seconds, out = trajhub(folder, "run", "--json")
    return seconds, sum(stage["computed"] for stage in json.loads(out.splitlines()[-1])["stages"].values())


def main() -> None:
    """Measure, print the table, and with ``--json`` one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trajhub-bench-") as name:
        folder = Path(name)
        first, computed = run(folder)
        rows = {"first run": (first, computed), "nothing changed": run(folder)}
        rows["one weight changed"] = run(folder, rewards={"outcome": 0.4})
        rows["one task more"] = run(folder, rewards={"outcome": 0.4}, tasks={"count": SETTINGS["tasks"]["count"] + 1})
        answers = [trajhub(folder, "status", "--json")[0] for _ in range(5)]
    table = Table("case", "seconds", "partitions computed", "of the first run")
    for case, (seconds, partitions) in rows.items():
        table.add_row(case, f"{seconds:.1f}", str(partitions), f"{seconds / first:.2f}")
    table.add_row("trajhub status (median of 5)", f"{statistics.median(answers):.2f}", "", "")
    Console().print(table)
    if asked.json:
        figures = {case: {"seconds": s, "computed": n, "ratio": s / first} for case, (s, n) in rows.items()}
        print(json.dumps({"cases": figures, "status_seconds": statistics.median(answers)}))


if __name__ == "__main__":
    main()
