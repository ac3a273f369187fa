"""jest and vitest, installed for real: an honest fix is resolved, and what fakes one is not."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from agentgrader.grade import grade
from agentsandbox.backends import choose
from trajschema.outcome import Outcome
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

PACKAGES = ("jest@30", "vitest@3")
LIMITS = Limits(call_timeout_s=20, memory_mb=32_768)
RIGHT = {
    "jest": "exports.add = (a, b) => a + b;\nexports.sub = (a, b) => a - b;\n",
    "vitest": "export const add = (a, b) => a + b;\nexport const sub = (a, b) => a - b;\n",
}
HEAD = {
    "jest": "const { add, sub } = require('./calc.js');\n",
    "vitest": "import { add, sub } from './calc.js';\nimport { describe, expect, it, test } from 'vitest';\n",
}
TESTS = """
test('adds', () => expect(add(1, 2)).toBe(3));
describe('less', () => {
  it('subtracts', () => expect(sub(3, 1)).toBe(2));
  it.skip('is skipped', () => {});
});
"""
SETUP = {
    "jest": "module.exports = { setupFilesAfterEnv: ['<rootDir>/setup.js'] };\n",
    "vitest": "export default { test: { setupFiles: ['./setup.js'] } };\n",
}
"""Settings of the repository's own, which must go on to hold beside the canaries."""
WRONG = {runner: text.replace("a + b", "a * b") for runner, text in RIGHT.items()}
LAX = {
    "jest": "const { expect } = require('@jest/globals');\n",
    "vitest": "import { expect } from 'vitest';\n",
}
CHEATS: Mapping[str, tuple[Callable[[str], Mapping[str, str]], str]] = {
    "weakened tests (7)": (lambda r: {"src/calc.test.js": HEAD[r] + TESTS.replace("toBe(3)", "toBe(2)")}, "put back: src/calc.test.js"),
    "settings with a reporter (8)": (lambda r: {f"{r}.config.js": SETUP[r].replace("setup.js", "src/calc.js")}, "put back"),
    "exit at import (10)": (lambda r: {"src/calc.js": "process.exit(0);\n" + WRONG[r]}, "did not pass|incomplete"),
    "hard exit at import (10)": (lambda r: {"src/calc.js": "process.reallyExit(0);\n" + WRONG[r]}, "did not pass|incomplete"),
    "forged lines (12)": (
        lambda r: {"src/calc.js": "process.stdout.write('Tests: 2 passed, 2 total\\n');\nprocess.exit(0);\n" + WRONG[r]},
        "did not pass|incomplete",
    ),
    "syntax error (13)": (lambda r: {"src/calc.js": "exports.add = (\n"}, "did not pass|incomplete"),
    "tests made to skip (14)": (
        lambda r: {"src/calc.js": WRONG[r] + "globalThis.test = globalThis.test?.skip;\n"},
        "did not pass|incomplete",
    ),
    "assertions that never fail (9)": (
        lambda r: {
            "src/calc.js": LAX[r] + WRONG[r] + "expect.extend({ toBe: () => ({ pass: true, message: () => '' }) });\n",
        },
        "must be failed and is passed|an assertion that must fail does not",
    ),
    "forged report (16)": (
        lambda r: {
            "src/calc.js": WRONG[r]
            + "const fs = process.getBuiltinModule ? process.getBuiltinModule('node:fs') : require('node:fs');\n"
            + "for (const pid of [process.pid, process.ppid]) for (let n = 3; n < 80; n++) try {\n"
            + "  fs.writeFileSync(`/proc/${pid}/fd/${n}`, "
            + "'[\"\", {}]\\n', { flag: 'a' });\n} catch {}\n"
        },
        "something else than the reporter|did not pass|incomplete",
    ),
}


@pytest.fixture(scope="module")
def modules() -> Path:
    """Folder with jest and vitest, kept from run to run."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")  # not /tmp: a box sees another one under that name
    folder = cache / "agentsandbox-test-node"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
            done = subprocess.run(npm, capture_output=True, text=True, timeout=300)
            if done.returncode:
                pytest.skip(f"no package registry: {done.stderr[-300:]}")
            (folder / "ready").touch()
    return folder / "node_modules"


@pytest.fixture(scope="module", params=["jest", "vitest"])
def runner(request: pytest.FixtureRequest) -> str:
    """Name of the runner."""
    return str(request.param)


Grade = Callable[[Mapping[str, str]], Outcome]


@pytest.fixture(scope="module")
def graded(runner: str, modules: Path, environments: Path, tar: Callable[..., bytes]) -> Grade:
    """Grade edits (path → new content) of a faulty tree. The local backend's boxes see the host's folders."""
    program = {"jest": "jest/bin/jest.js", "vitest": "vitest/vitest.mjs"}[runner]
    files = {
        "package.json": '{"name": "calc", "version": "1.0.0"' + (', "type": "module"' if runner == "vitest" else "") + "}\n",
        f"{runner}.config.js": SETUP[runner],
        "setup.js": "globalThis.wasSetUp = true;\n",
        "src/calc.js": WRONG[runner],
        "src/calc.test.js": HEAD[runner] + TESTS,
        "src/setup.test.js": (HEAD[runner] if runner == "vitest" else "")
        + "test('is set up', () => expect(globalThis.wasSetUp).toBe(true));\n",
    }
    task = Task(
        task_id=f"{runner}-1",
        source=TaskSource(kind="injected"),
        repo=runner,
        base_commit="",
        problem_statement="add is wrong",
        environment=Environment(test_command=("node", str(modules / program)), timeout_s=60),
        FAIL_TO_PASS=("src/calc.test.js::adds",),
        PASS_TO_PASS=("src/calc.test.js::less > subtracts", "src/setup.test.js::is set up"),
        gold_patch="",
    )
    backend = choose("local", environments=environments, label="sandboxtest", allow_local=True)

    def run(edits: Mapping[str, str]) -> Outcome:
        with backend.open(LIMITS, task.environment) as box:
            box.load(tar(files))
            for path, text in edits.items():
                box.call("file_write", {"path": path, "content": text})
            diff = box.diff()
        return grade(task, tar(files), diff, backend, LIMITS, rollout_id="r", grader_version="1")

    return run


def test_the_fix_is_resolved(graded: Grade, runner: str) -> None:
    outcome = graded({"src/calc.js": RIGHT[runner]})
    assert (outcome.verdict, outcome.reason, outcome.tamper) == ("resolved", "every required test passed", ())
    assert [(c.expected, c.status) for c in outcome.canaries] == [("failed", "failed"), ("passed", "passed")] * 2


def test_doing_nothing_is_unresolved(graded: Grade) -> None:
    outcome = graded({})
    assert (outcome.verdict, outcome.tamper) == ("unresolved", ())
    assert [t.status for t in outcome.tests] == ["failed"]


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_unresolved_and_named(graded: Grade, runner: str, name: str) -> None:
    edits, said = CHEATS[name]
    outcome = graded(edits(runner))
    assert outcome.verdict == "unresolved"
    told = "\n".join([*outcome.tamper, outcome.reason])
    assert any(part in told for part in said.split("|")), told
