"""The incremental loop: a miss is computed, a hit is not, a failure costs its own partition, and what is stored is never lost."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from agentreward.aggregate.weights import Weights
from pydantic import ValidationError
from trajruntime.executor import ThreadExecutor

from resources.agents import AgentsResource
from resources.incremental.code import Sources
from resources.incremental.keys import expected_key
from resources.incremental.plan import listing, plan
from resources.incremental.run import Inputs, StageResult, refresh
from resources.judge import JudgeResource
from resources.lake import ALL, Key, Lake
from resources.progress import Lines
from resources.sandbox import SandboxResource
from resources.settings import Sandbox, Settings
from resources.stages import BY_NAME, STAGES

TASKS = ["toolz-1", "toolz-2", "toolz-3"]


class World:
    """A lake whose pool and trajectories stand, so that rule_scores can be computed."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(root=root)
        self.lake = Lake(self.settings.lake_url)
        self.calls: list[str] = []
        for task in TASKS:
            self.give("task_pool", task, "v1")
            self.give("trajectories", task, "v1")

    def give(self, asset: str, partition: str, text: str) -> None:
        self.lake.write(asset, partition, Key("0" * 8, "0" * 8, "0" * 8), pa.table({"text": [text]}))

    def compute(self, inputs: Inputs) -> StageResult:
        self.calls.append(inputs.partition)
        return StageResult(pa.table({"score": [inputs["trajectories"].to_pylist()[0]["text"]]}))

    def refresh(self, compute=None, stage: str = "rule_scores", partitions=None):
        return refresh(BY_NAME[stage], partitions or TASKS, compute or self.compute, self.lake, self.settings, ThreadExecutor(2), Lines())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_second_run_computes_nothing(world: World) -> None:
    assert world.refresh().computed == tuple(TASKS)
    world.calls.clear()
    again = world.refresh()
    assert (again.computed, again.cached, world.calls) == ((), tuple(TASKS), [])


def test_only_the_partition_whose_input_changed_is_computed(world: World) -> None:
    world.refresh()
    world.give("trajectories", "toolz-2", "v2")
    assert world.refresh().computed == ("toolz-2",)
    assert world.refresh().computed == ()


def test_an_input_that_was_recomputed_to_the_same_content_changes_nothing(world: World) -> None:
    world.refresh()
    world.lake.write("trajectories", "toolz-2", Key("1" * 8, "0" * 8, "0" * 8), pa.table({"text": ["v1"]}))
    assert world.refresh().computed == ()


def test_one_failure_costs_one_partition_and_is_retried(world: World) -> None:
    def failing(inputs: Inputs) -> StageResult:
        if inputs.partition == "toolz-2":
            raise RuntimeError("the engine went away")
        return world.compute(inputs)

    report = world.refresh(failing)
    assert report.computed == ("toolz-1", "toolz-3")
    assert "the engine went away" in report.failed["toolz-2"]
    assert "the engine went away" in world.lake.failures("rule_scores")["toolz-2"].error
    after = world.refresh()
    assert (after.computed, after.cached) == (("toolz-2",), ("toolz-1", "toolz-3"))
    assert world.lake.failures("rule_scores") == {}


def test_rows_lost_to_infrastructure_make_the_partition_a_miss_that_sees_what_there_was(world: World) -> None:
    def half(inputs: Inputs) -> StageResult:
        return StageResult(pa.table({"score": ["kept"]}), unfinished=("row 2: no box",))

    assert set(world.refresh(half).failed) == set(TASKS)
    seen = []

    def whole(inputs: Inputs) -> StageResult:
        assert inputs.previous is not None
        seen.append((inputs.previous.to_pylist(), inputs.changed))
        return world.compute(inputs)

    assert world.refresh(whole).computed == tuple(TASKS)
    assert seen == [([{"score": "kept"}], frozenset())] * 3


def test_a_missing_input_is_named(world: World) -> None:
    world.lake.drop("trajectories", "toolz-1")
    report = world.refresh()
    assert "trajectories has nothing for toolz-1" in report.blocked["toolz-1"]
    assert world.lake.failures("rule_scores") == {}, "the fault is recorded where it lies"
    assert report.computed == ("toolz-2", "toolz-3")


