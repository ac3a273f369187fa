"""Copies of Go tests: right code passes the true ones and fails the false ones, and whatever they become compiles."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from agentgrader.copies.copy import Copy
from agentgrader.frameworks.golang import Go

CODE = """package calc

import "errors"

func Add(a, b int) int { return a + b }

func Next(a uint8) uint8 { return a + 1 }

func Half(a float64) float64 { return a / 2 }

func Greet(name string) (string, error) {
	if name == "" {
		return "", errors.New("no name")
	}
	return "hi " + name, nil
}

func List() []int { return []int{1, 2, 3} }
"""
TESTS = """package calc

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	if Add(1, 2) != 3 {
		t.Fatal()
	}
}

func TestLargest(tt *testing.T) {
	if Next(254) != 255 {
		tt.Fatal()
	}
}

func TestZero(t *testing.T) {
	if got := Add(-1, 1); got != 0 {
		t.Errorf("%d", got)
	}
}

func TestNegative(t *testing.T) {
	if -1 != Add(-2, 1) {
		t.Error()
	}
}

func TestFloat(t *testing.T) {
	if Half(5) != 2.5 {
		t.Fail()
	}
}

func TestText(t *testing.T) {
	got, err := Greet("x")
	if err != nil {
		t.Fatal(err.Error())
	}
	want := "hi x"
	if got != want {
		t.Fatal(got)
	}
}

func TestError(t *testing.T) {
	if _, err := Greet(""); err == nil {
		t.Fatal("no error")
	} else if err.Error() != `no name` {
		t.Fatal(err)
	}
}

func TestDeep(t *testing.T) {
	if !reflect.DeepEqual(List(), []int{1, 2, 3}) {
		t.Fatal()
	}
}

func TestWanted(t *testing.T) {
	want := []int{1, 2, 3}
	if got := List(); !reflect.DeepEqual(got, want) {
		t.Fatal(got)
	}
}

func TestEither(t *testing.T) {
	if got := Add(1, 1); got < 1 || got > 2 {
		t.Fatal()
	}
}

func TestTruth(t *testing.T) {
	if strings.HasPrefix("abc", "b") != false {
		t.Fatal()
	}
	if !strings.HasPrefix("abc", "a") {
		t.Fatal()
	}
}

func TestNothing(t *testing.T) { Add(1, 2) }

func TestInFunction(t *testing.T) {
	check := func(ok bool) {
		if !ok {
			t.Fatal()
		}
	}
	check(Add(1, 2) == 3)
}

func TestRows(t *testing.T) {
	for _, tt := range []struct{ a, b, want int }{{1, 2, 3}, {-1, 1, 0}} {
		if got := Add(tt.a, tt.b); got != tt.want {
			t.Errorf("%d", got)
		}
	}
}

func TestSubtests(t *testing.T) {
	tests := []struct {
		name, want string
		fails      bool
	}{
		{name: "x", want: "hi x"},
		{name: "", want: "", fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Greet(tt.name)
			if (err != nil) != tt.fails {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Fatal(got)
			}
		})
	}
}

func TestMap(t *testing.T) {
	for name, want := range map[string]string{"x": "hi x", "y": "hi y"} {
		got, _ := Greet(name)
		if got != want {
			t.Error(got)
		}
	}
}

func TestTyped(t *testing.T) {
	if got := int64(Add(1, 2)); got != int64(3) {
		t.Error()
	}
	if e := errors.New("a\\tb"); e.Error() != "a\\tb" {
		t.Error()
	}
}

func TestElements(t *testing.T) {
	if len(List()) != 3 {
		t.Fatal()
	}
	if List()[2] != 0x3 {
		t.Fatal()
	}
}
"""
NAMES = re.findall(r"func (Test\w+)", TESTS)
GO = Go()


def _copies(draw: random.Random) -> dict[str, Copy]:
    """A copy of each test, true or false."""
    return {
        name: Copy(GO.copy_name(name, "".join(draw.choices("abcdefghij", k=12))), draw.choice(("passed", "failed")), draw.getrandbits(32))
        for name in NAMES
    }


def test_right_code_passes_every_true_copy_and_fails_every_false_one_with_its_subtests(tmp_path: Path) -> None:
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    draw = random.Random(7)
    made: dict[str, tuple[str, Copy]] = {}
    for number in range(12):
        wanted = _copies(draw)
        text, names = GO.rewrite(TESTS.encode(), "calc_test.go", wanted)
        assert sorted(names) == sorted(copy.name for copy in wanted.values())
        assert not any(re.search(rf"\b{name}\b", text) for name in NAMES)
        (tmp_path / f"c{number}_test.go").write_text(text)
        made |= {copy.name: (name, copy) for name, copy in wanted.items()}
    (tmp_path / "go.mod").write_text("module example.com/calc\n\ngo 1.19\n")
    (tmp_path / "calc.go").write_text(CODE)
    ended = subprocess.run(["go", "test", "-v", "."], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    found = re.findall(r"(?m)^ *--- (PASS|FAIL): (\w+)", ended.stdout)
    assert {name for _, name in found} == set(made), ended.stdout[-3000:] + ended.stderr[-3000:]
    says = {"PASS": "passed", "FAIL": "failed"}
    assert [(*made[name], says[word]) for word, name in found if says[word] != made[name][1].expected] == []


TESTIFY = """package calc

