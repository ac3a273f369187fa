"""Copies of JavaScript tests: right code passes the true ones and fails the false ones."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from agentgrader.copies.copy import Copy
from agentgrader.frameworks.nodejs import Node
from agentgrader.frameworks.vitest import Vitest

CODE = """
exports.add = (a, b) => a + b;
exports.greet = async (name) => { if (!name) throw new TypeError('no name'); return `hi ${name}`; };
"""
TESTS = r"""
const assert = require('node:assert');
const { strictEqual } = assert;
const { describe, it, suite, test } = require('node:test');
const { add, greet } = require('./calc.js');

test('equal', () => assert.strictEqual(add(1, 2), 3));
test('zero', () => { assert.equal(0, add(1, -1)); });
test('float', () => { strictEqual(add(0.5, 0), 0.5); });
test('negative', () => { strictEqual(add(-2, 1), -1); });
test('text', async () => { assert.strictEqual(await greet('x'), 'hi x'); });
test('escaped \'title\'', async () => { assert.strictEqual(await greet('\n'), 'hi \n'); });
test('deep', { timeout: 5000 }, () => assert.deepStrictEqual({ a: [add(1, 2), 'b'], c: true }, { a: [3, 'b'], c: true }));
test('wanted', () => {
  const want = [3];
  assert.deepEqual([add(1, 2)], want);
});
test('truth', () => { assert(add(1, 2) === 3); assert.ok(add(1, 1)); });
test('truth value', () => { assert.equal(add(1, 2) > 2, true); });
test('throws', async () => { await assert.rejects(greet(''), TypeError); assert.throws(() => add(missing)); });
test('match', async () => assert.match(await greet('x'), /^hi/));
test('not', () => { assert.notStrictEqual(add(1, 2), 4); });
test('caught', async () => { try { await greet(''); } catch (e) { assert.strictEqual(e.message, 'no name'); return; } assert.fail(); });
test('nothing', () => { add(1, 2); });
test('only an expression', () => add(1, 2));
test('returned', () => { [1, 2].forEach((n) => assert.equal(add(n, 1), n + 1)); return Promise.resolve(); });
test('called back', (t, done) => { setImmediate(() => { try { assert.equal(add(1, 2), 3); done(); } catch (e) { done(e); } }); });
describe('suite', () => {
  it('inside', () => assert.equal(add(1, 2), `3`));
  describe('suite', function () { it('inside', function () { assert.equal(add(1, 2), 3); }); });
  for (const n of [1, 2]) it(`adds ${n}`, () => assert.equal(add(n, 1), n + 1));
});
suite('other', () => { test.it('inside', () => { strictEqual(add(1, 2), 3); }); });
test('outer', async (t) => { await t.test('inner', () => strictEqual(add(1, 2), 3)); });
"""
TITLES = (
    *re.findall(r"(?m)^test\('((?!outer)[\w ]+)'", TESTS),
    *("escaped 'title'", "suite > inside", "suite > suite > inside", "suite > adds 2", "other > inside", "outer > inner"),
)
NODE = Node()


def test_right_code_passes_every_true_copy_and_fails_every_false_one(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    draw = random.Random(3)
    made: dict[str, tuple[str, Copy]] = {}
    files = [tmp_path / f"c{number}.test.js" for number in range(10)]
    for file in files:
        wanted = {
            title: Copy("".join(draw.choices("abcdefghij", k=12)), draw.choice(("passed", "failed")), draw.getrandbits(32))
            for title in TITLES
        }
        text, names = NODE.rewrite(TESTS.encode(), file.name, wanted)
        assert sorted(names) == sorted(copy.name for copy in wanted.values())
        assert not re.search(r"'(equal|adds|nothing)", text)
        file.write_text(text)
        made |= {copy.name: (title, copy) for title, copy in wanted.items()}
    (tmp_path / "calc.js").write_text(CODE)
    (tmp_path / "all.js").write_text("".join(f"require('./{file.name}');\n" for file in files))
    argv = ["node", "--test-reporter=tap", "all.js"]
    ended = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    found = [(word, name) for word, name in re.findall(r"(?m)^ *(ok|not ok) \d+ - (\w+)", ended.stdout) if name in made]
    assert {name for _, name in found} == set(made), ended.stdout[-2000:]
    worst = {name: "failed" if ("not ok", name) in found else "passed" for name in made}
    assert [(*made[name], status) for name, status in worst.items() if status != made[name][1].expected] == []


EXPECTS = """
import { describe, expect, it, test } from 'vitest';
import { add, greet } from './calc';

