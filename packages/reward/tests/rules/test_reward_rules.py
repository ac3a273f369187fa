"""What the rules see in single situations."""

import pytest
from agentreward.rules.scorer import RuleScorer
from trajschema.trajectory import Step
from trajtests.reward_cases import (
    AIMLESS,
    ERROR,
    FIX,
    HONEST,
    SOURCE,
    call,
    change,
    empty,
    last,
    missing_file,
    process,
    pytest_run,
    rule,
    run,
    score_rules,
    seen,
    shell,
    submit,
    turn,
    value,
    view,
)


def test_a_purposeful_run_is_above_an_aimless_one_without_the_outcome() -> None:
    assert process(*HONEST) > process(*AIMLESS) + 0.3


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (empty(), 0),
        (empty("I am thinking."), 0),
        (turn((call("think", thought="hm"), seen())), 0),
        (shell("echo done", "done"), 0),
        (shell("cd /testbed && pwd", "/testbed"), 0),
        (shell("", ""), 0),
        (change("a.py", "x", "x"), 0),
        (submit(), 0),
        (view("src/dates.py"), 1),
        (missing_file("nowhere.py"), 1),
        (pytest_run(1, 2), 1),
        (shell("echo x = 1 > a.py"), 1),
    ],
)
def test_the_gate_closes_on_steps_that_do_nothing(step: Step, expected: int) -> None:
    assert value("gate", step) == expected


REPEATS = [
    view("src/dates.py"),
    missing_file("src/none.py"),
    shell("grep -rn month src", "src/dates.py:2: month"),
    pytest_run(2, 8),
    FIX,
    shell("git diff", "diff --git a/x b/x"),
    shell("frobnicate", "frobnicate: command not found", 127),
]


@pytest.mark.parametrize("step", REPEATS)
def test_the_gate_closes_on_a_repeat_and_points_at_the_first(step: Step) -> None:
    scored = last(view("a.py", "a"), step, step)
    assert scored["gate"].score == 0
    assert scored["gate"].evidence[0].steps == (3,)
    assert scored["non_redundancy"].score == 0


@pytest.mark.parametrize("step", [view("src/dates.py"), pytest_run(2, 8), shell("cat src/dates.py", SOURCE)])
def test_the_same_look_after_a_change_is_no_repeat(step: Step) -> None:
    assert value("gate", step, FIX, step) == 1
    assert value("non_redundancy", step, FIX, step) >= 0.9


@pytest.mark.parametrize(
    "same",
    [
        shell("cat src/dates.py", SOURCE),
        shell("cat ./src/dates.py", SOURCE),
        shell("cd src && cat dates.py", SOURCE),
        shell("cat /testbed/src/dates.py 2>/dev/null", SOURCE),
        turn((call("other", "str_replace_editor", command="view", path="/testbed/src/dates.py"), seen(SOURCE, 0))),
    ],
)
def test_equivalents_of_reading_are_seen_through(same: Step) -> None:
    first = turn((call("file_read", path="src/dates.py"), seen(SOURCE, 0)))
    assert value("gate", first, same) == 0


def test_ranges_and_patterns_are_told_apart() -> None:
    assert value("gate", view("a.py", "1", start_line=1, end_line=9), view("a.py", "2", start_line=10, end_line=19)) == 1
    assert value("non_redundancy", view("a.py", "1", start_line=1, end_line=9), shell("sed -n 10,19p a.py", "2")) == 1
    assert value("non_redundancy", shell("sed -n 1,30p a.py", "12"), view("a.py", "1", start_line=5, end_line=9)) == 0.3
    assert rule("non_redundancy", view("a.py", "all"), shell("head -n 5 a.py", "some")) == "redundant.lines_shown_before"
    assert value("non_redundancy", shell("grep -n foo a.py", "1:foo"), shell("grep -n bar a.py", "2:bar")) == 1
    assert value("non_redundancy", view("a.py", "all"), shell("cat a.py | grep foo", "foo")) == 1


def test_a_window_shows_its_own_lines_and_no_others() -> None:
    window = view("a.py", "x\n[lines 1-100 of 180; 0 above, 80 below]\n")
    assert value("non_redundancy", window, view("a.py", "y", start_line=101, end_line=180)) == 1
    assert value("non_redundancy", window, view("a.py", "x", start_line=5, end_line=9)) == 0.3
    rest = view("a.py", "y\n[lines 101-180 of 180; 100 above, 0 below]\n", start_line=101)
    assert value("non_redundancy", window, rest) == 1
    assert value("non_redundancy", window, rest, view("a.py", "z", start_line=90, end_line=120)) == 0.3


