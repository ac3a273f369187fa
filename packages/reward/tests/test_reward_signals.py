"""Signals beside the reward: each by its definition, and all of them together in rows."""

import difflib
import json
from itertools import combinations
from random import Random

import pytest
from agentreward.signals.advantages import group_advantages
from agentreward.signals.cuts import compact_filter, loss_mask, soft_overlong
from agentreward.signals.localisation import localisation
from agentreward.signals.patches import hunks_of
from agentreward.signals.rows import group_signals, groups_of, mean_best_of, rollout_signals
from agentreward.signals.selection import Attempt, best_of_k
from agentreward.signals.similarity import patch_similarity, ratio
from hypothesis import given, settings
from hypothesis import strategies as st
from trajschema.rollout import Agent, RawLog, Rollout, Usage
from trajschema.score import Reward
from trajschema.trajectory import Step
from trajtests.reward_cases import change, missing_file, run, shell, view

rewards = st.lists(st.floats(0, 1), min_size=2, max_size=9)


@given(rewards)
def test_advantages_follow_their_definitions(given_: list[float]) -> None:
    found = group_advantages(given_)
    n, mean = len(given_), sum(given_) / len(given_)
    std = (sum((r - mean) ** 2 for r in given_) / (n - 1)) ** 0.5
    for i, (r, a) in enumerate(zip(given_, found, strict=True)):
        others = [x for j, x in enumerate(given_) if j != i]
        assert a.dr_grpo == pytest.approx(r - mean, abs=1e-12)
        assert a.grpo == pytest.approx((r - mean) / (std + 1e-4), abs=1e-6)
        assert a.leave_one_out == pytest.approx(r - sum(others) / len(others), abs=1e-9)


@given(rewards, st.integers(0, 99))
def test_the_order_of_a_group_makes_no_difference(given_: list[float], seed: int) -> None:
    order = list(range(len(given_)))
    Random(seed).shuffle(order)
    found, shuffled = group_advantages(given_), group_advantages([given_[i] for i in order])
    assert shuffled == [found[i] for i in order]


def test_a_group_of_equal_rewards_has_advantage_0() -> None:
    assert {tuple(a) for a in group_advantages([0.1] * 7)} == {(0.0, 0.0, 0.0)}


def test_one_run_has_nothing_to_compare_with() -> None:
    with pytest.raises(ValueError, match="group of 1"):
        group_advantages([0.5])


attempts = st.lists(st.builds(Attempt, st.sampled_from([0.1, 0.4, 0.4, 0.9]), st.booleans()), max_size=7)


@given(attempts)
def test_best_of_k_is_the_mean_over_all_sets_of_k(runs: list[Attempt]) -> None:
    found = best_of_k(runs)
    assert [b.k for b in found] == list(range(1, len(runs) + 1))
    for b in found:
        picked, oracle = [], []
        for some in combinations(runs, b.k):
            best = [a.resolved for a in some if a.score == max(x.score for x in some)]
            picked.append(sum(best) / len(best))
            oracle.append(any(a.resolved for a in some))
        assert b.picked == pytest.approx(sum(picked) / len(picked))
        assert b.oracle == pytest.approx(sum(oracle) / len(oracle))
        assert b.random == sum(a.resolved for a in runs) / len(runs)
        assert b.picked <= b.oracle + 1e-12


GOLD = """diff --git a/src/dates.py b/src/dates.py
index 1..2 100644
--- a/src/dates.py
+++ b/src/dates.py
@@ -1,3 +1,3 @@ class Dates:
 def parse_date(text):
-    month = int(text[5:7]) + 1
+    month = int(text[5:7])
     return month
"""
RENAMED = "diff --git a/a.py b/b.py\nsimilarity index 100%\nrename from a.py\nrename to b.py\n"
ADDED = (
    "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+--- x\n\\ No newline at end of file\n"
)


def test_a_diff_is_read_by_file() -> None:
    found = hunks_of(GOLD + ADDED + RENAMED)
    assert found is not None
    assert list(found) == ["src/dates.py", "new.py", "b.py"]
    (hunk,) = found["src/dates.py"]
    assert (hunk.at, len(hunk.old), len(hunk.new)) == (0, 3, 3)
    assert found["new.py"] == [(0, [], ["--- x"])]
    assert found["b.py"] == []
    assert hunks_of("--- a/old.py\t2024\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n") == {"old.py": [(0, ["x"], [])]}


lines = st.lists(st.sampled_from(["a", "b", "c", "", "    x"]), max_size=25)


def diff(old: list[str], new: list[str], around: int) -> str:
    return "\n".join(difflib.unified_diff(old, new, "a/f", "b/f", lineterm="", n=around))


