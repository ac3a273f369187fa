"""An outcome: what the tests said of a diff, computed outside the box that the agent worked in."""

from typing import Literal

from pydantic import Field

from trajschema.record import Part, Record

Verdict = Literal["resolved", "unresolved", "error", "not_evaluated", "claimed"]
TestStatus = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "missing"]


class TestResult(Part):
    """What one required test did."""

    test_id: str
    group: Literal["FAIL_TO_PASS", "PASS_TO_PASS"]
    status: TestStatus


class CanaryResult(Part):
    """A planted test whose verdict is known: a wrong one voids the run."""

    name: str
    expected: Literal["passed", "failed"]
    status: TestStatus


class Outcome(Record):
    """The verdict on a rollout's diff."""

    rollout_id: str
    task_id: str
    verdict: Verdict = Field(description="`claimed` was said by an outside log and has not been re-graded.")
    claimed_resolved: bool | None = Field(None, description="What an outside log says; only with verdict `claimed`.")
    reason: str = Field("", description="Why, in words; always there for error and not_evaluated.")
    fail_to_pass_total: int = Field(0, ge=0)
    fail_to_pass_fixed: int = Field(0, ge=0)
    pass_to_pass_total: int = Field(0, ge=0)
    pass_to_pass_broken: int = Field(0, ge=0)
    tests: tuple[TestResult, ...] = Field((), description="Every FAIL_TO_PASS test, and each PASS_TO_PASS test that did not pass.")
    canaries: tuple[CanaryResult, ...] = ()
    tamper: tuple[str, ...] = Field((), description="Evidence of tampering: what was seen and where.")
    grader_version: str = Field("", description="Version of the grader: fingerprint of its code.")
    diff_sha256: str = Field("", description="SHA-256 of the graded diff.")
    seconds: float | None = Field(None, ge=0, description="Seconds that grading took; not part of the content.", json_schema_extra={"volatile": True})
