"""An outcome: what the tests said of a diff, computed outside the box that the agent worked in."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal, get_args

from pydantic import Field

from trajschema.record import Part, Record

Verdict = Literal["resolved", "unresolved", "error", "not_evaluated", "claimed"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Confirmation = Literal["confirmed", "doubted", "unconfirmed"]
CONFIRMATIONS: tuple[Confirmation, ...] = get_args(Confirmation)
TestStatus = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "missing"]


class TestResult(Part):
    """What one required test did."""

    test_id: str = Field(description="Id of the test.")
    group: Literal["FAIL_TO_PASS", "PASS_TO_PASS"] = Field(description="List of the task that it stands in.")
    status: TestStatus = Field(description="What it did; `missing` if the report does not name it.")


class CanaryResult(Part):
    """A planted test whose verdict is known: a wrong one voids the run."""

    name: str = Field(description="Random name of the planted test.")
    expected: Literal["passed", "failed"] = Field(description="What an honest run reports.")
    status: TestStatus = Field(description="What was reported.")


class Difference(Part):
    """A call that a diff answers otherwise than the gold patch does. Values are Python-like text, shortened."""

    function: str = Field(description="Path of the file and qualified name, `path::name`.")
    arguments: str = Field(description="What it was called with.")
    origin: Literal["recorded", "mutated"] = Field(description="Whether a test calls it so, or the arguments were varied from such a call.")
    what: Literal["result", "raised", "argument", "no answer", "text", "printed", "again", "order or sharing", "state"] = Field(
        description="Where they differ: in what is returned, in whether it raises, in an argument that the call changed; or no answer. "
        "Or in a detail: what an error says, what is printed, whether the same call returns the same once more, the order of a "
        "dictionary, what is one and the same object, how much of an iterator is read, what modules hold afterwards."
    )
    gold: str = Field(description="What the gold patch does.")
    candidate: str = Field(description="What the diff does.")
    firm: bool = Field(
        True,
        description="Whether it tells against the diff: false on a varied call outside the types and values that tests use, "
        "where only type or text of an error differ, and in any detail.",
    )

    @property
    def sentence(self) -> str:
        """The call and what both sides make of it, in words."""
        verb = {"argument": " leaves its argument as", "printed": " prints", "again": " returns", "state": " leaves"}.get(self.what, "")
        return f"{self.function}({self.arguments}){verb}: {self.candidate}, gold patch {self.gold}"


class ComparedFunction(Part):
    """What became of one function in differential testing."""

    name: str = Field(description="Path of the file and qualified name, `path::name`.")
    changed_by: Literal["gold", "diff", "both", "neither"] = Field(
        description="Which patch changes it; neither is a function sampled beside."
    )
    compared: int = Field(ge=0, description="Calls of it whose answers were compared.")
    differing: int = Field(0, ge=0, description="Of these, answered otherwise.")
    not_compared: str = Field("", description="Why no call was compared; empty where one was.")


class Differential(Part):
    """A second opinion on a diff: edited functions called under the gold patch and under the diff. A flag, no verdict."""

    functions: tuple[str, ...] = Field(description="Functions looked at, as `path::name`.")
    by_function: tuple[ComparedFunction, ...] = Field((), description="What became of each.")
    recorded: int = Field(ge=0, description="Distinct calls recorded while the tests ran under the gold patch.")
    compared: int = Field(ge=0, description="Calls whose answers were compared, those with varied arguments included.")
    differing: int = Field(ge=0, description="Of these, answered otherwise.")
    differences: tuple[Difference, ...] = Field((), description="A few of them as evidence.")
    called_beside: int = Field(0, ge=0, description="Functions beside those that the gold patch changes which PASS_TO_PASS tests call.")
    not_compared: tuple[str, ...] = Field((), description="Where it could not look, and why.")
    unreached: tuple[str, ...] = Field(
        (), description="Code of the diff that is not the gold patch's and that no compared call reaches, as `path:line`."
    )
    surroundings: tuple[str, ...] = Field(
        (), description="Where new code asks its surroundings more than base and gold patch do, as `path:line: what: by what name`."
    )


class Outcome(Record):
    """The verdict on a rollout's diff."""

    rollout_id: str = Field(description="Rollout whose diff was graded.")
    task_id: str = Field(description="Task it was graded on.")
    verdict: Verdict = Field(description="`claimed` was said by an outside log and has not been re-graded.")
    claimed_resolved: bool | None = Field(None, description="What an outside log says, beside the verdict; missing where none does.")
    reason: str = Field("", description="Why, in words; always there for error and not_evaluated.")
    fail_to_pass_total: int = Field(0, ge=0, description="FAIL_TO_PASS tests of the task.")
    fail_to_pass_fixed: int = Field(0, ge=0, description="Of these, passed.")
    pass_to_pass_total: int = Field(0, ge=0, description="PASS_TO_PASS tests of the task.")
    pass_to_pass_broken: int = Field(0, ge=0, description="Of these, not passed.")
    tests: tuple[TestResult, ...] = Field((), description="Every FAIL_TO_PASS test, and each PASS_TO_PASS test that did not pass.")
    canaries: tuple[CanaryResult, ...] = Field((), description="Planted tests and what became of them.")
    tamper: tuple[str, ...] = Field((), description="Evidence of tampering: what was seen and where.")
    differential: Differential | None = Field(None, description="The second opinion on a resolved diff; missing where none was asked for.")
    confirmation: Confirmation | None = Field(
        None,
        description="What was found from outside the judged process of a resolved diff: `confirmed`, every function that either patch "
        "changes was compared, none differs, calls reach all new code, and it asks nothing of its surroundings; `doubted`, something tells "
        "against it; `unconfirmed`, it could not be compared, or not where it is used. "
        "Missing for any other verdict.",
    )
    confirmation_reason: str = Field("", description="Why, in words; always there beside a confirmation.")
    functions_total: int = Field(0, ge=0, description="Functions that the gold patch changes.")
    functions_compared: int = Field(0, ge=0, description="Of these, compared on at least one recorded call.")
    calls_compared: int = Field(0, ge=0, description="Calls whose answers were compared, those of other functions included.")
    calls_differing: int = Field(0, ge=0, description="Of these, answered otherwise than under the gold patch.")
    regressions_total: int = Field(0, ge=0, description="Functions beside those of the fix that PASS_TO_PASS tests call.")
    regressions_sampled: int = Field(0, ge=0, description="Of these, compared: all that the diff changes, and some of the rest.")
    grader_version: str = Field("", description="Version of the grader: fingerprint of its code.")
    diff_sha256: str = Field("", description="SHA-256 of the graded diff.")
    seconds: float | None = Field(None, ge=0, description="Seconds that grading took; not part of the content.")

    @property
    def passed_as(self) -> Confirmation | None:
        """What its pass counts as; nothing if it is not resolved. One graded before confirmations were asked for is unconfirmed."""
        return (self.confirmation or "unconfirmed") if self.verdict == "resolved" else None


def confirmation_counts(outcomes: Iterable[Outcome]) -> dict[Confirmation, int]:
    """How many of the resolved ``outcomes`` are confirmed, doubted and unconfirmed, in this order."""
    counts = Counter(outcome.passed_as for outcome in outcomes)
    return {word: counts[word] for word in CONFIRMATIONS}