def whole(old: list[str], new: list[str]) -> str:
    """A diff that takes every line away and brings every line anew."""
    head = f"@@ -{min(1, len(old))},{len(old)} +{min(1, len(new))},{len(new)} @@"
    return "\n".join(["--- a/f", "+++ b/f", head, *(f"-{line}" for line in old), *(f"+{line}" for line in new)])


@given(lines, lines, lines, st.integers(0, 5))
def test_a_change_is_drawn_alike_however_its_diff_was_drawn(old: list[str], new: list[str], gold: list[str], around: int) -> None:
    if old != new:
        assert patch_similarity(diff(old, new, around), whole(old, new)) == 1
        if old != gold:
            ways = [patch_similarity(way, whole(old, gold)) for way in (diff(old, new, around), whole(old, new))]
            assert ways[0] == ways[1]


@pytest.mark.parametrize(
    "text", ["", "I fixed it.", "@@ -1 +1 @@\n-a\n+b\n", GOLD.replace(" def", "def"), GOLD[: GOLD.index("     return")]]
)
def test_what_is_no_whole_diff_is_malformed(text: str) -> None:
    assert hunks_of(text) is None
    assert patch_similarity(text, GOLD) == -1


words = st.text(alphabet="ab\n é𝄞", max_size=40)


@given(words, words)
def test_the_vectorised_ratio_is_that_of_difflib(a: str, b: str) -> None:
    assert ratio(a, b) == difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()


def test_similarity_is_the_mean_over_the_files_of_either_patch() -> None:
    assert patch_similarity(GOLD, GOLD) == 1
    near = GOLD.replace("+    month = int(text[5:7])", "+    month = int(text[5:7] or 1)")
    alone = patch_similarity(near, GOLD)
    assert alone is not None
    assert 0.9 < alone < 1
    assert patch_similarity(near + ADDED, GOLD) == alone / 2
    assert patch_similarity(ADDED, GOLD) == 0
    assert patch_similarity(RENAMED, GOLD) == 0
    assert patch_similarity(GOLD, "") is None


def test_changes_too_long_to_compare_are_missing() -> None:
    assert patch_similarity(GOLD.replace("-1,3 +1,3", "-900000,3 +900000,3"), GOLD) is None
    long = "--- a/x.py\n+++ b/x.py\n@@ -0,0 +1,600 @@\n" + "".join(f"+{i:010d}\n" for i in range(600))
    assert patch_similarity(long, long) is None


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("20 turns were taken", "steps"),
        ("8 calls were made", "steps"),
        ("RuntimeError: Agent reached maximum iteration", "steps"),
        ("120 seconds had passed, while the model was at work", "time"),
        ("exit_total_execution_time", "time"),
        ("the context window is full: 200000 tokens", "length"),
        ("5000 of 5000 tokens were used", "length"),
        ("0.5000 of 0.5 US dollars were spent", ""),
        ("exit_cost", ""),
        ("3 turns in a row were malformed", ""),
    ],
)
def test_a_limit_is_told_by_the_words_of_its_reason(reason: str, kind: str) -> None:
    cut = compact_filter("limit", reason)
    assert cut is not None
    assert cut.any
    assert {name for name in ("time", "length", "steps") if getattr(cut, name)} == ({kind} if kind else set())


def test_a_run_that_ended_by_itself_is_not_filtered_and_an_unknown_end_is_missing() -> None:
    assert not any(compact_filter("submitted", "") or (True,))
    assert not any(compact_filter("crash", "signal 9 in turn 3") or (True,))
    assert compact_filter("unknown", "") is None


def test_the_overlong_penalty_begins_at_four_fifths_and_ends_at_the_limit() -> None:
    assert [soft_overlong(n, 20) for n in (0, 16, 18, 20, 25)] == [0, 0, -0.5, -1, -1]
    with pytest.raises(ValueError, match="above 0"):
        soft_overlong(1, 0)


def test_only_turns_of_this_run_that_could_be_read_are_learnt_from() -> None:
    steps = run(view("a.py"), shell("ls"), shell("pwd"), shell("id")).steps
    flags = [(), (), ("malformed",), ("truncated",), ("copied_context",)]
    flagged = [s.model_copy(update={"flags": f}) for s, f in zip(steps, flags, strict=True)]
    assert loss_mask(flagged) == (0, 1, 0, 1, 0)


@pytest.mark.parametrize(
    "step",
    [
        view("/testbed/src/dates.py"),
        shell("cat src/dates.py", "x"),
        shell("sed -n 1,5p src/dates.py", "x"),
        shell("grep -n month src/dates.py", "x"),
        change("src/dates.py", "a", "b"),
    ],
)
def test_the_fault_is_seen_through_any_tool(step: Step) -> None:
    found = localisation(run(shell("grep -rn month .", "src/dates.py:2"), missing_file("src/dates.py"), step).steps, GOLD)
    assert found == (4, 1.0)


