"""Process scores of the knowlyr-reward package, as one JSON list: ``null`` for a run that it cannot score.

Runs with the package's folder as PYTHONPATH, as it has the same module name as ours. No model is asked, no outcome is told.

PYTHON benchmarks/parts/discrimination_peer.py RUNS.json
"""

import json
import sys
from pathlib import Path

from agentreward.config import RewardConfig
from agentreward.reward import RewardEngine


def main() -> None:
    """Score and print."""
    engine = RewardEngine(RewardConfig(rule_weight=1.0, model_weight=0.0))
    scores = []
    for run in json.loads(Path(sys.argv[1]).read_text()):
        try:
            scores.append(engine.score(run).process_score)
        except Exception:
            scores.append(None)
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
