"""``agentgrader grade``: the verdict on a diff, and whether it was confirmed."""

import hashlib
import json
import sys
from pathlib import Path

from agentsandbox.bootstrap import SERVER, VERSION, sources_of
from agentsandbox.cli.setup import backend_of, errors, limits_of, tree_for
from agentsandbox.errors import PatchRejected, SandboxError
from agentsandbox.records import read_task
from agentsandbox.trees import TreeUnusable
from trajschema.ids import sha256_bytes
from trajschema.outcome import Outcome
from trajschema.rollout import Limits

from agentgrader.copies import asking
from agentgrader.differential.tester import DifferentialTester
from agentgrader.grade import grade as graded
from agentgrader.opinions import Opinions

BELIEVED, NOT_BELIEVED, ERROR = 0, 1, 2
_KNOWN = (SandboxError, PatchRejected, TreeUnusable)


def grade(file: Path, task_id: str | None, tree: Path | None, diff: Path, backend: str, settings: list[str], *, as_json: bool) -> int:
    """Grade ``diff`` (``-``: from standard input) on a task; print the verdict and what confirms it.

    Returns 0 for resolved and not doubted, 1 for unresolved or doubted, 2 for an error; with ``as_json`` each prints one JSON object.
    """
    with errors(ERROR):
        try:
            outcome = _outcome(file, task_id, tree, diff, backend, settings)
        except Exception as error:
            reason = str(error) if isinstance(error, _KNOWN) else f"the grader failed: {type(error).__name__}: {error}"
            if as_json:
                print(Outcome(rollout_id="", task_id=task_id or "", verdict="error", reason=reason).model_dump_json(indent=2))
            if isinstance(error, _KNOWN):
                raise
            raise SandboxError(reason, "that is a fault of the grader: report it with the task and the diff") from error
        print(outcome.model_dump_json(indent=2) if as_json else readable(outcome))
        return BELIEVED if outcome.verdict == "resolved" and outcome.confirmation != "doubted" else NOT_BELIEVED
    return ERROR


def _outcome(file: Path, task_id: str | None, tree: Path | None, diff: Path, backend: str, settings: list[str]) -> Outcome:
    """The verdict with its confirmation; every failure of the infrastructure but one in asking for the confirmation is raised."""
    task = read_task(file, task_id)
    text, packed, place, limits = _text(diff), tree_for(task, tree, file), backend_of(backend), limits_of(settings, Limits())
    named = f"diff-{sha256_bytes(text.encode('utf-8', 'surrogateescape'))[:12]}"
    outcome = graded(task, packed, text, place, limits, rollout_id=named, grader_version=version())
    if outcome.verdict != "resolved":
        return outcome
    with DifferentialTester(task, packed, place, limits) as tester:
        return Opinions(task, tester).confirm(outcome, text)[0]


def version() -> str:
    """Of the package, and of all that has a say in a verdict: the grader's sources and those of the in-box server."""
    sources = [sources_of("agentgrader"), sources_of(SERVER)]
    return f"{VERSION}+{hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()[:12]}"


def readable(outcome: Outcome) -> str:
    """A verdict for people: what, why, what confirms it, which tests, what looks like tampering."""
    fixed, broken = outcome.fail_to_pass_fixed, outcome.pass_to_pass_broken
    kept = outcome.pass_to_pass_total - broken
    lines = [
        f"{outcome.verdict}: {outcome.reason}",
        f"  must be mended  {fixed} of {outcome.fail_to_pass_total}",
        f"  must stay whole {kept} of {outcome.pass_to_pass_total}",
    ]
    if outcome.passed_as:
        lines += [f"  {outcome.passed_as}: {outcome.confirmation_reason}", *_counts(outcome)]
    lines += [f"  {t.status:8} {t.test_id}" for t in outcome.tests if t.status != "passed"]
    lines += [f"  tampering: {evidence}" for evidence in outcome.tamper]
    if outcome.verdict == "resolved" and not any(canary.name in asking.NAMES for canary in outcome.canaries):
        lines.append("  no copies of the required tests could be made: canaries and the report are all that speaks for it")
    return "\n".join(lines)


def _counts(outcome: Outcome) -> list[str]:
    return [
        f"  functions of the fix compared {outcome.functions_compared} of {outcome.functions_total}",
        f"  calls compared {outcome.calls_compared}, answered otherwise {outcome.calls_differing}",
        f"  functions beside the fix compared {outcome.regressions_sampled} of {outcome.regressions_total}",
    ]


def _text(diff: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(diff) == "-" else diff.read_bytes()
    except OSError as error:
        raise SandboxError(f"{diff} cannot be read: {error.strerror}", "name a unified diff, or - for standard input") from error
    return data.decode("utf-8", "surrogateescape")
