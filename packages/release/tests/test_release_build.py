"""Building: the same bytes from the same records, one stroke at the end, and nothing foreign is ever replaced."""

import fcntl
import os
import signal
import subprocess
import sys
from dataclasses import replace
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from agentrelease.build import build_release
from agentrelease.configs import CONFIGS
from agentrelease.errors import BadTable, MissingConfiguration, NotARelease
from agentrelease.load import load_release
from agentrelease.manifest import read_manifest
from agentrelease.verifying.verify import verify_release
from trajruntime.atomic_dir import put_in_place, staging, sweep


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_records_in_any_order_give_the_same_bytes(tmp_path, corpus, build):
    def shuffled(rows):
        return Random(1).sample(rows, len(rows))

    one = build(tmp_path / "one", corpus)
    other = build(tmp_path / "other", corpus, order=shuffled)
    assert one == other
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_other_records_give_another_release_id(tmp_path, make_corpus, build):
    assert build(tmp_path / "one", make_corpus(seed=3)).release_id != build(tmp_path / "other", make_corpus(seed=4)).release_id


def test_the_manifest_lists_every_file_with_its_rows(release):
    manifest = read_manifest(release)
    assert {file.path for file in manifest.files} == contents(release).keys() - {"manifest.json"}
    for file in manifest.files:
        assert file.bytes == (release / file.path).stat().st_size
        if file.path.endswith(".parquet"):
            assert file.rows == pq.read_metadata(release / file.path).num_rows > 0


def test_files_are_zstd_and_all_rows_are_there(release, corpus):
    for path in release.glob("data/*/*.parquet"):
        assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"
    frames = load_release(release)
    assert set(frames) == set(CONFIGS)
    assert len(frames["trajectories"]) == len(corpus.trajectories)
    assert len(frames["scores"]) == len(corpus.rule_scores)
    assert len(frames["steps"]) == sum(len(run.steps) for run in corpus.trajectories)


def test_steps_carry_the_rewards_of_their_run(release, corpus):
    steps = load_release(release)["steps"].set_index(["trajectory_id", "step_id"])
    for reward in corpus.rewards:
        for earned in reward.step_rewards:
            assert steps.loc[(reward.trajectory_id, earned.step_id), "reward"] == earned.reward
    assert steps[steps.source == "user"].reward.isna().all()


def test_signals_stand_beside_the_rewards_and_say_what_groups_say(release, corpus):
    frames = load_release(release)
    signals = frames["signals"].set_index("trajectory_id")
    steps = frames["steps"]
    for _, group in frames["rewards"][~frames["rewards"].control & frames["rewards"].total.notna()].groupby("task_id"):
        for row in group.itertuples():
            signal = signals.loc[row.trajectory_id]
            assert signal.group_size == len(group)
            if len(group) > 1:
                assert signal.advantage_dr_grpo == pytest.approx(row.total - group.total.mean())
    assert signals[signals.control].advantage_grpo.isna().all()
    assert (signals[signals.control].no_advantage == "a control is in no group").all()
    for run in corpus.trajectories:
        mask = list(signals.loc[run.trajectory_id].loss_mask)
        assert mask == list(steps[steps.trajectory_id == run.trajectory_id].sort_values("step_id").loss_mask)
    assert set(frames["groups"].task_id) == {t.task_id for t in corpus.tasks}


