"""``agentgrader grade``: the verdict on a diff."""

import hashlib
import json
import sys
from pathlib import Path

from agentsandbox.bootstrap import SERVER, VERSION, sources_of
from agentsandbox.cli.setup import backend_of, errors, limits_of, tree_for
from agentsandbox.errors import SandboxError
from agentsandbox.records import read_task
from trajschema.ids import sha256_bytes
from trajschema.outcome import Outcome
from trajschema.rollout import Limits

from agentgrader import mutated_tests
from agentgrader.grade import grade as graded

RESOLVED, UNRESOLVED, ERROR = 0, 1, 2


def grade(file: Path, task_id: str | None, tree: Path | None, diff: Path, backend: str, settings: list[str], *, as_json: bool) -> int:
    """Grade ``diff`` (``-``: from standard input) on a task; print the verdict. Returns 0 resolved, 1 unresolved, 2 error."""
    with errors(ERROR):
        task = read_task(file, task_id)
        text = _text(diff)
        outcome = graded(
            task,
            tree_for(task, tree, file),
            text,
            backend_of(backend),
            limits_of(settings, Limits()),
            rollout_id=f"diff-{sha256_bytes(text.encode('utf-8', 'surrogateescape'))[:12]}",
            grader_version=version(),
        )
        print(outcome.model_dump_json(indent=2) if as_json else readable(outcome))
        return RESOLVED if outcome.verdict == "resolved" else UNRESOLVED if outcome.verdict == "unresolved" else ERROR
    return ERROR


def version() -> str:
    """Of the package, and of all that has a say in a verdict: the grader's sources and those of the in-box server."""
    sources = [sources_of("agentgrader"), sources_of(SERVER)]
    return f"{VERSION}+{hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()[:12]}"


def readable(outcome: Outcome) -> str:
    """A verdict for people: what, why, which tests, what looks like tampering."""
    fixed, broken = outcome.fail_to_pass_fixed, outcome.pass_to_pass_broken
    kept = outcome.pass_to_pass_total - broken
    lines = [
        f"{outcome.verdict}: {outcome.reason}",
        f"  must be mended  {fixed} of {outcome.fail_to_pass_total}",
        f"  must stay whole {kept} of {outcome.pass_to_pass_total}",
    ]
    lines += [f"  {t.status:8} {t.test_id}" for t in outcome.tests if t.status != "passed"]
    lines += [f"  tampering: {evidence}" for evidence in outcome.tamper]
    if outcome.verdict == "resolved" and not any(canary.name in mutated_tests.NAMES for canary in outcome.canaries):
        lines.append("  no copies of the required tests could be made: canaries and the report are all that speaks for it")
    return "\n".join(lines)


def _text(diff: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(diff) == "-" else diff.read_bytes()
    except OSError as error:
        raise SandboxError(f"{diff} cannot be read: {error.strerror}", "name a unified diff, or - for standard input") from error
    return data.decode("utf-8", "surrogateescape")
