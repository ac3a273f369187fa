"""vitest, with settings that wrap the repository's own: a reporter, and canaries in every file of tests."""

import posixpath
import secrets
from collections.abc import Sequence

from agentgrader.frameworks import javascript
from agentgrader.frameworks.framework import Job, TestBox
from agentgrader.frameworks.jest_results import read_results
from agentgrader.frameworks.judging import judged
from agentgrader.report import TestReport

_REFUSED = ("-t", "--testNamePattern", "--reporter", "--outputFile", "--bail", "--shard", "--changed", "-w", "--watch", "watch", "dev",
            "bench", "list", "-r", "--root", "--workspace")  # fmt: skip


class Vitest(javascript.JavaScript):
    """vitest. A test id is ``path::suite > test``.

    Ids choose files, all tests of which run; a report names only the tests among the ids. Tests of one id are one test, which
    passes if all of them do. Projects with settings of their own (workspaces) do not get the canaries, so they cannot be graded.
    """

    name = "vitest"
    protected = (*javascript.PROTECTED, "**/vitest.*", "**/vite.config.*", "**/setupTests.*")

    def runs(self, command: Sequence[str]) -> bool:
        return javascript.starts(tuple(command), "vitest")

    def run(self, box: TestBox, job: Job) -> TestReport:
        javascript.refuse(job, _REFUSED)
        command, named = _without_config(job.command)
        alarm = secrets.token_hex(8)
        setup = f"{box.folder}/canaries.mjs"
        settings = {
            "report": box.report,
            "token": box.token,
            "setup": [setup] if job.canaries else [],
            "config": posixpath.join(box.workdir, named) if named else "",
        }
        files = {
            "vitest.config.mjs": javascript.script("vitest.config.mjs", settings),
            "canaries.mjs": javascript.planting("vitest_canaries.mjs", {"canaries": list(job.canaries.items()), "token": alarm}),
        }
        own = (
            f"--config={box.folder}/vitest.config.mjs",
            f"--root={box.workdir}",
            "--bail=0",
            "--coverage.enabled=false",
            "--watch=false",
        )
        run = () if "run" in command else ("run",)
        chosen = sorted({test.partition("::")[0] for test in job.ids}) or job.paths
        ended = box.command((*command, *run, *own, *chosen), job.timeout_s, "file", {"CI": "true"}, files)
        javascript.begun(ended, self.name)
        return judged(read_results(ended.report, box.token, job.canaries, box.workdir, alarm), ended, job.ids)


def _without_config(command: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """A vitest command without ``--config FILE``, and the file."""
    kept: list[str] = []
    named = ""
    words = list(command)
    while words:
        word = words.pop(0)
        if word in ("--config", "-c") and words:
            named = words.pop(0)
        elif word.startswith("--config="):
            named = word.partition("=")[2]
        else:
            kept.append(word)
    return tuple(kept), named
