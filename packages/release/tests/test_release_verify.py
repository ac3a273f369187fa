"""Verifying: a sound release passes; whatever is changed is found, also where the forger fixes the manifest."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from agentrelease.cli import app
from agentrelease.configs import CONFIGS, file_of
from agentrelease.load import load_release
from agentrelease.manifest import read_manifest, release_id
from agentrelease.verifying.verify import verify_release
from trajschema.ids import sha256_bytes
from trajschema.outcome import Difference, Differential
from typer.testing import CliRunner

ALL = [
    "manifest",
    "files",
    "card",
    "contract",
    "ids",
    "splits",
    "rewards",
    "pairs",
    "controls",
    "confirmations",
    "sft",
    "dpo",
    "derived",
    "secrets",
]


@pytest.fixture
def copy(release, tmp_path):
    shutil.copytree(release, tmp_path / "set")
    return tmp_path / "set"


def failed(folder):
    return {check.name for check in verify_release(folder).checks if not check.ok}


def sign(folder):
    """What a forger can do: a manifest that fits the files."""
    manifest = read_manifest(folder)
    files = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json"):
        rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
        data = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        files.append(manifest.files[0].model_copy(update={"path": name, "sha256": sha256_bytes(data), "bytes": len(data), "rows": rows}))
    forged = manifest.model_copy(update={"files": tuple(files), "release_id": release_id(files)})
    (folder / "manifest.json").write_text(forged.model_dump_json())


def edit(folder, config, change, split="train"):
    """Change the rows of a file and sign the release anew."""
    path = folder / file_of(config, split)
    rows = pq.ParquetFile(path).read().to_pylist()
    pq.write_table(pa.Table.from_pylist(change(rows), schema=CONFIGS[config].schema), path)
    sign(folder)


def first(**columns):
    return lambda rows: [{**rows[0], **columns}, *rows[1:]]


def test_a_sound_release_passes_every_check(release):
    report = verify_release(release)
    assert [check.name for check in report.checks] == ALL
    assert report.ok
    assert all(check.detail for check in report.checks)
    assert report.release_id == read_manifest(release).release_id


def test_a_changed_byte_in_any_file_is_found(release, tmp_path):
    names = [file.path for file in read_manifest(release).files]
    assert len(names) > 20
    for i, name in enumerate(names):
        folder = tmp_path / str(i)
        shutil.copytree(release, folder)
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(bytes(data))
        report = verify_release(folder)
        files = next(check for check in report.checks if check.name == "files")
        assert not files.ok, name
        assert name in files.detail


def test_missing_strange_and_linked_files_are_found(copy):
    (copy / "data" / "extra.txt").write_text("hello")
    assert failed(copy) == {"files"}
    (copy / "data" / "extra.txt").unlink()
    (copy / "calibration.json").rename(copy.parent / "away.json")
    assert failed(copy) == {"files"}
    (copy / "calibration.json").symlink_to(copy.parent / "away.json")
    assert failed(copy) == {"files"}


def test_a_manifest_that_points_outside_is_refused(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    secret = copy.parent / "secret"
    secret.write_text("x")
    manifest["files"].append({"path": "../secret", "sha256": sha256_bytes(b"x"), "bytes": 1, "rows": None})
    (copy / "manifest.json").write_text(json.dumps(manifest))
    files = next(c for c in verify_release(copy).checks if c.name == "files")
    assert "leads out of the release" in files.detail


def test_an_edited_manifest_is_found(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "release_id": "0" * 16}))
    assert failed(copy) == {"manifest"}


@pytest.mark.parametrize("text", [None, "", "{}", "[1]", "\x00"])
def test_no_or_a_broken_manifest_fails_every_check(copy, text):
    (copy / "manifest.json").unlink()
    if text is not None:
        (copy / "manifest.json").write_text(text)
    assert failed(copy) == set(ALL)
    assert failed(copy / "nowhere") == set(ALL)


def test_a_damaged_file_fails_what_needs_it_and_the_rest_is_not_called_sound(copy):
    (copy / file_of("rewards", "train")).write_bytes(b"PAR1 not really")
    sign_free = failed(copy)
    assert {"files", "contract", "rewards", "derived"} <= sign_free
    assert "manifest" not in sign_free


def test_a_raised_reward_is_found(copy):
    edit(copy, "rewards", first(total=1.0))
    assert {"rewards", "pairs"} & failed(copy) >= {"rewards"}
    assert "files" not in failed(copy)


def test_a_raised_step_reward_is_found(copy):
    def change(rows):
        steps = [{**rows[0]["step_rewards"][0], "reward": 0.999}, *rows[0]["step_rewards"][1:]]
        return [{**rows[0], "step_rewards": steps}, *rows[1:]]

    edit(copy, "rewards", change)
    rewards = next(c for c in verify_release(copy).checks if c.name == "rewards")
    assert "step_rewards[0].reward is 0.999" in rewards.detail


def test_a_changed_score_or_outcome_no_longer_gives_the_rewards(release, tmp_path):
    shutil.copytree(release, tmp_path / "score")
    edit(tmp_path / "score", "scores", lambda rows: [{**row, "score": 1.0} for row in rows])
    assert "rewards" in failed(tmp_path / "score")
    shutil.copytree(release, tmp_path / "outcome")
    edit(tmp_path / "outcome", "outcomes", lambda rows: [{**row, "verdict": "resolved"} for row in rows])
    assert {"rewards", "derived"} <= failed(tmp_path / "outcome")


def test_a_reward_left_out_is_found(copy):
    edit(copy, "rewards", lambda rows: rows[1:])
    assert {"rewards"} <= failed(copy)


def test_a_turned_added_or_dropped_pair_is_found(release, tmp_path):
    def turned(rows):
        pair = rows[0]
        swap = {"chosen_trajectory_id": pair["rejected_trajectory_id"], "rejected_trajectory_id": pair["chosen_trajectory_id"]}
        return [{**pair, **swap}, *rows[1:]]

    changes = {
        "turned": turned,
        "dropped": lambda rows: rows[1:],
        "margin": first(margin=0.99),
        "added": lambda rows: [*rows, {**rows[0], "pair_id": "new"}],
    }
    for name, change in changes.items():
        shutil.copytree(release, tmp_path / name)
        edit(tmp_path / name, "preference_pairs", change)
        assert "pairs" in failed(tmp_path / name), name


def test_a_control_in_pairs_or_training_rows_is_found(release, tmp_path, corpus):
    oracle = next(t for t in corpus.trajectories if t.agent == "oracle" and t.task_id.startswith("boltons"))
    shutil.copytree(release, tmp_path / "pairs")
    edit(tmp_path / "pairs", "preference_pairs", first(chosen_trajectory_id=oracle.trajectory_id))
    assert {"controls", "pairs"} <= failed(tmp_path / "pairs")
    shutil.copytree(release, tmp_path / "sft")
    edit(tmp_path / "sft", "sft", first(trajectory_id=oracle.trajectory_id))
    assert {"controls", "derived"} <= failed(tmp_path / "sft")


def test_unearned_and_empty_training_rows_are_found(release, tmp_path, corpus):
    bad = {o.rollout_id for o in corpus.outcomes if o.verdict == "unresolved"}
    lost = next(
        t
        for t in corpus.trajectories
        if t.rollout_id in bad and t.agent == "random" and t.task_id.startswith(("boltons", "humanize", "semver"))
    )
    cheat = corpus.trajectories[0]
    for name, config, change, wanted in (
        ("unresolved", "sft", first(trajectory_id=lost.trajectory_id), "is not resolved"),
        ("tampered", "sft", first(trajectory_id=cheat.trajectory_id), "tampered: tests/test_a.py was edited"),
        (
            "no action",
            "sft",
            lambda rows: [{**rows[0], "messages": [m for m in rows[0]["messages"] if m["role"] == "user"]}, *rows[1:]],
            "no action",
        ),
        ("empty chosen", "dpo", first(chosen=[]), "chosen is empty"),
        ("empty rejected", "dpo", first(rejected=[]), "rejected is empty"),
        ("no prompt", "dpo", first(prompt=[]), "no prompt"),
    ):
        shutil.copytree(release, tmp_path / name)
        edit(tmp_path / name, config, change)
        report = verify_release(tmp_path / name)
        assert wanted in next(c.detail for c in report.checks if c.name == config), name
        assert {config, "derived"} <= failed(tmp_path / name), name


def test_a_doubted_pass_that_is_taught_or_chosen_is_found(release, tmp_path, corpus):
    words = {o.rollout_id: o.confirmation for o in corpus.outcomes if not o.tamper}
    by_word = {
        word: [t for t in corpus.trajectories if words.get(t.rollout_id) == word and t.agent not in ("oracle", "noop")]
        for word in words.values()
    }
    doubted, unsure = by_word["doubted"][0].trajectory_id, by_word["unconfirmed"][0].trajectory_id
    for config, change, wanted in (
        ("sft", first(trajectory_id=doubted), f"sft holds the doubted pass {doubted}"),
        ("preference_pairs", first(chosen_trajectory_id=doubted), "chooses a doubted pass"),
        ("sft_strict", first(trajectory_id=unsure), f"sft_strict {unsure} is not confirmed"),
    ):
        shutil.copytree(release, tmp_path / config)
        edit(tmp_path / config, config, change)
        assert wanted in next(c.detail for c in verify_release(tmp_path / config).checks if c.name == "confirmations"), config


ADDED = ("confirmation", "functions_", "calls_", "regressions_", "by_function", "unreached", "surroundings")


def test_a_release_of_before_there_were_confirmations_is_still_sound(tmp_path, corpus, build):
    call = {"function": "x.py::f", "arguments": "1", "origin": "recorded", "what": "result", "gold": "2", "candidate": "3"}
    said = Differential(functions=("x.py::f",), recorded=1, compared=1, differing=1, differences=(Difference(**call),))
    plain = {"confirmation": None, "confirmation_reason": "", "differential": said}
    build(tmp_path / "set", replace(corpus, outcomes=[o.model_copy(update=plain) for o in corpus.outcomes]).rewarded())

    def older(value):
        if isinstance(value, dict):
            return {name: older(v) for name, v in value.items() if name != "firm" and not name.startswith(ADDED)}
        return [older(v) for v in value] if isinstance(value, list) else value

    for config in ("outcomes", "rewards", "preference_pairs", "sft", "dpo"):
        for path in (tmp_path / "set" / "data" / config).iterdir():
            table = pq.ParquetFile(path).read()
            if config == "outcomes":
                table = pa.Table.from_pylist([older(row) for row in table.to_pylist()])
            pq.write_table(table.drop_columns([name for name in table.column_names if name.startswith(ADDED)]), path)
    sign(tmp_path / "set")
    assert failed(tmp_path / "set") == set()
    frames = load_release(tmp_path / "set")
    assert frames["sft"]["confirmation"].isna().all()
    assert frames["outcomes"]["differential"][0]["differences"][0]["candidate"] == "3"
    assert frames["sft_strict"].empty
    assert len(frames["sft"]) > 0


def test_a_changed_message_or_step_is_found(release, tmp_path):
    shutil.copytree(release, tmp_path / "steps")
    edit(tmp_path / "steps", "steps", lambda rows: [{**row, "reward": 1.0} for row in rows])
    assert failed(tmp_path / "steps") == {"derived"}
    shutil.copytree(release, tmp_path / "sft")
    edit(tmp_path / "sft", "sft", first(tools="[]"))
    assert failed(tmp_path / "sft") == {"derived"}


def test_a_raised_advantage_and_a_better_best_of_k_are_found(release, tmp_path):
    shutil.copytree(release, tmp_path / "signals")
    edit(tmp_path / "signals", "signals", first(advantage_grpo=9.0))
    assert failed(tmp_path / "signals") == {"derived"}
    shutil.copytree(release, tmp_path / "groups")
    edit(tmp_path / "groups", "groups", first(best_of=[{"k": 1, "random": 0.0, "process": 1.0, "oracle": 1.0}]))
    assert failed(tmp_path / "groups") == {"derived"}


def test_a_secret_in_what_runs_say_is_found(copy):
    edit(copy, "trajectories", first(final_diff="+token = 'ghp_" + "a1B2" * 9 + "'"))
    assert "secrets" in failed(copy)


def test_a_repository_in_two_splits_is_found(copy):
    moved = []

    def take(rows):
        moved.append(rows[0])
        return rows[1:]

    edit(copy, "tasks", take)
    edit(copy, "tasks", lambda rows: [*rows, *moved], split="test")
    splits = next(c for c in verify_release(copy).checks if c.name == "splits")
    assert not splits.ok
    assert "is in test and train" in splits.detail


def test_rows_in_the_split_of_another_task_are_found(copy):
    path = {split: copy / file_of("rewards", split) for split in ("train", "test")}
    train, test = (path[s].read_bytes() for s in ("train", "test"))
    path["train"].write_bytes(test)
    path["test"].write_bytes(train)
    sign(copy)
    assert failed(copy) == {"splits"}


def test_a_run_twice_or_a_score_of_no_run_is_found(release, tmp_path):
    shutil.copytree(release, tmp_path / "twice")
    edit(tmp_path / "twice", "trajectories", lambda rows: [*rows, rows[0]])
    assert "ids" in failed(tmp_path / "twice")
    shutil.copytree(release, tmp_path / "stray")
    edit(tmp_path / "stray", "scores", first(trajectory_id="nobody"))
    assert "ids" in failed(tmp_path / "stray")


def test_rows_that_break_the_contract_are_found(copy):
    edit(copy, "scores", first(score=1.5))
    assert "contract" in failed(copy)


def test_other_weights_in_the_manifest_are_found(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    configuration = json.loads(manifest["configuration"])
    configuration["weights"]["outcome"] = 0.9
    (copy / "manifest.json").write_text(json.dumps({**manifest, "configuration": json.dumps(configuration)}))
    assert "rewards" in failed(copy)


def test_a_card_that_hands_a_loader_other_files_is_found(copy):
    card = copy / "README.md"
    card.write_text(card.read_text().replace("data/sft/train-00000-of-00001.parquet", "data/sft/*.parquet"))
    sign(copy)
    assert failed(copy) == {"card"}
    card.write_text("no front matter")
    sign(copy)
    assert failed(copy) == {"card"}


def test_the_command_says_what_it_checked_and_fails_with_one(release, copy):
    runner = CliRunner()
    good = runner.invoke(app, ["verify", str(release)])
    assert good.exit_code == 0
    assert "verified" in good.output
    assert all(name in good.output for name in ALL)
    (copy / "README.md").write_text("x")
    bad = runner.invoke(app, ["verify", str(copy), "--json"])
    assert bad.exit_code == 1
    report = json.loads(bad.output)
    assert report["ok"] is False
    assert {c["name"] for c in report["checks"] if not c["ok"]} == {"files", "card"}
    assert runner.invoke(app, ["verify", str(Path("/nowhere/at/all"))]).exit_code == 1
