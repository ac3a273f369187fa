"""What validation says of a candidate that does not become a task."""

from dataclasses import dataclass
from typing import Literal

Why = Literal[
    "does_not_compile",
    "not_executed",
    "survives",
    "tests_lost",
    "timed_out",
    "too_broad",
    "no_guard",
    "idle_place",
    "flaky",
    "not_restored",
]
"""Reasons: the changed file is no Python; fewer than two tests execute the change; every test still passes; the run lost tests or
broke off; it ran too long; too many tests fail; every test that executes the change fails, so none guards it; one of several places
has no failing test of its own; two runs differ; the gold patch does not give the pristine tree back."""


@dataclass(frozen=True)
class Rejected:
    """A candidate that is no task, and why."""

    candidate_id: str
    why: Why
    detail: str

    @property
    def reason(self) -> str:
        """Both in one line."""
        return f"{self.why}: {self.detail}"
