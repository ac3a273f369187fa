"""What an agent may add to a run that changes nothing, and that must not pay."""

import pytest
from agentreward.rules.read.changes import changed_lines, same_code
from hypothesis import given
from hypothesis import strategies as st
from trajschema.trajectory import Step
from trajtests.reward_cases import ERROR, FIX, call, change, last, process, pytest_run, rule, seen, shell, submit, turn, value, view

POOR = (shell("ls", "src"), change("src/other.py", "return", "return 1"), submit())
RAISED = f"{ERROR}AssertionError: x"


def write(path: str, text: str) -> Step:
    return turn((call("file_write", path=path, content=text), seen("written", None)))


def each(*names: str) -> list[Step]:
    """A change of each file, after a look at it, that alters its text as named."""
    old = "value = 1"
    new = {"comment": f"# note\n{old}", "blanks": "value =  1", "line": f"\n{old}\n"}
    return [s for i, name in enumerate(names) for s in (view(f"src/m{i}.py", old), change(f"src/m{i}.py", old, new[name]))]


PADDING = {
    "comments and blanks": each("comment", "blanks", "line"),
    "documents": [
        view("docs/a.md", "line one of text"),
        change("docs/a.md", "line one of text", "line 1 of text"),
        write("docs/b.rst", "b"),
    ],
    "a file given the text that it has": [view("src/util.py", "x = 1\n"), write("src/util.py", "x = 1\n")],
    "the same through the shell": [shell("cat -n src/util.py", "     1\tx = 1\n"), shell("cat > src/util.py <<'EOF'\nx = 1\nEOF")],
    "nothing and a comment appended": [shell("echo >> src/util.py"), shell("echo '# more' >> src/dates.py")],
    "an own test that passes": [write("tests/test_own.py", "assert True"), pytest_run(0, 1, "pytest tests/test_own.py")],
}
FAILS_FIRST = {
    "an own test that is made to pass": [
        write("tests/test_own.py", "assert False"),
        pytest_run(1, 0, "pytest tests/test_own.py"),
        change("tests/test_own.py", "assert False", "assert True"),
        pytest_run(0, 1, "pytest tests/test_own.py"),
    ],
    "an own test, and a formatter that only looks": [
        write("tests/test_own.py", "assert False"),
        pytest_run(1, 0, "pytest tests/test_own.py"),
        shell("ruff check src", "All checks passed!"),
        change("tests/test_own.py", "assert False", "assert True"),
        pytest_run(0, 1, "pytest tests/test_own.py"),
    ],
    "a program that waits for a file": [
        write("repro.py", "assert os.path.exists('flag.txt')"),
        shell("python repro.py", RAISED, 1),
        shell("echo 1 > flag.txt"),
        shell("python repro.py"),
    ],
    "a fault of its own that it takes back": [
        change("src/zz.py", "a = 1\nb = 2", "a = 3\nb = 2"),
        pytest_run(1, 2, "pytest tests/test_zz.py"),
        change("src/zz.py", "a = 3", "a = 1"),
        pytest_run(0, 3, "pytest tests/test_zz.py"),
    ],
    "a fault of its own that git takes back": [
        change("src/zz.py", "a = 1", "a = 3"),
        pytest_run(1, 2, "pytest tests/test_zz.py"),
        shell("git checkout src/zz.py"),
        pytest_run(0, 3, "pytest tests/test_zz.py"),
    ],
}


@pytest.mark.parametrize("padding", PADDING.values(), ids=PADDING)
@pytest.mark.parametrize("at", [1, 2, 3])
def test_changes_that_change_nothing_do_not_pay(padding: list[Step], at: int) -> None:
    assert process(*POOR[:at], *padding, *POOR[at:]) <= process(*POOR)


@pytest.mark.parametrize("steps", FAILS_FIRST.values(), ids=FAILS_FIRST)
def test_a_failure_that_goes_by_no_change_of_code_is_no_progress(steps: list[Step]) -> None:
    assert value("goal_progress", *steps) < 0.5
    assert rule("goal_progress", FIX, *steps, submit()) != "submit.after_change"


def test_tests_that_get_better_by_a_program_that_ran_are_progress() -> None:
    mended = (pytest_run(2, 8), write("mend.py", "..."), shell("python mend.py", "done"), pytest_run(0, 10))
    assert rule("goal_progress", *mended) == "tests.all_pass_now"


def test_a_stash_that_comes_back_is_the_change_again() -> None:
    looked = (FIX, shell("git stash"), pytest_run(2, 8), shell("git stash pop"), pytest_run(0, 10))
    assert rule("goal_progress", *looked) == "tests.all_pass_now"


def test_what_a_file_holds_is_known_until_it_changes() -> None:
    text = view("src/util.py", "x = 1\n")
    assert last(text, write("src/util.py", "x = 1"))["gate"].evidence[0].steps == (2,)
    assert rule("goal_progress", text, write("src/util.py", "x = 2"), write("src/util.py", "x = 1")) == "edit.took_back"
    assert value("gate", view("src/util.py", "x = 1\n", start_line=1, end_line=1), write("src/util.py", "x = 1")) == 1
    assert value("gate", text, shell("echo 'x = 1' >> src/util.py")) == 1


def test_one_change_in_many_parts_stops_to_advance() -> None:
    look = view("src/dates.py")
    parts = [change("src/dates.py", f"part {i}", f"piece {i}") for i in range(40)]
    assert value("goal_progress", look, *parts) < 0.5
    assert process(look, *parts) <= process(look, parts[0])


def test_one_new_file_that_nothing_had_shown_may_advance_and_no_more() -> None:
    first, *more = (write(f"src/m{i}.py", f"x = {i}") for i in range(6))
    assert value("goal_progress", first) == 0.5
    assert process(*POOR, first, *more) <= process(*POOR, first)


def test_what_is_written_in_code_differs_from_what_is_written_about_it() -> None:
    assert same_code("a.py", "x = 1", "x = 1  \n\n  # why\n")
    assert same_code("a.js", "f()", "// why\nf()")
    assert not same_code("a.c", "", "#define X 1")
    assert not same_code("a.py", "return x", "    return x")
    assert not same_code("a.py", "x = 1", "# x = 1")
    assert value("goal_progress", change("src/a.py", "x = 1", "# x = 1")) >= 0.5


@given(
    st.lists(st.sampled_from("ab"), max_size=6), st.lists(st.sampled_from("ab"), max_size=6), st.lists(st.sampled_from("ab"), max_size=3)
)
def test_a_change_is_the_same_in_whatever_surroundings_and_backwards(old: list[str], new: list[str], around: list[str]) -> None:
    before, after = changed_lines("\n".join(old), "\n".join(new))
    assert changed_lines("\n".join(new), "\n".join(old)) == (after, before)
    assert changed_lines("\n".join([*around, *old]), "\n".join([*around, *new])) == (before, after)
