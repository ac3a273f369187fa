"""Text of runs: what cannot be shown is written out, and heads say what they leave out."""

from agentview.examples import diff_lines
from agentview.text import arguments, clean, head
from hypothesis import given
from hypothesis import strategies as st

ANY = st.text(st.characters(), max_size=80)


@given(ANY)
def test_clean_text_can_be_written_and_says_everything_it_shows(text):
    shown = clean(text)
    shown.encode("utf-8")
    assert not any(ord(c) < 32 and c not in "\n\t" for c in shown)
    assert clean(shown) == shown


def test_marks_that_hide_or_turn_text_are_written_out():
    assert clean("a\x1b[31mred\x00 \u202egpj.exe \ud800") == "a\\x1b[31mred\\x00 \\u202egpj.exe \\ud800"


@given(st.lists(st.text("ab<\t", max_size=30), max_size=30), st.integers(1, 10), st.integers(1, 100))
def test_head_is_a_prefix_within_its_bounds_and_counts_the_rest(lines, most_lines, most):
    whole = clean("\n".join(lines)).rstrip("\n")
    found = head("\n".join(lines), most_lines, most)
    assert whole.startswith(found.text)
    assert len(found.text) <= most
    assert found.text.count("\n") < most_lines
    assert found.more_characters == len(whole) - len(found.text)
    assert bool(found.cut) == (found.text != whole)


def test_arguments_that_are_no_object_are_shown_as_they_are():
    assert arguments('{"path": "a.py", "start_line": 3}') == [("path", "a.py"), ("start_line", "3")]
    assert arguments('{"path": ') == [("", '{"path": ')]
    assert arguments("[1]") == [("", "[1]")]


def test_diff_lines_tell_headers_from_removed_lines_that_look_like_them():
    diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a comment in SQL\n+++ more\n same\n"
    assert [line.kind for line in diff_lines(diff)] == ["file", "file", "file", "hunk", "removed", "added", "same"]
    assert diff_lines("") == []
    assert diff_lines("@@ x\n" + "+a\n" * 99, limit=3)[-1].text == "… 97 more lines"
