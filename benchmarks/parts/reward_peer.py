"""Rule scoring by the knowlyr-reward package, as one JSON object of seconds of the processor.

Runs with the package's folder as PYTHONPATH, as it has the same module name as ours.

PYTHON benchmarks/parts/reward_peer.py ROUNDS N...
"""

import json
import sys
import time

from agentreward.config import RewardConfig
from agentreward.reward import RewardEngine
from reward_runs import made_run

ONLINE = 400


def seconds(n: int, rounds: int) -> float:
    """Best of ``rounds`` for a run of ``n`` steps."""
    engine, run, best = RewardEngine(RewardConfig(rule_weight=1.0, model_weight=0.0)), made_run(n), float("inf")
    for _ in range(rounds):
        began = time.process_time()
        engine.score(run)
        best = min(best, time.process_time() - began)
    return best


def online(n: int) -> float:
    """Every prefix of a run of ``n`` steps, scored from its start, as nothing else is offered."""
    engine, run = RewardEngine(RewardConfig(rule_weight=1.0, model_weight=0.0)), made_run(n)
    began = time.process_time()
    for end in range(1, n + 1):
        engine.score({**run, "steps": run["steps"][:end]})
    return time.process_time() - began


rounds = int(sys.argv[1])
print(json.dumps({"batch": {n: seconds(int(n), rounds) for n in sys.argv[2:]}, "online": online(ONLINE)}))