def test_a_look_up_of_a_definition_is_a_search_and_finding_none_is_no_match() -> None:
    found = turn((call("symbols", name="parse_date"), seen("src/dates.py:1: function parse_date(text)\n", None)))
    none = turn(
        (call("symbols", name="parse"), seen("no definition of parse in 2 Python files; similar: parse_date (src/dates.py:1)\n", None))
    )
    assert rule("param_correctness", found) == "params.accepted"
    assert rule("param_correctness", none) == "params.no_match"
    assert value("gate", found, found) == 0
    assert value("gate", found, none) == 1


@pytest.mark.parametrize(
    ("before", "after", "name", "progress"),
    [
        ((3, 7), (0, 10), "tests.all_pass_now", 1.0),
        ((3, 7), (1, 9), "tests.better", 0.8),
        ((3, 7), (3, 7), "tests.same", 0.2),
        ((3, 7), (4, 6), "tests.worse", 0.05),
        ((3, 7), (0, 5), "tests.worse", 0.05),
    ],
)
def test_test_reports_are_compared_with_the_best_before(
    before: tuple[int, int], after: tuple[int, int], name: str, progress: float
) -> None:
    steps = (pytest_run(*before), FIX, pytest_run(*after, command="pytest -v"))
    assert rule("goal_progress", *steps) == name
    assert value("goal_progress", *steps) == pytest.approx(progress)
    assert "passed" in str(last(*steps)["goal_progress"].evidence[0].quote)


def test_breaking_and_repairing_earns_nothing() -> None:
    broken = change("src/dates.py", "month = int", "month = float")
    repaired = change("src/dates.py", "month = float", "month = int")
    assert rule("goal_progress", pytest_run(2, 8), broken, pytest_run(5, 5), repaired, pytest_run(2, 8)) == "tests.same"
    assert rule("goal_progress", broken, repaired) == "edit.took_back"
    assert rule("goal_progress", broken, repaired, broken) == "edit.again"


def test_a_test_run_without_a_change_since_is_marked() -> None:
    scored = last(pytest_run(2, 8), pytest_run(2, 8, "pytest -v --tb=short"))
    assert scored["gate"].score == 0
    assert rule("goal_progress", pytest_run(2, 8), pytest_run(1, 9)) == "tests.no_change_since"


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (change("a.py", "x", "y", "old_string not found in a.py"), "params.not_applied"),
        (missing_file("a.py"), "params.no_such_path"),
        (shell("cat a.py", "cat: a.py: No such file or directory", 1), "params.no_such_path"),
        (shell("frob", "bash: frob: command not found", 127), "params.no_command"),
        (shell("sleep 99; make", "", 124), "params.timeout"),
        (shell("grep -rn foo .", "", 1), "params.no_match"),
        (shell("pytest tests/none.py", "ERROR: file or directory not found", 4), "params.tests_not_run"),
        (shell("python x.py", "Traceback", 1), "params.exit_code"),
        (turn((call("file_read", path="a.py"), seen("", None, "start_line must be a number"))), "params.bad_arguments"),
    ],
)
def test_failures_are_told_apart_and_cost_more_the_second_time(step: Step, name: str) -> None:
    assert rule("param_correctness", step) == name
    once = value("param_correctness", step)
    assert once <= 0.5
    assert value("goal_progress", step) < 0.5
    other = view("b.py", "b")
    assert value("param_correctness", step, FIX, other, step) == pytest.approx(once / 2)


def test_a_failing_test_is_no_wrong_argument() -> None:
    assert value("param_correctness", pytest_run(3, 1)) == 1


def test_arguments_that_are_no_json_object_are_malformed() -> None:
    for text in ("{", "[]", "3", '"x"', "nonsense"):
        broken = call("shell").model_copy(update={"arguments": text})
        assert rule("param_correctness", turn((broken, seen("", None, "bad JSON")))) == "params.malformed"


