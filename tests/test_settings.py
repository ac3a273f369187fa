"""Settings: every wrong key or value is one clear error that names it."""

from pathlib import Path

import pytest
from agentllm.cost_limit import CostLimiter
from agentrollout.agents import build_agents
from agentrollout.embedded import EMBEDDED

from pipelines.status import status
from resources.agent_code import agent_codes
from resources.incremental.code import Sources
from resources.settings import Settings, SettingsError, load
from resources.stages import BY_NAME

EXAMPLES = sorted(Path(__file__).parents[1].glob("examples/*/trajhub.yaml"))


def write(folder: Path, text: str) -> Path:
    file = folder / "trajhub.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tasks: {cuont: 3}", r"unknown key 'tasks.cuont'; did you mean 'count'\?"),
        ("jugde: {}", r"unknown key 'jugde'; did you mean 'judge'\?"),
        ("agents: {run: [{nmae: x}]}", r"unknown key 'agents.run.0.nmae'; did you mean 'name'\?"),
        ("zzzz: 1", r"unknown key 'zzzz'; known keys: agents, data"),
        ("rewards: {outcome: 3}", r"rewards.outcome: .*less than or equal to 1.*found 3"),
        ("sandbox: {backend: vmware}", r"sandbox.backend: .*'docker'"),
        ("agents: {run: [{name: x, model: m}]}", "a model needs a `provider`"),
        ("agents: {run: [{name: noop, model: m, provider: openai}]}", "a name of its own, not 'noop'"),
        ("agents: {run: [{name: x, model: m, provider: anthropic, top_p: 0.5}]}", "takes neither temperature nor top_p"),
        ("agents: {run: [{name: noop, concurrency: 3}]}", "concurrency: only for an entry with a `model`"),
        ("agents: {run: [{name: noop}, {name: noop}]}", "listed twice: noop"),
        ("agents: {run: [{name: x, model: m, provider: openai, modle: n}]}", r"unknown key 'agents.run.0.modle'; did you mean 'model'\?"),
        ("judge: {provider: openai}", "provider openai needs a `model`"),
        ("judge: {provider: openai, model: m, batch: auto}", "`batch: auto` is for provider anthropic"),
        ("judge: {replicate: 3}", r"unknown key 'judge.replicate'; did you mean 'replicates'\?"),
        ("- a list", "a mapping of settings is expected, found list"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key_and_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        load(write(tmp_path, text))
    assert str(tmp_path / "trajhub.yaml") in str(caught.value)


def test_a_file_of_another_encoding_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "trajhub.yaml").write_bytes(b"\xff\xfe\x00tasks")
    with pytest.raises(SettingsError, match="cannot be read as YAML"):
        load(tmp_path / "trajhub.yaml")


def test_no_file_means_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "trajhub.yaml").model_dump() == Settings(root=tmp_path).model_dump()


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAJHUB__TASKS__COUNT", "5")
    found = load(write(tmp_path, "tasks: {count: 3, seed: 9}")).tasks
    assert (found.count, found.seed) == (5, 9)


def test_every_setting_is_documented() -> None:
    def undocumented(model: type, path: str) -> list[str]:
        missing = []
        for name, info in model.model_fields.items():
            section = info.annotation
            if isinstance(section, type) and hasattr(section, "model_fields"):
                missing += undocumented(section, f"{path}{name}.")
            elif not info.description and name not in ("run", "provider"):
                missing.append(path + name)
        return missing

    assert undocumented(Settings, "") == []


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
def test_every_example_has_a_hundred_tasks_and_a_model_that_money_can_limit(file: Path) -> None:
    settings = load(file)
    cost_limiter = CostLimiter(settings.agents.money_limit_usd)
    codes = agent_codes(settings, Sources())
    agents = build_agents(settings.agents, settings.root, codes, cost_limiter, lambda entry: None)  # type: ignore[arg-type, return-value]
    (model,) = (agent for agent in agents if agent.concurrency)
    assert settings.tasks.count == 100
    assert model.spec.agent.model
    assert model.budget.seconds >= 1800


def test_no_model_may_bear_the_name_of_an_embedded_agent(tmp_path: Path) -> None:
    for name in EMBEDDED:
        with pytest.raises(SettingsError, match="a name of its own"):
            load(write(tmp_path, f"agents: {{run: [{{name: {name}, model: m, provider: openai}}]}}"))


def test_where_a_service_is_and_what_it_costs_changes_no_rollout(tmp_path: Path) -> None:
    def shape(more: str) -> object:
        text = f"agents: {{run: [{{name: x, model: m, provider: openai, {more}}}], money_limit_usd: 3}}"
        return BY_NAME["rollouts"].config(load(write(tmp_path, text)))

    same = [
        shape(f"attempts: 1, {m}")
        for m in ("base_url: a", "key_variable: B", "concurrency: 2", "retries: 1", "price: {input: 1, output: 2}")
    ]
    assert all(found == same[0] for found in same)
    assert shape("attempts: 1, temperature: 0.5") != same[0]


def test_the_status_page_says_whether_boxes_share_a_user(tmp_path: Path) -> None:
    shown = status(load(write(tmp_path, "sandbox: {backend: local}")))["sandbox"]
    assert shown == {"backend": "local", "shared_uid": True, "problem": ""}


def test_a_project_states_its_own_goals_and_none_stated_shows_none(tmp_path: Path) -> None:
    assert status(load(write(tmp_path, "")))["goals"] == []
    goals = "[{name: runs, measure: trajectories, at_least: 200}, {name: trust, measure: pearson_r, at_least: 0.8}]"
    shown = status(load(write(tmp_path, f"goals: {goals}")))["goals"]
    assert shown == [{"name": "runs", "have": 0, "want": 200, "met": False}, {"name": "trust", "have": None, "want": 0.8, "met": False}]
    with pytest.raises(SettingsError, match=r"goals.0.measure: .*'tasks'"):
        load(write(tmp_path, "goals: [{name: x, measure: stars, at_least: 1}]"))
