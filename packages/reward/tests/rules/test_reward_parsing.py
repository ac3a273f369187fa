"""The readers of commands and reports: what they see, and that no text breaks them."""

import pytest
from agentreward.rules.read.calls import call_actions
from agentreward.rules.read.commands import shell_actions
from agentreward.rules.read.shell import parse
from agentreward.rules.read.test_report import other_counts
from agentreward.rules.read.test_report import test_counts as counts_of
from agentreward.rules.state.coverage import Coverage
from hypothesis import given, settings
from hypothesis import strategies as st
from trajschema.trajectory import ToolCall
from trajtests.reward_cases import call, run, score_rules, seen, turn


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("cat src/a.py", "read", "src/a.py"),
        ("cat -n /testbed/src/a.py | head -20", "read", "src/a.py"),
        ("sed -n '10,20p' a.py", "read", "a.py"),
        ("head -n 5 a.py", "read", "a.py"),
        ("tail -50 a.py", "read", "a.py"),
        ("grep -rn 'foo bar' src", "search", "src"),
        ("find . -name '*.py' | xargs grep foo", "search", "."),
        ("find tests -name '*.pyc' -delete", "mutate", "tests/*.pyc"),
        ("find . -name 'a*' -exec rm {} +", "mutate", "a*"),
        ("git grep foo", "search", ""),
        ("ls -la", "list", ""),
        ("git diff", "inspect", ""),
        ("git --no-pager diff a.py", "inspect", "a.py"),
        ("git checkout -- a.py", "revert", "a.py"),
        ("git log --oneline", "history", ""),
        ("python -m pytest tests/a.py -q", "test", "tests/a.py"),
        ("PYTHONPATH=src timeout 60 pytest", "test", ""),
        ("python -m unittest tests.test_a", "test", ""),
        ("tox -e py311", "test", ""),
        ("sed -i 's/a/b/' a.py", "edit", "a.py"),
        ("perl -pi -e 's/a/b/' a.py", "edit", "a.py"),
        ("echo 'x' >> a.py", "write", "a.py"),
        ("cat <<'EOF' > a.py\nx; y | z > w\nEOF", "write", "a.py"),
        ("echo hi | tee a.txt", "write", "a.txt"),
        ("mv a.py b.py", "mutate", "b.py"),
        ("patch -p1 < fix.diff", "edit", ""),
        ("git apply fix.diff", "edit", ""),
        ("touch a.py", "make", "a.py"),
        ("python repro.py", "run", "repro.py"),
        ("echo hi", "noop", ""),
        ("cd src; pwd", "noop", ""),
        ("vim a.py", "read", "a.py"),
        ("make test", "test", ""),
        ("uv run --with x pytest -q", "test", ""),
        ("coverage run -m pytest tests/a.py", "test", "tests/a.py"),
        ("python -W ignore -m pytest tests/a.py", "test", "tests/a.py"),
        ("timeout -s KILL 10 nice -n 5 pytest", "test", ""),
        ("(cd src && pytest)", "test", ""),
        ("bash -lc 'cd src && cat a.py'", "read", "src/a.py"),
        ("cd src && cd pkg && cat a.py", "read", "src/pkg/a.py"),
        ("npx jest", "test", ""),
        ("go test ./...", "test", "..."),
        ("grep -A 3 foo src/a.py", "search", "src/a.py"),
        ("head -c 100 a.py", "read", "a.py"),
        ("git -C /testbed checkout -- a.py", "revert", "a.py"),
        ("git rm -r tests", "mutate", "tests"),
        ("git commit -m done", "make", ""),
        ("ruff check src", "inspect", ""),
        ("ruff check --fix src", "mutate", "src"),
        ("tar tf a.tar", "inspect", ""),
        ("python --version", "inspect", ""),
        ("find src -name '*.py' -exec sed -i s/a/b/ {} +", "mutate", "src/*.py"),
        ("perl -0pi -e 's/a/b/' a.py", "edit", "a.py"),
        ("sed -ni '/a/p' a.py", "edit", "a.py"),
        ("cat <<E | tee a.py\nx\nE", "write", "a.py"),
    ],
)
def test_commands_are_seen_through(text: str, kind: str, path: str) -> None:
    action = shell_actions(text)[-1]
    assert (action.kind, action.path) == (kind, path)