def test_information_is_credited_where_it_is_used() -> None:
    scored = last(view("src/dates.py"), FIX)
    assert scored["info_utilization"].score == 1
    assert scored["info_utilization"].evidence[0].steps == (2,)
    assert rule("info_utilization", FIX) == "info.edited_a_known_file"
    assert rule("info_utilization", change("lib/other.py", "some text", "more")) == "info.edited_unseen"
    numbered = "\n".join(f"{i:6}\t{line}" for i, line in enumerate(SOURCE.splitlines(), 1))
    assert rule("info_utilization", view("src/dates.py", numbered), FIX) == "info.edited_what_was_seen"
    assert (
        rule("info_utilization", shell("grep -n month src/dates.py", "2:    month = int(text[5:7]) + 1"), FIX)
        == "info.edited_what_was_seen"
    )


@pytest.mark.parametrize("look", [view("lib/calc.py", "b = 2"), shell("head -3 lib/calc.py", "b = 2")])
def test_a_file_that_was_read_is_known_though_no_text_names_it(look: Step) -> None:
    edit = change("lib/calc.py", "a = 1", "a = 3")
    assert rule("tool_choice", edit) == "tool.edit_before_looking"
    assert rule("goal_progress", look, edit) == "edit.file_had_been_seen"
    assert last(look, edit)["goal_progress"].evidence[0].steps == (2,)
    assert rule("goal_progress", missing_file("lib/calc.py"), edit) == "edit.blind"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("grep -rn 'def parse_date' lib", "info.followed_a_pointer"),
        ("grep -rn 'def load' lib", "info.guess"),
        ("find . -name 'parse_date.py'", "info.followed_a_pointer"),
        ("find . -name 'setup.cfg'", "info.guess"),
    ],
)
def test_a_search_follows_a_pointer_where_what_it_names_was_seen(pattern: str, expected: str) -> None:
    shown = view("a.py", "def parse_date(find, name): return find")
    assert rule("info_utilization", shown, shell(pattern, "x.py:1: something")) == expected


def test_a_failure_that_is_ignored_is_marked() -> None:
    twice = (missing_file("a.py"), FIX, shell("ls", "b.py"), missing_file("./a.py"))
    assert rule("info_utilization", *twice) in ("info.ignored_an_earlier_failure", "info.answer_was_known")


@pytest.mark.parametrize(
    "back",
    [
        shell("git checkout -- src/dates.py"),
        shell("git checkout src/dates.py", "Updated 1 path from the index"),
        shell("git stash"),
        turn((call("git", args=["restore", "src/dates.py"]), seen())),
        change("src/dates.py", "    month = int(text[5:7])", "    month = int(text[5:7]) + 1"),
        turn((call("other", "str_replace_editor", command="undo_edit", path="src/dates.py"), seen())),
    ],
)
def test_reverts_of_own_work_are_seen(back: Step) -> None:
    scored = last(view("src/dates.py"), FIX, back)
    assert scored["non_redundancy"].evidence[0].rule_id == "redundant.takes_back_own_change"
    assert scored["non_redundancy"].evidence[0].steps == (3,)
    assert value("goal_progress", view("src/dates.py"), FIX, back) < 0.5


def test_loops_earn_nothing() -> None:
    there, back = change("a.py", "x = 1", "x = 2"), change("a.py", "x = 2", "x = 1")
    loop = [there, pytest_run(2, 8), back, pytest_run(2, 8)]
    rows = score_rules(run(*loop * 5), scorer_version="v")
    late = [r.score for r in rows if r.rubric_id == "goal_progress" and r.step_id > 5]
    assert max(s for s in late if s is not None) <= 0.3
    assert process(*loop * 5) < process(*loop)


@pytest.mark.parametrize("path", ["conftest.py", "tests/conftest.py", "pytest.ini", "src/sitecustomize.py", "setup.cfg"])
def test_changing_how_tests_start_is_no_progress(path: str) -> None:
    step = turn((call("file_write", path=path, content="import os"), seen()))
    assert value("goal_progress", step) <= 0.1
    assert value("tool_choice", step) <= 0.1


def test_searching_commits_for_the_fix_is_a_poor_choice() -> None:
    assert value("tool_choice", shell("git log --all -p", "commit 1")) == 0.2
    assert value("tool_choice", shell("git diff", "")) == 1


