"""jest, with a reporter of our own and canaries in every file of tests."""

import secrets
from collections.abc import Sequence

from agentsandbox.errors import SandboxError

from agentgrader.frameworks import javascript
from agentgrader.frameworks.documents import fields, items, objects, text
from agentgrader.frameworks.framework import Job, TestBox
from agentgrader.frameworks.jest_results import read_results
from agentgrader.frameworks.judging import judged
from agentgrader.report import TestReport

_REFUSED = (
    *("-t", "--testNamePattern", "--reporters", "--setupFilesAfterEnv", "--json", "--outputFile", "--listTests", "--showConfig"),
    *("--watch", "--watchAll", "-o", "--onlyChanged", "--shard"),
)

_KNOWS_LIMIT, _NEVER = 29, "1000GB"
"""A limit on what a worker may hold makes jest run every test in a worker, so that none runs where the reporter does."""


class Jest(javascript.JavaScript):
    """jest. A test id is ``path::suite > test``.

    Ids choose files, all tests of which run; a report names only the tests among the ids. Tests of one id are one test, which
    passes if all of them do.
    """

    name = "jest"
    protected = (*javascript.PROTECTED, "**/jest.config.*", "**/jest.setup.*", "**/jest-*.config.*", "**/setupTests.*")

    def runs(self, command: Sequence[str]) -> bool:
        return javascript.starts(tuple(command), "jest")

    def run(self, box: TestBox, job: Job) -> TestReport:
        javascript.refuse(job, _REFUSED)
        alarm = secrets.token_hex(8)
        settings = {"canaries": list(job.canaries.items()), "token": alarm}
        files = {
            "reporter.cjs": javascript.script("jest_reporter.cjs", {"report": box.report, "token": box.token}),
            "canaries.cjs": javascript.planting("jest_canaries.cjs", settings),
        }
        version, setup = self._settings(box, job)
        planted = [f"--setupFilesAfterEnv={file}" for file in (*setup, f"{box.folder}/canaries.cjs")] if job.canaries else []
        apart = [f"--workerIdleMemoryLimit={_NEVER}"] if version >= _KNOWS_LIMIT else []
        reporters = ("--reporters=default", f"--reporters={box.folder}/reporter.cjs")
        own = (*planted, *reporters, *apart, f"--cacheDirectory={box.cache}", "--bail=0", "--coverage=false", "--ci")
        chosen = sorted({test.partition("::")[0] for test in job.ids}) or job.paths
        exact = ("--runTestsByPath",) if job.ids else ()
        ended = box.command((*job.command, *own, *exact, *chosen), job.timeout_s, "file", files=files)
        javascript.begun(ended, self.name)
        return judged(read_results(ended.report, box.token, job.canaries, box.workdir, alarm), ended, job.ids)

    def _settings(self, box: TestBox, job: Job) -> tuple[int, list[str]]:
        """Major version, and the set-up files of the repository's own settings: jest takes either these or ours, so ours name them.

        Raises:
            SandboxError: the settings cannot be read, or hold several projects that differ in this.
        """
        shown = box.command((*job.command, "--showConfig"), job.timeout_s, "stdout")
        start = shown.report.find(b"{")
        settings = objects(shown.report[start:]) if start >= 0 else []
        if shown.exit_code or not settings:
            raise SandboxError(
                f"jest did not start: {shown.output.strip()[-500:]}", "check that the box has it, and the task's test command"
            )
        lists = [[text(f) for f in items(fields(c).get("setupFilesAfterEnv"))] for c in items(settings[0].get("configs"))]
        if any(files != lists[0] for files in lists):
            raise SandboxError("the projects of jest's settings have different set-up files", "choose one project with --selectProjects")
        major = text(settings[0].get("version")).partition(".")[0]
        return int(major) if major.isdigit() else 0, lists[0] if lists else []
