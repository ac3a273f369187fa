"""What the code server loads: names of assets, jobs, schedule, sensors and checks, and how they are declared."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from trajtests.projects import CHECKOUT

from pipelines import home
from pipelines.definitions import build_defs
from pipelines.jobs import GRAPH
from resources.asset_options import POOL
from resources.settings import Settings
from resources.stages import PER_TASK, STAGES

RESOURCES = ("incremental", "sandbox", "agents", "judge", "store")
ASSETS = {s.name for s in STAGES} | {"human_labels"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory):
    return build_defs(settings_file=tmp_path_factory.mktemp("project") / "trajhub.yaml").get_repository_def()


def test_every_asset_is_there(repository) -> None:
    assert {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()} == ASSETS


def test_jobs_schedule_sensors_and_checks(repository) -> None:
    assert {"refresh_pool", "run_graph"} <= set(repository.job_names)
    assert [s.name for s in repository.schedule_defs] == ["nightly"]
    assert {s.name for s in repository.sensor_defs} == {"pool_refreshed", "settings_changed"}
    checks = {key.name for key in repository.asset_graph.asset_check_keys}
    assert checks == {"release_gate"} | {f"{name}_complete" for name in PER_TASK}


def test_assets_are_partitioned_by_task_from_rollouts_to_pairs(repository) -> None:
    graph = repository.asset_graph
    partitioned = {key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).partitions_def is not None}
    assert partitioned == set(PER_TASK)


def test_each_asset_says_who_owns_it_what_it_is_and_what_code_made_it(repository) -> None:
    graph = repository.asset_graph
    for stage in STAGES:
        node = graph.get(dg.AssetKey(stage.name))
        assert node.owners == ["team:trajectory-hub"]
        assert node.group_name
        assert node.kinds
        assert node.description
        assert node.code_version
        assert "dagster/code_references" in node.metadata


def test_the_gate_alone_blocks(repository) -> None:
    graph = repository.asset_graph
    blocking = {key.name for key in graph.asset_check_keys if graph.get(key).blocking}
    assert blocking == {"release_gate"}


def test_a_range_is_one_run_unless_the_settings_bound_it(tmp_path: Path) -> None:
    def policy() -> dg.BackfillPolicy | None:
        defs = build_defs(settings_file=tmp_path / "trajhub.yaml")
        return defs.get_repository_def().asset_graph.get(dg.AssetKey("rewards")).backfill_policy

    assert policy() == dg.BackfillPolicy.single_run()
    (tmp_path / "trajhub.yaml").write_text("orchestration: {partitions_per_run: 250}")
    assert policy() == dg.BackfillPolicy.multi_run(250)


@pytest.mark.parametrize(
    "command",
    [pytest.param(["dagster", "definitions", "validate", "-w", "workspace.yaml"], marks=pytest.mark.soak), ["dg", "check", "defs"]],
    ids=lambda c: c[0],
)
def test_the_tools_of_dagster_accept_the_project(command: list[str], tmp_path: Path) -> None:
    program = str(Path(sys.executable).parent / command[0])
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path), "DG_CLI_CONFIG": str(tmp_path / "dg.toml"), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([program, *command[1:]], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_launchpad_shows_every_resource_and_of_a_key_the_name_of_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    job = build_defs(settings_file=tmp_path / "trajhub.yaml").resolve_job_def(GRAPH)
    resources = job.run_config_schema.config_type.fields["resources"].config_type.fields
    shown = {name: json.loads(resources[name].config_type.fields["config"].default_value_as_json_str) for name in RESOURCES}
    assert shown["sandbox"]["memory_mb"] == 1024
    assert [entry["name"] for entry in shown["agents"]["run"]] == ["oracle", "noop", "random", "noisy", "localising"]
    assert shown["judge"]["api_key"] == {"env": "ANTHROPIC_API_KEY"}
    assert "sk-secret" not in json.dumps(shown)


def test_one_step_writes_at_a_time_on_all_machines_of_an_instance(repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    home.prepare(Settings(root=tmp_path))
    pools = [repository.asset_graph.get(dg.AssetKey(stage.name)).pools for stage in STAGES]
    with dg.DagsterInstance.get() as instance:
        limits = instance.get_concurrency_config().pool_config
    assert pools == [{POOL}] * len(STAGES)
    assert limits.default_pool_limit == 1
