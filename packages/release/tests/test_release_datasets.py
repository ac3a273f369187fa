"""Every config loads with the real `datasets` library, offline, and holds what trainers need."""

import json

import pytest
import yaml
from agentrelease.configs import CONFIGS
from agentrelease.load import load_release
from agentrelease.manifest import read_manifest


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    from datasets import load_dataset

    cache = tmp_path_factory.mktemp("cache")
    return lambda folder, config: load_dataset(str(folder), config, cache_dir=str(cache / folder.name))


@pytest.mark.parametrize("config", list(CONFIGS))
def test_a_config_loads_with_every_split_and_row(release, load, config):
    loaded = load(release, config)
    rows = {f.path: f.rows for f in read_manifest(release).files if f.path.startswith(f"data/{config}/")}
    assert {f"data/{config}/{split}-00000-of-00001.parquet": d.num_rows for split, d in loaded.items()} == rows
    assert len({str(split.features) for split in loaded.values()}) == 1
    assert loaded["train"].column_names == CONFIGS[config].schema.names


def test_the_default_config_is_the_runs(release):
    from datasets import get_dataset_default_config_name

    assert get_dataset_default_config_name(str(release)) == "trajectories"


def test_sft_rows_are_messages_with_actions_and_tools(release, load, corpus):
    resolved = {o.rollout_id for o in corpus.outcomes if o.confirmation in ("confirmed", "unconfirmed") and not o.tamper}
    wanted = {t.trajectory_id for t in corpus.trajectories if t.rollout_id in resolved and t.agent not in ("oracle", "noop")}
    rows = [row for split in load(release, "sft").values() for row in split]
    assert {row["trajectory_id"] for row in rows} == wanted
    for row in rows:
        roles = [m["role"] for m in row["messages"]]
        assert roles[0] == "user"
        assert roles[-1] == "assistant"
        assert {tool["function"]["name"] for tool in json.loads(row["tools"])} >= {"shell", "file_edit"}
        calls = {c["id"]: c for m in row["messages"] for c in m["tool_calls"] or []}
        assert all(isinstance(json.loads(c["function"]["arguments"]), dict) and c["type"] == "function" for c in calls.values())
        assert all(m["tool_call_id"] in calls for m in row["messages"] if m["role"] == "tool")


def test_dpo_rows_are_pairs_whose_sides_speak(release, load, corpus):
    rows = [row for split in load(release, "dpo").values() for row in split]
    assert {row["pair_id"] for row in rows} == {pair.pair_id for pair in corpus.pairs}
    for row in rows:
        assert row["prompt"][-1]["role"] in ("user", "tool")
        assert row["chosen"] != row["rejected"]
        assert all(row[side][0]["role"] == row[side][-1]["role"] == "assistant" for side in ("chosen", "rejected"))


def test_rows_say_whether_their_pass_is_confirmed_and_strict_configs_take_those_alone(release, corpus):
    words = {o.rollout_id: o.confirmation for o in corpus.outcomes}
    of_run = {t.trajectory_id: words.get(t.rollout_id) for t in corpus.trajectories}
    frames = load_release(release)
    sft, dpo = frames["sft"], frames["dpo"]
    assert list(sft["confirmation"]) == [of_run[i] for i in sft["trajectory_id"]]
    assert set(sft["confirmation"]) == {"confirmed", "unconfirmed"}
    outcome_pairs = dpo[dpo["kind"] == "outcome"]
    chosen = {p.pair_id: p.chosen_trajectory_id for p in corpus.pairs}
    assert list(outcome_pairs["confirmation"]) == [of_run[chosen[i]] for i in outcome_pairs["pair_id"]]
    assert set(outcome_pairs["confirmation"]) == {"confirmed", "unconfirmed"}
    for strict, whole, key in (("sft_strict", sft, "trajectory_id"), ("dpo_strict", dpo, "pair_id")):
        assert list(frames[strict][key]) == list(whole[whole["confirmation"] == "confirmed"][key])


def test_no_repository_stands_in_two_splits(release):
    frames = load_release(release)
    homes = frames["tasks"].groupby("repo").split.nunique()
    assert (homes == 1).all()
    home = dict(zip(frames["tasks"].task_id, frames["tasks"].split, strict=True))
    for name in ("trajectories", "steps", "outcomes", "rewards", "preference_pairs", "sft", "dpo"):
        assert (frames[name].task_id.map(home) == frames[name].split).all(), name


@pytest.mark.parametrize(("repos", "splits"), [(("toolz",), ["train"]), (("toolz", "semver"), ["test", "train"])])
def test_a_small_release_has_only_splits_with_rows(tmp_path, make_corpus, build, load, repos, splits):
    build(tmp_path / f"small-{len(repos)}", make_corpus(repos=repos))
    assert sorted(load(tmp_path / f"small-{len(repos)}", "tasks")) == splits


def test_a_config_without_rows_has_no_file_and_loads_as_an_empty_frame(tmp_path, make_corpus, build, load):
    corpus = make_corpus(repos=("toolz",), tasks_each=1)
    for listed in (corpus.rule_scores, corpus.pairs):
        listed.clear()
    folder = tmp_path / "bare"
    build(folder, corpus.rewarded())
    front = yaml.safe_load((folder / "README.md").read_text().split("---\n")[1])
    named = {config["config_name"] for config in front["configs"]}
    assert "scores" not in named
    assert "dpo" not in named
    frames = load_release(folder)
    assert frames["scores"].empty
    assert [*CONFIGS["scores"].schema.names, "split"] == list(frames["scores"].columns)
    for config in named:
        assert load(folder, config)