@pytest.mark.parametrize(
    "edit",
    [
        shell("sed -i 's/+ 1//' src/dates.py"),
        shell("cat > src/dates.py <<'EOF'\ndef parse_date(text):\n    return 1\nEOF"),
        shell("python - <<'EOF'\nfrom pathlib import Path\nPath('src/dates.py').write_text('x = 1')\nEOF"),
        turn((call("file_edit", "str_replace_editor", command="str_replace", path="src/dates.py", old_str="a", new_str="b"), seen())),
    ],
)
def test_edits_through_any_tool_advance(edit: Step) -> None:
    assert value("goal_progress", edit) >= 0.5
    assert value("gate", pytest_run(1, 1), edit, pytest_run(1, 1)) == 1


def test_several_calls_in_a_step_count_together() -> None:
    both = turn((call("file_read", path="src/dates.py"), seen(SOURCE, None)), (call("shell", command="echo hi"), seen("hi")))
    assert value("gate", both) == 1
    assert value("non_redundancy", both) == 0.5
    assert value("gate", view("src/dates.py"), both) == 0


@pytest.mark.parametrize(("report", "progress"), [((0, 10), 1.0), ((2, 8), 0.4), ((4, 6), 0.15)])
def test_a_change_tested_in_the_same_step_is_worth_what_the_tests_say(report: tuple[int, int], progress: float) -> None:
    tested = pytest_run(*report)
    both = turn((FIX.tool_calls[0], FIX.observations[0]), (tested.tool_calls[0], tested.observations[0]))
    assert value("goal_progress", view("src/dates.py"), pytest_run(2, 8), both) == progress
    assert value("goal_progress", view("src/dates.py"), both) == pytest.approx(0.75)


def test_submitting_is_worth_most_after_tests_were_seen_to_pass() -> None:
    assert value("goal_progress", submit()) == 0
    known_bad = value("info_utilization", pytest_run(2, 8), FIX, submit())
    verified = value("info_utilization", pytest_run(2, 8), FIX, pytest_run(0, 10), submit())
    assert verified > known_bad


def test_steps_of_others_are_read_but_not_scored() -> None:
    scorer = RuleScorer()
    assert scorer.feed(Step(step_id=1, source="user", message="see src/dates.py")) is None
    copied = view("src/dates.py").model_copy(update={"step_id": 2, "flags": ("copied_context",)})
    scored = scorer.feed(copied)
    assert scored is not None
    assert scored.missing_reason
    assert scored.scores == {"gate": 1.0}


def test_outputs_that_differ_in_clocks_only_are_the_same() -> None:
    assert value("gate", shell("make", "built in 0.1s"), shell("make", "built in 9.9s")) == 0
    assert value("gate", shell("make", "built"), shell("make", "failed")) == 1


REPRODUCTION = turn((call("file_write", path="repro.py", content="import dates\nassert dates.parse('1') == 1"), seen("written", None)))
FAILS = shell("python repro.py", f"{ERROR}AssertionError: 2", 1)
PASSES = shell("python repro.py", "", 0)


def test_a_program_that_fails_at_what_it_tries_is_a_finding() -> None:
    assert rule("param_correctness", REPRODUCTION, FAILS) == "params.accepted"
    assert rule("goal_progress", REPRODUCTION, FAILS) == "run.fails_first"
    assert "AssertionError" in str(last(REPRODUCTION, FAILS)["goal_progress"].evidence[0].quote)
    piped = shell("python repro.py 2>&1 | tail -5", f"{ERROR}AssertionError: 2", 0)
    assert rule("goal_progress", REPRODUCTION, piped) == "run.fails_first"


@pytest.mark.parametrize("error", ["ModuleNotFoundError: No module named 'dates'", "SyntaxError: invalid syntax", "usage: repro.py FILE"])
def test_a_program_that_does_not_get_there_has_failed(error: str) -> None:
    assert rule("param_correctness", REPRODUCTION, shell("python repro.py", f"{ERROR}{error}", 1)) == "params.exit_code"


def test_a_program_seen_failing_and_then_passing_is_progress() -> None:
    steps = (REPRODUCTION, FAILS, FIX, PASSES)
    assert rule("goal_progress", *steps) == "run.passes_now"
    assert value("goal_progress", *steps) >= 0.5
    assert rule("goal_progress", REPRODUCTION, PASSES) == "progress.run"
    assert rule("goal_progress", REPRODUCTION, FAILS, shell("pip install dates", "done"), PASSES) == "progress.run"
    assert rule("goal_progress", *steps, change("src/dates.py", "int(", "float("), FAILS) == "run.fails_now"
    assert rule("goal_progress", REPRODUCTION, FAILS, FIX, FAILS) == "run.fails_same"