def test_runs_that_are_alike_stay_runs_of_their_own(tmp_path, make_corpus, build):
    corpus = make_corpus(repos=("toolz",), tasks_each=2)
    one, other = (next(t for t in corpus.trajectories if t.task_id == task.task_id) for task in corpus.tasks)
    same = other.model_copy(update={"steps": one.steps, "final_diff": one.final_diff})
    own = [s.model_copy(update={"trajectory_id": same.trajectory_id}) for s in corpus.rule_scores if s.trajectory_id == one.trajectory_id]
    scores = [*(s for s in corpus.rule_scores if s.trajectory_id != other.trajectory_id), *own]
    runs = [same if t is other else t for t in corpus.trajectories]
    build(tmp_path / "set", replace(corpus, trajectories=runs, rule_scores=scores).rewarded())
    frames = load_release(tmp_path / "set")
    assert len(frames["trajectories"]) == len(runs)
    task_of = frames["steps"].groupby("trajectory_id").task_id.first()
    assert (task_of[one.trajectory_id], task_of[same.trajectory_id]) == (one.task_id, other.task_id)
    assert verify_release(tmp_path / "set").ok


def test_text_that_many_pairs_show_is_stored_once(tmp_path, make_corpus, build):
    corpus = make_corpus(repos=("toolz",), tasks_each=1, seed=5)
    noise = Random(0).randbytes(100_000).hex()
    runs = []
    for i, run in enumerate(r for r in corpus.trajectories if r.agent == "random"):
        steps = tuple(
            s.model_copy(update={"observations": tuple(o.model_copy(update={"content": noise}) for o in s.observations)}) for s in run.steps
        )
        runs += [run.model_copy(update={"trajectory_id": f"{i}-{k}", "rollout_id": f"{i}-{k}", "steps": steps}) for k in range(30)]
    outcomes = [corpus.outcomes[0].model_copy(update={"rollout_id": r.rollout_id, "tamper": (), "verdict": "unresolved"}) for r in runs]
    outcomes = [o.model_copy(update={"verdict": "resolved"}) if i % 2 else o for i, o in enumerate(outcomes)]
    source = corpus.trajectories[1].trajectory_id
    scores = [
        s.model_copy(update={"trajectory_id": r.trajectory_id}) for r in runs for s in corpus.rule_scores if s.trajectory_id == source
    ]
    many = replace(corpus, trajectories=runs, outcomes=outcomes, rule_scores=scores).rewarded()
    assert many.pairs
    build(tmp_path / "set", many)
    assert sum(p.stat().st_size for p in (tmp_path / "set" / "data" / "dpo").iterdir()) < 3 * len(noise)


def test_a_release_is_replaced_and_nothing_is_left_beside_it(tmp_path, corpus, make_corpus, build):
    build(tmp_path / "set", corpus)
    new = build(tmp_path / "set", make_corpus(seed=9))
    assert read_manifest(tmp_path / "set") == new
    assert verify_release(tmp_path / "set").ok
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_a_folder_that_is_no_release_is_not_touched(tmp_path, corpus, build):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    with pytest.raises(NotARelease, match="no manifest"):
        build(tmp_path / "photos", corpus)
    (tmp_path / "photos" / "manifest.json").write_text("{}")
    with pytest.raises(NotARelease, match="cannot be read"):
        build(tmp_path / "photos", corpus)
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotARelease):
        build(tmp_path / "file", corpus)
    assert (tmp_path / "photos" / "cat.jpg").read_text() == "cat"


def test_a_release_with_notes_of_someone_in_it_is_not_replaced(tmp_path, corpus, build):
    build(tmp_path / "set", corpus)
    (tmp_path / "set" / "notes.txt").write_text("mine")
    with pytest.raises(NotARelease, match=r"notes\.txt"):
        build(tmp_path / "set", corpus)
    assert (tmp_path / "set" / "notes.txt").read_text() == "mine"


def test_an_empty_folder_is_filled(tmp_path, corpus, build):
    (tmp_path / "set").mkdir()
    build(tmp_path / "set", corpus)
    assert verify_release(tmp_path / "set").ok


