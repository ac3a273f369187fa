"""A task: code with a fault, how to run its tests, and which tests tell that the fault is gone."""

from typing import Any, Literal, Self

from pydantic import Field

from trajschema.record import Part, Record


class TaskSource(Part):
    """Where the code comes from, so that a stranger can look it up."""

    kind: Literal["injected", "imported"] = Field(description="A fault put into real code, or a task taken from a benchmark or a user.")
    package: str = Field("", description="Name on the package index; empty where the task does not come from there.")
    version: str = Field("", description="Released version of the package.")
    sha256: str = Field("", description="SHA-256 of the source archive, hexadecimal.")
    licence: str = Field("", description="SPDX expression of the upstream licence.")
    repository: str = Field("", description="Address of the upstream repository.")
    tag: str = Field("", description="Upstream tag of the released version.")
    commit: str = Field("", description="Upstream commit, where it is known.")
    operators: tuple[str, ...] = Field((), description="Fault operators applied, one for each place changed.")


class Needs(Part):
    """What a box must give at least, where the usual limits are too small. 0: the usual limit will do."""

    cpus: float = Field(0, ge=0, description="Processor cores.")
    memory_mb: int = Field(0, ge=0, description="Memory, MiB, tmpfs included.")
    pids: int = Field(0, ge=0, description="Processes.")
    disk_mb: int = Field(0, ge=0, description="Writable space of the repository's folder, MiB.")
    inodes: int = Field(0, ge=0, description="Files, folders and links in each writable folder.")


class Environment(Part):
    """What a box needs to run the task."""

    recipe: str = Field("python", description="Name of the environment recipe; its hash stands in the rollout's provenance.")
    image: str = Field("", description="Container image reference for tasks that bring their own; empty for the recipe's.")
    workdir: str = Field("/testbed", description="Absolute path of the repository in the box.")
    test_command: tuple[str, ...] = Field(
        ("python", "-m", "pytest", "-q"),
        description="Command that runs the whole suite, as arguments. It names the test runner itself, which a script would hide: pytest, "
        "unittest, go test, node --test, jest or vitest.",
    )
    test_paths: tuple[str, ...] = Field(
        (), description="Files or folders handed to the test command, relative to the workdir; empty for all."
    )
    python_path: tuple[str, ...] = Field((), description="Folders put on PYTHONPATH, relative to the workdir.")
    timeout_s: float = Field(60.0, gt=0, description="Limit for one run of the whole suite, seconds.")
    needs: Needs = Field(default_factory=Needs, description="What a box must give at least.")


class Comparability(Part):
    """How much of the fix can be compared from outside of the tests: the gold patch beside itself."""

    functions: int = Field(
        ge=0, description="Functions that the gold patch changes; a file of which it changes only other code counts as one."
    )
    compared: int = Field(ge=0, description="Of these, those whose calls, as tests make them, were answered alike each time.")
    calls: int = Field(ge=0, description="Such calls.")
    not_compared: tuple[str, ...] = Field((), description="The other functions, each with the reason; or why there is none.")

    @property
    def whole(self) -> bool:
        """Whether a pass can be confirmed: every function of the fix can be compared."""
        return 0 < self.functions == self.compared


class Certificate(Part):
    """Proof that the task can be trusted: what the suite said with and without the fault."""

    gold_runs: int = Field(ge=0, description="Times the fixed code was run; every FAIL_TO_PASS and PASS_TO_PASS test passed each time.")
    bug_runs: int = Field(ge=0, description="Times the faulty code was run; every FAIL_TO_PASS test failed each time.")
    tests_seen: int = Field(ge=0, description="Tests collected, the same set in every run of the fixed code.")
    flaky: tuple[str, ...] = Field((), description="Tests whose verdict varied between like runs; in neither list.")
    validator_version: str = Field("", description="Fingerprint of the code that validated the task.")
    comparability: Comparability | None = Field(
        None, description="Whether a pass can be confirmed from outside of the tests; missing where it is not known."
    )


class Task(Record):
    """A task of the pool. The agent starts from the tree in ``base_archive`` with ``bug_patch`` applied; ``gold_patch`` repairs it."""

    task_id: str = Field(description="`<repo>-<12 hex>` from the content: source, fault and environment.")
    source: TaskSource = Field(description="Where the code comes from.")
    repo: str = Field(description="Short name of the repository; releases are split by it.")
    base_commit: str = Field(description="Content hash of the faulty tree that the agent starts from.")
    language: str = Field("python", description="Main language of the code.")
    problem_statement: str = Field(description="What the agent is told.")
    environment: Environment = Field(description="What a box needs to run it.")
    FAIL_TO_PASS: tuple[str, ...] = Field(description="Test ids that fail before the fix and pass after it.")
    PASS_TO_PASS: tuple[str, ...] = Field(description="Test ids that pass before and after the fix.")
    covering_tests: tuple[str, ...] = Field((), description="Tests of PASS_TO_PASS that execute the changed lines.")
    bug_patch: str = Field(
        "", description="Unified diff from the archived tree to the faulty one; empty where the archive is faulty already."
    )
    gold_patch: str = Field(description="Unified diff from the faulty code to the fixed code.")
    test_patch: str = Field("", description="Unified diff of tests that the grader adds; empty where the tests stand in the code.")
    protected_paths: tuple[str, ...] = Field(
        (), description="Glob patterns, relative to the workdir, restored from the base before grading."
    )
    base_archive: str = Field(
        "",
        description="Key of the source tree in the task store: SHA-256 of a tar archive; `bug_patch` on top of it gives the faulty tree.",
    )
    certificate: Certificate | None = Field(None, description="Missing for a task that has not been validated here.")
    certificate_seconds: float | None = Field(None, description="Seconds that validation took; not part of the content.")

    @classmethod
    def ungraded(cls, task_id: str, problem_statement: str, environment: Environment, **known: Any) -> Self:
        """A task of which little more than its words is known: there is nothing to grade with. ``known`` are fields of it."""
        nothing: dict[str, Any] = {"repo": "", "base_commit": "", "FAIL_TO_PASS": (), "PASS_TO_PASS": (), "gold_patch": ""}
        given = {"task_id": task_id, "problem_statement": problem_statement, "environment": environment}
        return cls(source=TaskSource(kind="imported"), **given, **{**nothing, **known})

    @property
    def comparable(self) -> bool:
        """Whether its certificate says that a pass can be confirmed from outside of the tests."""
        known = self.certificate.comparability if self.certificate else None
        return known is not None and known.whole

    @property
    def is_runnable(self) -> bool:
        """Whether its code is here. Of a task that is known from logs alone there is nothing to run, and nothing to grade with."""
        return bool(self.base_archive or self.environment.image)