def test_a_program_that_was_rewritten_to_pass_is_no_progress() -> None:
    softer = turn((call("file_write", path="repro.py", content="import dates"), seen("written", None)))
    assert rule("goal_progress", REPRODUCTION, FAILS, FIX, softer, PASSES) == "progress.run"


def test_a_change_promises_more_where_a_failure_had_been_seen_and_less_each_further_time() -> None:
    assert value("goal_progress", REPRODUCTION, FAILS, view("src/dates.py"), FIX) > value("goal_progress", view("src/dates.py"), FIX)
    again = [change("src/dates.py", f"month = {i}", f"month = {i + 1}") for i in range(3)]
    found = [value("goal_progress", view("src/dates.py"), *again[: i + 1]) for i in range(3)]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1] >= 0.5


def test_a_throw_away_file_does_not_advance_and_a_file_of_the_project_does() -> None:
    patch = "p = 'src/dates.py'\ntext = open(p).read()\nopen(p, 'w').write(text)"
    script = turn((call("file_write", path="fix_dates.py", content=patch), seen("written", None)))
    assert rule("goal_progress", script) == "edit.throw_away_file"
    assert rule("goal_progress", script, change("fix_dates.py", "text = open(p).read()", "text = ''")) == "edit.throw_away_file"
    assert value("goal_progress", turn((call("file_write", path="src/new_module.py", content="x = 1"), seen()))) >= 0.5
    assert value("goal_progress", shell("ls", "main.py"), turn((call("file_write", path="main.py", content="x = 1"), seen()))) >= 0.5
    assert value("goal_progress", change("admin/checks.py", "x = 1", "x = 2")) >= 0.5
    assert value("goal_progress", change("check_it.py", "x = 1", "x = 2")) < 0.5


def test_tests_that_cannot_start_have_failed_whatever_the_status_behind_a_pipe() -> None:
    step = shell("python -m pytest tests 2>&1 | head -20", "/usr/bin/python: No module named pytest\n", 0)
    assert rule("param_correctness", step) == "params.tests_not_run"


def test_tests_that_did_not_start_leave_the_next_run_news() -> None:
    missing = shell("/usr/bin/python3 -m pytest tests", "/usr/bin/python3: No module named pytest\n", 1)
    assert rule("goal_progress", FIX, missing, pytest_run(0, 3, "pytest tests")) == "tests.first_look"
    assert rule("info_utilization", FIX, missing, pytest_run(0, 3, "pytest tests")) == "info.tested_a_change"


def test_handing_in_is_worth_less_while_the_change_is_unproved() -> None:
    submitted = [
        (view("src/dates.py"), pytest_run(2, 8), FIX, pytest_run(0, 10), submit()),
        (view("src/dates.py"), FIX, pytest_run(0, 10), submit()),
        (view("src/dates.py"), REPRODUCTION, FAILS, FIX, PASSES, submit()),
    ]
    unproved = (view("src/dates.py"), pytest_run(0, 10), FIX, submit())
    for steps in submitted:
        assert rule("goal_progress", *steps) == "submit.after_change"
        assert value("info_utilization", *steps) > value("info_utilization", *unproved)
    assert rule("goal_progress", *unproved) == "submit.unproved_change"
    assert rule("goal_progress", *submitted[0][:-1], change("src/dates.py", "int(", "float("), submit()) != "submit.after_change"
    assert rule("goal_progress", REPRODUCTION, FAILS, FIX, submit()) == "submit.failures_open"


@pytest.mark.parametrize("span", [[10, 19], "[10, 19]", "10 19"])
def test_a_range_is_understood_however_it_is_written(span: object) -> None:
    first = turn((call("file_read", path="a.py", start_line=1, end_line=9), seen("1", None)))
    other = turn((call("other", "str_replace_editor", command="view", path="a.py", view_range=span), seen("2", None)))
    assert value("non_redundancy", first, other) == 1
    assert value("non_redundancy", view("a.py", "all"), other) == 0.3