KILLED = """
import os, signal, sys
from pathlib import Path
import agentrelease.build, trajruntime.atomic_dir
from trajtests.release_corpus import build_corpus, corpus_of
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
{hook}
build_corpus(Path({folder!r}), corpus_of(seed=8))
"""
HOOKS = {
    "before anything is flushed": "trajruntime.atomic_dir.sync = die",
    "before the swap": "trajruntime.atomic_dir.exchange = die",
    "between the two renames of a file system without exchange": (
        "trajruntime.atomic_dir.exchange = lambda *_: False\n"
        "rename = Path.rename\n"
        "Path.rename = lambda self, to: die() if '.building-' in self.name else rename(self, to)"
    ),
}


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_kill_leaves_the_old_release_and_the_next_build_sweeps(tmp_path, corpus, build, hook):
    folder = tmp_path / "set"
    old = build(folder, corpus)
    script = KILLED.format(hook=hook, folder=str(folder))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(list(tmp_path.iterdir())) >= 2
    sweep(folder)
    assert read_manifest(folder) == old
    assert verify_release(folder).ok
    build(folder, corpus)
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_a_kill_after_the_swap_leaves_the_new_release(tmp_path, corpus, build):
    folder = tmp_path / "set"
    old = build(folder, corpus)
    hook = "swap = trajruntime.atomic_dir.exchange\ntrajruntime.atomic_dir.exchange = lambda *two: swap(*two) and die()"
    script = KILLED.format(hook=hook, folder=str(folder))
    subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=120)
    assert read_manifest(folder) != old
    assert verify_release(folder).ok
    sweep(folder)
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_the_folder_of_a_living_builder_is_not_swept(tmp_path):
    with staging(tmp_path / "set") as staged:
        handle = os.open(staged, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
        sweep(tmp_path / "set")
        assert staged.exists()
    assert not staged.exists()


def test_a_build_that_fails_leaves_no_trace(tmp_path):
    def fail():
        with staging(tmp_path / "set") as staged:
            (staged / "a").write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_putting_in_place_swaps_whole_folders(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "old").write_text("old")
    with staging(tmp_path / "set") as staged:
        (staged / "new").write_text("new")
        put_in_place(staged, tmp_path / "set")
    assert contents(tmp_path / "set") == {"new": b"new"}


def test_a_table_with_a_missing_or_wrong_column_is_named(tmp_path, corpus):
    tables = corpus.tables()
    settings = {"weights": corpus.weights.model_dump(), "pairs": {"min_margin": 0.05, "max_pairs_per_task": 4}}

    def build(changed):
        build_release(tmp_path / "set", changed, name="x", code={}, configuration=settings, lineage=())

    with pytest.raises(BadTable, match="'rewards': columns missing: total"):
        build(replace(tables, rewards=tables.rewards.drop_columns(["total"])))
    words = pa.array(["x"] * tables.rewards.num_rows)
    wrong = tables.rewards.set_column(tables.rewards.column_names.index("total"), "total", words)
    with pytest.raises(BadTable, match="'rewards'"):
        build(replace(tables, rewards=wrong))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["weights", "pairs"])
def test_a_release_that_no_one_could_recompute_is_not_built(tmp_path, corpus, key):
    settings = {"weights": corpus.weights.model_dump(), "pairs": {"min_margin": 0.05, "max_pairs_per_task": 4}}
    del settings[key]
    with pytest.raises(MissingConfiguration, match=key):
        build_release(tmp_path / "set", corpus.tables(), name="x", code={}, configuration=settings, lineage=())


def test_runs_of_no_known_task_stand_in_train_and_the_card_says_so(tmp_path, corpus, build):
    stray = corpus.trajectories[0].model_copy(update={"trajectory_id": "stray", "rollout_id": None, "task_id": None})
    build(tmp_path / "set", replace(corpus, trajectories=[*corpus.trajectories, stray]).rewarded())
    runs = load_release(tmp_path / "set")["trajectories"]
    assert runs[runs.trajectory_id == "stray"].split.tolist() == ["train"]
    assert "1 run names no task of this release" in (tmp_path / "set" / "README.md").read_text()
    assert verify_release(tmp_path / "set").ok
