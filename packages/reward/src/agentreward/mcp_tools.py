"""What the MCP server offers: each tool with its arguments, and the JSON text that answers it."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from trajruntime.mcp_tools import McpTool, ToolFailed, bounded

from agentreward.api import calibration_row, pair_row, pairs_of, rubric_rows
from agentreward.config import RewardConfig
from agentreward.errors import InvalidRun
from agentreward.reading import read_json, read_runs
from agentreward.reward import RewardEngine
from agentreward.rubric_files import rubric_set


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Scored(_Given):
    rubrics: str = Field("default", description="`default`, or a YAML file of rubrics.")
    rules_only: bool = Field(False, description="Ask no model, even where a key is set.")

    def engine(self) -> RewardEngine:
        """The engine asked for."""
        more: dict[str, Any] = {"model_weight": 0.0} if self.rules_only else {}
        return RewardEngine(RewardConfig(rubric_set=self.rubrics, **more))


class ScoreTrajectory(_Scored):
    """Score one run of a code agent step by step: total, process and outcome score, and the evidence of every step."""

    path: str = Field("", description="File with one run as JSON; or give `trajectory`.")
    trajectory: dict[str, Any] | None = Field(None, description="The run itself: task, steps of tool, params and output, and outcome.")
    evidence: bool = Field(False, description="With the rules and sentences behind each score.")


class BuildPreferences(_Scored):
    """Build preference pairs from several runs at each task."""

    path: str = Field("", description="File with an object: task id → list of runs; or give `trajectories_by_task`.")
    trajectories_by_task: dict[str, list[dict[str, Any]]] | None = Field(
        None, description="Runs by task: with steps, or with id, reward and step_count."
    )
    min_margin: float = Field(0.1, gt=0, description="Least difference of the rewards of a pair.")


class CalibrateReward(_Given):
    """Compare automatic rewards with human ratings of the same runs: correlations, agreement rate, mean absolute error."""

    reward_scores: list[float] = Field(description="Rewards, one a run.")
    human_scores: list[float] = Field(description="Ratings by people, in the same order.")


class ListRubrics(_Given):
    """List the rubrics that steps are judged by, with weights."""

    rubrics: str = Field("default", description="`default`, or a YAML file of rubrics.")


def score_trajectory(given: ScoreTrajectory) -> str:
    """The reward."""
    if (given.trajectory is None) == (not given.path):
        raise ToolFailed("give either `path` or `trajectory`")
    runs = [given.trajectory] if given.trajectory is not None else list(read_runs(_file(given.path)))
    if len(runs) != 1:
        raise InvalidRun(f"{given.path}: {len(runs)} runs; give a file with one")
    found = given.engine().score(runs[0]).to_dict()
    if not given.evidence:
        for step in found["steps"]:
            del step["evidence"]
    return _json(found)


def build_preferences(given: BuildPreferences) -> str:
    """The pairs."""
    if (given.trajectories_by_task is None) == (not given.path):
        raise ToolFailed("give either `path` or `trajectories_by_task`")
    by_task = given.trajectories_by_task if given.trajectories_by_task is not None else read_json(_file(given.path))
    return _json([pair_row(p) for p in pairs_of(by_task, given.engine(), given.min_margin)])


def calibrate_reward(given: CalibrateReward) -> str:
    """The figures."""
    return _json(calibration_row(given.reward_scores, given.human_scores))


def list_rubrics(given: ListRubrics) -> str:
    """The rubrics."""
    return _json(rubric_rows(rubric_set(given.rubrics)))


TOOLS: dict[str, McpTool] = {
    "score_trajectory": McpTool(ScoreTrajectory, score_trajectory),
    "build_preferences": McpTool(BuildPreferences, build_preferences),
    "calibrate_reward": McpTool(CalibrateReward, calibrate_reward),
    "list_rubrics": McpTool(ListRubrics, list_rubrics),
}


def _file(path: str) -> Path:
    """A file of that name. Standard input belongs to the protocol."""
    if path == "-":
        raise ToolFailed("path '-' is no file; name one, or give the value itself")
    return Path(path).expanduser()


def _json(value: Any) -> str:
    return bounded(json.dumps(value, ensure_ascii=False), "fewer runs, no evidence")