def test_an_edit_that_the_editor_refused_took_no_hold() -> None:
    told = "Your proposed edit has introduced new syntax error(s). Please read this error message.\n" + "x" * 900
    refused = turn((call("file_edit", "edit", path="a.py", replacement_text="x ="), seen(told, None)))
    assert rule("param_correctness", refused) == "params.not_applied"


def test_a_status_is_that_of_the_command_that_it_belongs_to() -> None:
    apart = (shell("sed -i 's/+ 1//' src/dates.py"), pytest_run(1, 2))
    together = shell("sed -i 's/+ 1//' src/dates.py && pytest -q", "1 failed, 2 passed in 0.1s", 1)
    assert rule("param_correctness", together) == "params.accepted"
    again = pytest_run(0, 3, "pytest -q")
    assert rule("goal_progress", together, again) == rule("goal_progress", *apart, again)
    missing = last(shell("cat src/a.py && cat gone.py", "cat: gone.py: No such file or directory", 1))["param_correctness"]
    assert [e.rule_id for e in missing.evidence] == ["params.no_such_path"]


def test_the_first_command_of_a_chain_that_fails_is_told_by_what_it_says() -> None:
    step = shell("sed -i 's/a/b/' gone.py && pytest -q", "sed: can't read gone.py: No such file or directory", 2)
    assert value("param_correctness", step) < 0.5


def test_names_of_arguments_are_understood_in_any_case() -> None:
    camel = turn((call("file_edit", "edit", filePath="src/dates.py", oldString="int(", newString="float("), seen("done", None)))
    assert rule("info_utilization", view("src/dates.py"), camel) == "info.edited_what_was_seen"
    argv = turn((call("shell", "exec", command=["bash", "-lc", "cat src/dates.py"]), seen(SOURCE)))
    assert value("gate", argv) == 1
    assert value("gate", shell("cat src/dates.py", SOURCE), argv) == 0


def test_an_edit_in_a_window_is_of_the_file_that_is_open() -> None:
    opened = turn((call("file_read", "open", path="src/dates.py"), seen(SOURCE, None)))
    typed = turn((call("file_edit", "edit", start_line=2, end_line=2, replacement_text="    month = 1"), seen("done", None)))
    assert rule("goal_progress", opened, typed) == "edit.file_had_been_seen"
    other = turn((call("file_read", "open", path="src/other.py"), seen("x = 1", None)))
    assert value("gate", opened, typed, other, typed) == 1
    assert rule("goal_progress", opened, typed, other, typed) == "edit.again"


def test_lines_that_a_program_changed_are_no_repetition() -> None:
    looks = (shell("cat src/a.py", "x = 1"), shell("python mend.py", "done"))
    assert rule("non_redundancy", *looks, shell("cat src/a.py", "x = 2")) != "redundant.lines_shown_before"
    assert rule("non_redundancy", shell("cat src/a.py", "x = 1"), shell("sed -n 1,5p src/a.py", "x = 1")) == "redundant.lines_shown_before"


@pytest.mark.parametrize(
    "step",
    [
        view("a.py", "raise FileNotFoundError(f'{p} does not exist')\n"),
        turn((call("file_edit", path="a.py", old_string="a", new_string="b"), seen("done:\n  12\traise KeyError('not found in x')", None))),
    ],
)
def test_what_a_file_says_is_no_failure_of_the_tool(step: Step) -> None:
    assert rule("param_correctness", step) == "params.accepted"


def test_an_edit_that_says_that_it_found_nothing_has_failed_whatever_its_status() -> None:
    step = turn((call("file_edit", path="a.py", old_string="a", new_string="b"), seen("String to replace not found in file.", 0)))
    assert rule("param_correctness", step) == "params.not_applied"


def test_tests_that_failed_without_a_summary_ran() -> None:
    assert rule("param_correctness", shell("pytest -q --no-summary", "..F\nFAILED tests/a.py::t", 1)) == "params.accepted"


@pytest.mark.parametrize("path", ["pyproject.toml", "sub/pyproject.toml"])
def test_options_of_the_tests_are_no_progress_and_other_settings_are(path: str) -> None:
    looked = view(path, "[project]\nname = 'x'\n")
    assert rule("goal_progress", looked, change(path, "[project]", "[tool.pytest.ini_options]\naddopts = '-x'\n[project]")) == (
        "edit.test_configuration"
    )
    assert value("goal_progress", looked, change(path, "name = 'x'", "name = 'y'")) > 0.5