def test_a_damaged_input_costs_its_own_partition(world: World) -> None:
    file = Path(world.lake.stored("trajectories")["toolz-3"].path)
    file.write_bytes(file.read_bytes()[:-10])
    report = world.refresh()
    assert "is damaged" in report.failed["toolz-3"]
    assert report.computed == ("toolz-1", "toolz-2")


def test_an_interrupt_keeps_what_is_done(world: World) -> None:
    def interrupted(inputs: Inputs) -> StageResult:
        if inputs.partition == "toolz-3":
            raise KeyboardInterrupt
        return world.compute(inputs)

    with pytest.raises(KeyboardInterrupt):
        refresh(BY_NAME["rule_scores"], TASKS, interrupted, world.lake, world.settings, ThreadExecutor(1), Lines())
    assert set(world.lake.stored("rule_scores")) == {"toolz-1", "toolz-2"}


def test_the_plan_says_what_is_stale_and_why(world: World) -> None:
    world.lake.write("task_pool", ALL, Key("0" * 8, "0" * 8, "0" * 8), pa.table({"task_id": TASKS}))
    world.refresh()
    states = {p.stage.name: p for p in plan(world.settings, world.lake)}
    assert {p.why for p in states["trajectories"].partitions} == {"code and configuration and input changed"}
    assert {p.why for p in states["rule_scores"].partitions} == {"follows trajectories"}
    assert {p.state for p in states["rewards"].partitions} == {"missing"}


def reconfigured(world: World, other: Settings) -> set[str]:
    """Stages whose key another configuration changes."""
    stored = listing(world.lake)
    return {
        name
        for name, stage in BY_NAME.items()
        if expected_key(stage, "toolz-1", world.settings, world.lake, stored).differences(
            expected_key(stage, "toolz-1", other, world.lake, stored)
        )
    }


NEW_WEIGHTS: tuple[dict[str, Any], ...] = (
    {"rubrics": {"goal_progress": 1.0}},
    {"rule": 0.7},
    {"judge": 0.3},
    {"outcome": 0.4},
    {"partial": 0.2},
    {"claimed": 0.5},
    {"unconfirmed": 0.5},
    {"advance_at": 0.6},
    {"default_process_reward": 0.4},
)


@pytest.mark.parametrize("change", NEW_WEIGHTS, ids=lambda change: next(iter(change)))
def test_a_new_weight_is_a_configuration_change_of_rewards_alone(world: World, change: dict[str, Any]) -> None:
    other = world.settings.model_copy(update={"rewards": Weights(**change)})
    assert reconfigured(world, other) == {"rewards", "release"}


def test_every_weight_is_among_them() -> None:
    assert {name for change in NEW_WEIGHTS for name in change} == set(Weights.model_fields)


def test_no_stage_before_rewards_can_see_a_weight() -> None:
    sources = Sources()
    for stage in STAGES[: STAGES.index(BY_NAME["rewards"])]:
        found = sources.closure(*stage.modules).modules
        assert found.keys().isdisjoint(
            {"agentreward.aggregate.weights", "agentreward.aggregate.fusion", "agentreward.aggregate.reward_table"}
        ), stage.name


def test_a_disk_budget_for_images_makes_no_rollout_anew_but_a_limit_of_the_boxes_does(world: World) -> None:
    def with_sandbox(**changes: object) -> Settings:
        return world.settings.model_copy(update={"sandbox": Sandbox(**changes)})

    assert reconfigured(world, with_sandbox(images_gb=9)) == set()
    assert {"rollouts", "outcomes"} <= reconfigured(world, with_sandbox(memory_mb=512))


def test_what_is_changed_for_one_run_is_in_the_keys_of_what_it_computes(world: World) -> None:
    sandbox, judge, agents = (made.of(world.settings) for made in (SandboxResource, JudgeResource, AgentsResource))
    assert all(resource.applied(world.settings) is world.settings for resource in (sandbox, judge, agents))
    larger = sandbox.model_copy(update={"memory_mb": 2048}).applied(world.settings)
    assert larger.sandbox.memory_mb == 2048
    assert {"rollouts", "outcomes"} <= reconfigured(world, larger)
    fewer = agents.model_copy(update={"max_steps": 3}).applied(world.settings)
    assert reconfigured(world, fewer) == {"rollouts"}
    with pytest.raises(ValidationError):
        sandbox.model_copy(update={"memory_mb": 1}).applied(world.settings)