test('equal', () => { expect(add(1, 2)).toBe(3); });
test('deep', () => expect({ a: [add(1, 2)] }).toEqual({ a: [3] }));
test('opposite', () => { expect(add(1, 2)).not.toBe(4); });
test('later', async () => { await expect(greet('x')).resolves.toEqual('hi x'); });
test('throws', () => { expect(() => add(missing)).toThrow(); });
test('typed', () => { const want: number = 3; expect(add(1, 2) as number).toBe(want!); });
describe('suite', () => {
  describe(Adder, () => { it('inside', () => { expect(add(1, 2)).toHaveLength(3); }); });
  test.each([[1, 2, 3], [2, 2, 4]])('adds %i and %i', (a, b, want) => { expect(add(a, b)).toBe(want); });
  it.each`a | b\n${1} | ${2}`('has $a', ({ a, b }) => { expect(add(a, b)).toBe(3); });
});
test.skip('skipped', () => { expect(1).toBe(1); });
test.todo('to do');
test('snapshot', () => { expect(add(1, 2)).toMatchSnapshot(); });
"""


def _one(title: str, expected: str, seeds: int = 30) -> list[str]:
    """What a test becomes, for several seeds."""
    found = []
    for seed in range(seeds):
        copy = Copy("qwer", "passed" if expected == "passed" else "failed", seed)
        text, names = Vitest().rewrite(EXPECTS.encode(), "calc.test.ts", {title: copy})
        assert names == ["qwer"]
        found.append(text.partition('"qwer"')[2].partition("\n")[0])
    return found


def test_expect_says_the_opposite_or_compares_with_something_else() -> None:
    for expected, kinds in (("passed", {("toBe", True), (".not.toBe", False)}), ("failed", {("toBe", False), (".not.toBe", True)})):
        seen = set()
        for text in _one("equal", expected):
            matcher, less = re.findall(r"(toBe|\.not\.toBe)\(\(\w+\(\) - (\d+)\)\)", text)[0]
            assert less
            seen.add(matcher)
        assert seen == {matcher for matcher, _ in kinds}
    assert any(".resolves.not.toEqual(" in text for text in _one("later", "failed"))
    assert all("expect(add(1, 2)).toBe(4)" in text for text in _one("opposite", "failed")), "what says not loses it"
    assert all(").not.toThrow()" in text for text in _one("throws", "failed"))
    assert all(").toThrow()" in text for text in _one("throws", "passed"))


@pytest.mark.parametrize("title", ["deep", "typed", "suite > Adder > inside", "suite > adds 2 and 2", "suite > has 1"])
def test_every_common_way_to_make_a_test_is_found_by_its_id(title: str) -> None:
    for expected in ("passed", "failed"):
        assert len(set(_one(title, expected))) > 5


@pytest.mark.parametrize("title", ["skipped", "to do", "suite > inside", "adds 1 and 2", "suite"])
def test_what_is_no_test_that_runs_has_no_copy(title: str) -> None:
    text, names = Vitest().rewrite(EXPECTS.encode(), "calc.test.ts", {title: Copy("qwer", "failed", 1)})
    assert (text.strip(), names) == (EXPECTS.strip(), [])


def test_a_test_within_a_test_that_has_a_copy_has_none() -> None:
    source = b"test('a', async (t) => { await t.test('b', () => {}); });\n"
    wanted = {title: Copy(name, "passed", 1) for title, name in (("a", "qwer"), ("a > b", "tyui"))}
    assert NODE.rewrite(source, "a.test.js", wanted)[1] == ["qwer"]


@pytest.mark.parametrize(
    ("source", "path"),
    [(b"test(", "a.js"), (b"\xff", "a.js"), (b";" * 2_000_000, "a.js"), (b"(" * 999 + b")" * 999, "a.ts"), (b"", "a.vue")],
)
def test_what_cannot_be_read_is_said_so(source: bytes, path: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        NODE.rewrite(source, path, {"a": Copy("b", "failed", 1)})


def test_titles_stand_for_a_test() -> None:
    test = "test/calc.test.js::more > adds"
    assert (NODE.holders(test), NODE.function(test)) == (("test/calc.test.js",), "more > adds")
    assert NODE.renamed(test, "more > adds", "qwer") == "test/calc.test.js::more > qwer"
    assert NODE.renamed("test/calc.test.js::adds", "adds", "qwer") == "test/calc.test.js::qwer"


def test_parts_assert_one_thing_each() -> None:
    source = b"describe('s', () => {\n  it('a', async () => { await expect(f()).resolves.toBe(1); assert(g()); });\n});\n"
    text, parts = NODE.parts(source, "a.test.js", ["s > a", "b"])
    assert [(part.function, part.mark) for part in parts.values()] == [("s > a", "0"), ("s > a", "1")]
    first, second = text.splitlines()[1:3]
    assert "await expect(f()).resolves.toBe(1); 0 && assert(g());" in first
    assert "await 0 && expect(f()).resolves.toBe(1); assert(g());" in second