import (
	"testing"

	"github.com/stretchr/testify/assert"
	must "github.com/stretchr/testify/require"
)

func TestA(t *testing.T) {
	must.NoError(t, nil)
	assert.Equal(t, 3, Add(1, 2), "sum")
	assert := assert.New(t)
	assert.Truef(true, "x")
}
"""


def test_calls_of_testify_say_the_opposite_or_compare_with_something_else() -> None:
    texts = [GO.rewrite(TESTIFY.encode(), "a_test.go", {"TestA": Copy("TestB", "failed", seed)})[0] for seed in range(40)]
    bodies = [text.partition("func TestB")[2].partition("\n}")[0] for text in texts]
    assert all("3, Add" not in body for body in bodies), "every constant is written otherwise"
    for said in ("must.Error(t, nil)", "assert.NotEqual(t, (", "assert.Falsef(true"):
        assert any(said in body for body in bodies), said


@pytest.mark.parametrize("source", [b"package calc\n\nfunc (", b"package \xff", b"package calc\n" + b"//\n" * 500_000])
def test_what_cannot_be_read_is_said_so(source: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        GO.rewrite(source, "a_test.go", {"TestA": Copy("TestB", "failed", 1)})


def test_expressions_nested_too_deeply_are_said_so() -> None:
    deep = "func TestA(t *testing.T) { x := " + "(" * 5_000 + "1" + ")" * 5_000 + " }\n"
    with pytest.raises(ValueError, match="nested"):
        GO.rewrite(b"package calc\n" + deep.encode(), "a_test.go", {"TestA": Copy("TestB", "failed", 1)})


def test_a_test_that_is_called_elsewhere_and_what_is_no_test_stay_as_they_are() -> None:
    source = "package calc\n\nfunc TestA(t *testing.T) {}\n\nfunc TestB(t *testing.T) { TestA(t) }\n\nfunc TestC(x int) {}\n"
    wanted = {name: Copy(f"{name}Copy", "passed", 1) for name in ("TestA", "TestC", "TestD")}
    assert GO.rewrite(source.encode(), "a_test.go", wanted) == (source, [])


def test_files_of_the_package_hold_a_test() -> None:
    assert GO.holders("example.com/calc/text::TestA/x") == (
        "example.com/calc/text/*_test.go",
        "calc/text/*_test.go",
        "text/*_test.go",
        "*_test.go",
    )
    assert GO.function("example.com/calc/text::TestA/x") == "TestA"
    assert GO.renamed("example.com/calc/text::TestA/x", "TestA", "TestB") == "example.com/calc/text::TestB"


TWO = """package calc

func TestA(t *testing.T) {
	if Add(1, 2) != 3 {
		t.Fatal()
	}
	if Next(1) != 2 {
		t.Fatal()
	}
}
"""


def test_parts_assert_one_thing_each() -> None:
    text, parts = GO.parts(TWO.encode(), "a_test.go", ["TestA", "TestB"])
    assert [(part.function, part.mark) for part in parts.values()] == [("TestA", "0"), ("TestA", "1")]
    first, second = (text.partition(f"func {name}(")[2].partition("\n}")[0] for name in parts)
    assert ("if Add(1, 2) != 3 {" in first, "if false && (Next(1) != 2) {" in first) == (True, True)
    assert ("if false && (Add(1, 2) != 3) {" in second, "if Next(1) != 2 {" in second) == (True, True)
    assert "TestA(" not in text
    assert GO.parts(b"package calc\n\nfunc TestA(t *testing.T) {}\n", "a_test.go", ["TestA"])[1] == {}


@pytest.mark.parametrize("told", [0, 1])
def test_a_false_copy_is_false_in_the_assertion_that_tells(told: int) -> None:
    for seed in range(20):
        text = GO.rewrite(TWO.encode(), "a_test.go", {"TestA": Copy("TestB", "failed", seed, telling=(str(told),))})[0]
        given = {name: int(value) for name, value in re.findall(r"\t(\w+) = (\d+)\n", text)}
        found = re.findall(r"if (?:Add|Next)\([\d, ]+\) (..) \((\w+) - (\w+)\)", text)
        right = [(given[one] - given[other] == value) == (sign == "!=") for (sign, one, other), value in zip(found, (3, 2), strict=True)]
        assert right == [told != 0, told != 1]
