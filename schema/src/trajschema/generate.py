"""Write the JSON Schema files of the contract: ``python -m trajschema.generate FOLDER``."""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from trajschema.calibration import Calibration
from trajschema.event import EVENT
from trajschema.label import HumanLabel
from trajschema.manifest import Manifest
from trajschema.outcome import Outcome
from trajschema.preference import PreferencePair
from trajschema.rollout import Rollout
from trajschema.score import Reward, StepScore
from trajschema.signals import GroupSignals, RolloutSignals
from trajschema.task import Task
from trajschema.trajectory import Trajectory

RECORDS: dict[str, type[BaseModel]] = {
    "task": Task,
    "rollout": Rollout,
    "trajectory": Trajectory,
    "outcome": Outcome,
    "step_score": StepScore,
    "reward": Reward,
    "rollout_signals": RolloutSignals,
    "group_signals": GroupSignals,
    "preference_pair": PreferencePair,
    "human_label": HumanLabel,
    "calibration": Calibration,
    "manifest": Manifest,
}


def json_schemas() -> dict[str, str]:
    """File name → text of every JSON Schema file."""
    schemas = {f"{name}.json": model.model_json_schema(mode="serialization") for name, model in RECORDS.items()}
    schemas["event.json"] = EVENT.json_schema(mode="serialization")
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}


def main() -> None:
    """Write them into the folder named on the command line."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in json_schemas().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main()