def test_recall_is_the_share_of_the_files_at_fault() -> None:
    two = GOLD + GOLD.replace("src/dates.py", "src/util.py")
    assert localisation(run(view("other.py"), view("src/util.py"), view("src/util.py")).steps, two) == (3, 0.5)
    assert localisation(run(view("other.py")).steps, two) == (None, 0.0)
    assert localisation(run(view("src/dates.py")).steps, "") is None


def rewarded(name: str, total: float | None = 0.5, verdict: str = "unresolved", **more: object) -> Reward:
    fields = {"task_id": "k", "process": total, "missing_reason": None if total is not None else "outcome error: lost", "agent_steps": 3}
    return Reward(trajectory_id=name, total=total, verdict=verdict, weights_version="w", **{**fields, **more})  # type: ignore[arg-type]


def test_controls_runs_without_a_total_and_mixed_judging_keep_out_of_each_others_groups() -> None:
    known = [
        rewarded("a", 0.9, "resolved"),
        rewarded("b", 0.5),
        rewarded("c", None, "error"),
        rewarded("oracle", 1.0, "resolved", control=True),
        rewarded("judged", 0.8, "resolved", judged=True),
        rewarded("log", 0.4, task_id=None),
    ]
    runs = [run(view("a.py")).model_copy(update={"trajectory_id": r.trajectory_id, "task_id": r.task_id}) for r in known]
    rows = {s.trajectory_id: s for s in rollout_signals(runs, {r.trajectory_id: r for r in known}, {}, {})}
    assert (rows["a"].advantage_dr_grpo, rows["b"].advantage_leave_one_out) == (pytest.approx(0.2), pytest.approx(-0.4))
    assert (rows["a"].group_size, rows["a"].solve_rate) == (2, 0.5)
    assert {name: s.no_advantage for name, s in rows.items() if s.advantage_grpo is None} == {
        "c": "no total: outcome error: lost",
        "oracle": "a control is in no group",
        "judged": "no other run of its group has a total",
        "log": "the task is not known",
    }
    first, second = map(group_signals, groups_of(known))
    assert (first.runs, first.rewarded, first.graded, first.mean_total) == (3, 2, 2, pytest.approx(0.7))
    assert [(b.k, b.random, b.process, b.oracle) for b in first.best_of] == [(1, 0.5, 0.5, 0.5), (2, 0.5, 1.0, 1.0)]
    assert [(b.k, b.process, n) for b, n in mean_best_of([first, second])] == [(1, 0.75, 2), (2, 1.0, 1)]


def test_a_row_carries_what_gold_patch_and_rollout_tell() -> None:
    rollout = Rollout(
        rollout_id="r",
        task_id="k",
        agent=Agent(name="a", parameters=json.dumps({"max_steps": 5})),
        attempt=0,
        seed=1,
        exit="limit",
        exit_reason="5 turns were taken",
        raw_log=RawLog(format="trajhub-events", sha256="0" * 64),
        usage=Usage(),
        provenance=None,
    )
    done = run(*[view(f"{i}.py") for i in range(4)], view("src/dates.py"))
    done = done.model_copy(update={"rollout_id": "r", "task_id": "k", "final_diff": GOLD})
    (row,) = rollout_signals([done], {"t": rewarded("t")}, {"r": rollout}, {"k": GOLD})
    assert (row.patch_similarity, row.fault_first_seen, row.localisation_recall) == (1, 6, 1)
    assert (row.cut_off, row.cut_by_steps, row.cut_by_time, row.overlong_penalty) == (True, True, False, -1)
    assert row.loss_mask == (0, 1, 1, 1, 1, 1)
    (bare,) = rollout_signals([done], {}, {}, {})
    assert bare.no_advantage == "no reward"
    assert {bare.patch_similarity, bare.localisation_recall, bare.cut_off, bare.overlong_penalty} == {None}


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=6), st.integers(0, 9))
def test_rows_do_not_depend_on_the_order_of_runs(given_: list[tuple[float, bool]], seed: int) -> None:
    known = [rewarded(f"t{i}", total, "resolved" if good else "unresolved") for i, (total, good) in enumerate(given_)]
    runs = [run(view("a.py")).model_copy(update={"trajectory_id": r.trajectory_id, "task_id": "k"}) for r in known]
    rows = rollout_signals(runs, {r.trajectory_id: r for r in known}, {}, {})
    Random(seed).shuffle(known)
    assert rollout_signals(runs, {r.trajectory_id: r for r in known}, {}, {}) == rows
