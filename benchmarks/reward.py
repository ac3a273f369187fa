"""Rule scoring: steps a second, growth with the length of a run, scoring as steps come, the knowlyr-reward package.

Runs are made from a seed (benchmarks/parts/reward_runs.py), every output distinct and 1 KB long. All on one core, the best of several
rounds, in seconds of the processor. *Rules* is the full rule set: a step in, scores on five rubrics and the gate out, with the rules
and steps that each rests on. *Table* adds the Parquet columns of the graph, *engine* reads plain dicts and adds records, fusion and
the reward. The peer's engine scores the same dicts, rules alone, without evidence.

.venv/bin/python benchmarks/reward.py [--json] [--rounds N] [--peer FOLDER] [--profile]
(--peer: where `pip install --target FOLDER knowlyr-reward knowlyr-core` put it; --profile: where the engine's time goes, part by part)
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agentreward.config import RewardConfig
from agentreward.dict_runs import read_run
from agentreward.reward import RewardEngine
from agentreward.rules.score_table import score_table
from agentreward.rules.scorer import RuleScorer
from reward_profile import RULES_ALONE, WHOLE, profile
from reward_runs import made_run
from rich.console import Console
from rich.table import Table

PARTS = Path(__file__).parent / "parts"
LENGTHS = (10, 50, 200, 1_000, 5_000)
ONLINE = 400
PROFILED = (1_000, 5_000)
STEPS_S, EXPONENT, TIMES_PEER, ONLINE_S = 20_000, 1.1, 20, 0.1


def best(work: Callable[[], object], rounds: int) -> float:
    """Least seconds of the processor."""
    found = math.inf
    for _ in range(rounds):
        began = time.process_time()
        work()
        found = min(found, time.process_time() - began)
    return found


def ours(rounds: int) -> dict[str, Any]:
    """Seconds by way of scoring and length."""
    engine = RewardEngine(RewardConfig(model_weight=0.0))
    figures: dict[str, Any] = {"rules": {}, "table": {}, "engine": {}}
    for n in LENGTHS:
        given = made_run(n)
        run = read_run(given).trajectory
        figures["rules"][n] = best(lambda steps=run.steps: feed(steps), rounds)
        figures["table"][n] = best(lambda run=run: score_table([run], scorer_version="v"), rounds)
        figures["engine"][n] = best(lambda given=given: engine.score(given), rounds)
    steps = read_run(made_run(ONLINE)).trajectory.steps
    figures["online"] = best(lambda: feed(steps), rounds)
    return figures


def feed(steps: Any) -> None:
    """Every step as it comes; after each, its scores stand."""
    scorer = RuleScorer()
    for step in steps:
        scorer.feed(step)


def peer(folder: Path | None, rounds: int) -> dict[str, Any]:
    """The same by the peer, or why there is nothing."""
    if folder is None:
        return {"missing": "knowlyr-reward: not given (--peer FOLDER)"}
    argv = [sys.executable, str(PARTS / "reward_peer.py"), str(rounds), *map(str, LENGTHS)]
    done = subprocess.run(argv, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"missing": f"knowlyr-reward: {done.stderr.strip().splitlines()[-1]}"}
    found: dict[str, Any] = json.loads(done.stdout)
    return {"batch": {int(n): s for n, s in found["batch"].items()}, "online": found["online"]}


def growth(seconds: Mapping[int, float], low: int, high: int) -> float:
    """Exponent e of time = c · n^e between two lengths."""
    return math.log(seconds[high] / seconds[low]) / math.log(high / low)


def ratios(own: dict[str, Any], other: dict[str, Any]) -> dict[str, float]:
    """What the limits are about."""
    found = {
        "steps/s at 1,000": 1_000 / own["rules"][1_000],
        "steps/s at 5,000": 5_000 / own["rules"][5_000],
        "growth exponent, 1,000 to 5,000": growth(own["rules"], 1_000, 5_000),
        "growth exponent of the engine": growth(own["engine"], 1_000, 5_000),
        "engine, share of the speed of rules at 1,000": own["rules"][1_000] / own["engine"][1_000],
        "online, 400 steps, seconds": own["online"],
    }
    if "batch" in other:
        found["times the peer at 5,000"] = other["batch"][5_000] / own["rules"][5_000]
        found["times the peer at 5,000, engine against engine"] = other["batch"][5_000] / own["engine"][5_000]
        found["times the peer online"] = other["online"] / own["online"]
    return found


def show(own: dict[str, Any], other: dict[str, Any], found: Mapping[str, float]) -> None:
    """A table."""
    table = Table(title="steps a second, one core")
    for name in ("steps", "rules", "table", "engine", "peer"):
        table.add_column(name, justify="right")
    for n in LENGTHS:
        theirs = other.get("batch", {}).get(n)
        cells = [f"{n / own[way][n]:,.0f}" for way in ("rules", "table", "engine")]
        table.add_row(f"{n:,}", *cells, f"{n / theirs:,.0f}" if theirs else "")
    console = Console()
    console.print(table)
    limits = {
        "steps/s at 1,000": f"at least {STEPS_S:,}",
        "steps/s at 5,000": f"at least {STEPS_S:,}",
        "growth exponent, 1,000 to 5,000": f"at most {EXPONENT}",
        "online, 400 steps, seconds": f"below {ONLINE_S}",
        "times the peer at 5,000": f"at least {TIMES_PEER}",
    }
    for name, value in found.items():
        console.print(f"{name}: {value:,.3f}{f'  ({limits[name]})' if name in limits else ''}", highlight=False)
    if "missing" in other:
        console.print(other["missing"], soft_wrap=True)


def show_profile(parts: Mapping[int, Mapping[str, float]]) -> None:
    """A table of microseconds a step, and shares."""
    table = Table(title="where the engine's time goes: µs a step, and share")
    table.add_column("part")
    for n in parts:
        table.add_column(f"{n:,} steps", justify="right")
    for name in next(iter(parts.values())):
        cells = [f"{seconds[name] / n * 1e6:6.1f}  {seconds[name] / seconds[WHOLE]:4.0%}" for n, seconds in parts.items()]
        table.add_row(name, *cells, style="bold" if name in (WHOLE, RULES_ALONE) else None)
    Console().print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    if asked.profile:
        parts = {n: profile(made_run(n), asked.rounds, best) for n in PROFILED}
        show_profile(parts)
        if asked.json:
            print(json.dumps({"seconds": parts}))
        return
    own, other = ours(asked.rounds), peer(asked.peer, asked.rounds)
    found = ratios(own, other)
    show(own, other, found)
    if asked.json:
        print(json.dumps({"seconds": own, "peer": other, "ratios": found}))


if __name__ == "__main__":
    main()