def test_compound_commands_are_taken_apart() -> None:
    kinds = [a.kind for a in shell_actions("cd /testbed && sed -i s/a/b/ a.py && python -m pytest -q 2>&1 | tail -5")]
    assert kinds == ["edit", "test"]
    assert [a.path for a in shell_actions("cd src && cat a.py b.py")] == ["src/a.py", "src/b.py"]
    assert [a.path for a in shell_actions("rm a.py b.py")] == ["a.py", "b.py"]
    assert [a.path for a in shell_actions("sed -i s/a/b/ a.py b.py")] == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pytest -q tests/a.py", "python -m pytest tests/a.py -v --tb=short"),
        ("cat a.py", "cat -n ./a.py"),
        ("cd /testbed && pytest", "pytest -rA"),
    ],
)
def test_the_same_request_has_the_same_key(one: str, other: str) -> None:
    assert shell_actions(one)[0].key == shell_actions(other)[0].key


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a && b", ["&&", ""]),
        ("a && b; c", [";", ";", ""]),
        ("a; b && c", [";", "&&", ""]),
        ("a | head && b", ["&&", ""]),
        ("a; false", [";"]),
        ("a;", [""]),
        ("bash -c 'a; b' && c", [";", "&&", ""]),
    ],
)
def test_what_follows_a_command_is_known(line: str, expected: list[str]) -> None:
    assert [a.then for a in shell_actions(line)] == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pytest -k a", "pytest -k b"),
        ("cat a | head -1", "cat a"),
        ("pytest -x", "pytest"),
        ("patch -p1 < a.diff", "patch -p1 < b.diff"),
        ("cat <<E | python\n1\nE", "cat <<E | python\n2\nE"),
        ("tail -n +20 a.py", "tail -n 20 a.py"),
    ],
)
def test_different_requests_have_different_keys(one: str, other: str) -> None:
    assert shell_actions(one)[0].key != shell_actions(other)[0].key


def test_a_line_has_64_commands_however_they_nest() -> None:
    assert len(parse("bash -c '" + "a; " * 60 + "'; bash -c '" + "b; " * 60 + "'; c")) == 64


def test_words_quotes_redirects_and_here_documents() -> None:
    (command,) = parse('X=1 sudo foo \'a b\' "c\\"d" e\\ f > out 2>&1 < in')
    assert command.words == ("foo", "a b", 'c\\"d', "e f")
    assert command.writes == ("out",)
    first, second = parse("cat <<A > x && cat <<'B' >> y\none\nA\ntwo && three\nB\n")
    assert (first.document, first.writes, first.appends) == ("one\n", ("x",), False)
    assert (second.document, second.writes, second.appends) == ("two && three\n", ("y",), True)
    assert parse("make > /dev/null 2>&1")[0].writes == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("===== 3 failed, 5 passed, 1 skipped in 0.05s =====", (5, 3)),
        ("5 passed in 0.10s", (5, 0)),
        ("1 failed, 2 passed, 1 warning, 1 error in 1.00s (0:00:01)", (2, 2)),
        ("FAILED tests/a.py::t - assert 1 passed\n=== 1 failed in 0.1s ===", (0, 1)),
        ("1 passed in 0.1s\nnoise\n2 failed in 0.2s", (0, 2)),
        ("4 passed in <duration>", (4, 0)),
        ("Ran 5 tests in 0.001s\n\nOK", (5, 0)),
        ("Ran 5 tests in 0.001s\n\nFAILED (failures=1, errors=2)", (2, 3)),
        ("Ran 5 tests in 0.001s\n\nFAILED (failures=1)\nRan 3 tests in 0.001s\n\nOK", (3, 0)),
        ("\x1b[31m=== \x1b[1m1 failed\x1b[0m, \x1b[32m2 passed\x1b[0m in 0.10s ===\x1b[0m", (2, 1)),
    ],
)
def test_reports_are_read(text: str, expected: tuple[int, int]) -> None:
    counts = counts_of("x" * 5_000 + "\n" + text)
    assert counts is not None
    assert (counts.passed, counts.failed) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("test result: FAILED. 8 passed; 2 failed; 0 ignored\n\ntest result: ok. 1 passed; 0 failed; 0 ignored", (9, 2)),
        ("Tests:       2 failed, 8 passed, 10 total\nTime: 1 s", (8, 2)),
        (" Tests  1 failed | 3 passed (4)", (3, 1)),
        ("  10 passing (20ms)\n  2 failing\n", (10, 2)),
        ("# tests 3\n# pass 2\n# fail 1\n", (2, 1)),
        ("--- FAIL: TestA (0.00s)\n--- PASS: TestB (0.00s)\nFAIL\nFAIL\tpkg\t0.1s\n", (1, 1)),
        ("ok  \tpkg/a\t0.1s\nFAIL\tpkg/b\t0.2s\n", (1, 1)),
    ],
)
def test_reports_of_other_runners_are_read(text: str, expected: tuple[int, int]) -> None:
    counts = other_counts("x" * 5_000 + "\n" + text)
    assert counts is not None
    assert (counts.passed, counts.failed) == expected


@pytest.mark.parametrize("text", ["", "no tests ran in 0.01s", "PASSED", "all 5 tests passed!", "passed in 3s", "Ran 5 tests in 1s"])
def test_what_is_no_report_is_none(text: str) -> None:
    assert counts_of(text) is None


shellish = st.text(alphabet=st.sampled_from(list("abc ./'\"\\|&;<>$(){}\n-0129=EOF#")), max_size=120)


@settings(max_examples=400, deadline=None)
@given(st.one_of(shellish, st.text(max_size=200)))
def test_no_text_breaks_the_readers(text: str) -> None:
    for action in shell_actions(text):
        assert action.key
    assert len(parse(text)) <= 64
    counts = counts_of(text) or other_counts(text)
    assert counts is None or counts.passed >= 0
    call_actions(call("shell").model_copy(update={"arguments": text}))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["file_read", "file_edit", "file_write", "shell", "search", "symbols", "git", "submit", "think", "other"]),
    st.dictionaries(
        st.sampled_from(["path", "command", "old_string", "new_string", "view_range", "start_line", "args", "pattern", "content"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), shellish, st.lists(st.integers(), max_size=3), st.just({"a": 1})),
    ),
    shellish,
)
def test_no_arguments_break_the_scorer(name: str, arguments: dict[str, object], output: str) -> None:
    step = turn((call(name, "x", **arguments), seen(output, None)))
    for row in score_rules(run(step, step), scorer_version="v"):
        assert row.score is not None


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 10)), max_size=20), st.integers(1, 30), st.integers(0, 10))
def test_coverage_knows_just_the_lines_that_were_shown(shown: list[tuple[int, int]], start: int, more: int) -> None:
    coverage = Coverage()
    lines: set[int] = set()
    for step, (first, extra) in enumerate(shown, 1):
        coverage.add("f", first, first + extra, step)
        lines |= set(range(first, first + extra + 1))
    assert (coverage.shown_by("f", start, start + more) is not None) == (set(range(start, start + more + 1)) <= lines)
    coverage.forget("f")
    assert coverage.shown_by("f", 1, 1) is None


PATCH = """*** Begin Patch
*** Update File: src/a.py
@@ def f():
-    return 1
+    return 2
@@
 x = 1
-y = 2
*** Add File: src/b.py
+z = 3
*** Delete File: tests/test_a.py
*** End Patch
"""


@pytest.mark.parametrize(
    "made",
    [
        call("file_edit", "apply_patch", input=PATCH),
        call("shell", "bash", command=f"apply_patch <<'EOF'\n{PATCH}EOF"),
        call("shell", "shell", command=["apply_patch", PATCH]),
        call("shell", "shell", command=["bash", "-lc", f"apply_patch <<'EOF'\n{PATCH}EOF\n"]),
    ],
)
def test_each_change_of_a_patch_is_an_action(made: ToolCall) -> None:
    assert [(a.kind, a.path, a.old, a.new) for a in call_actions(made)] == [
        ("edit", "src/a.py", "    return 1", "    return 2"),
        ("edit", "src/a.py", "x = 1\ny = 2", "x = 1"),
        ("write", "src/b.py", "", "z = 3"),
        ("mutate", "tests/test_a.py", "", ""),
    ]


def test_each_edit_of_a_list_is_an_action() -> None:
    made = call("file_edit", "MultiEdit", file_path="a.py", edits=[{"old_string": "1", "new_string": "2"}, {"oldText": "3"}, "x"])
    assert [(a.kind, a.path, a.old, a.new) for a in call_actions(made)] == [("edit", "a.py", "1", "2"), ("edit", "a.py", "3", "")]
