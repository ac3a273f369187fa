"""Planted tests with known verdicts: a test run that gets one wrong was tampered with."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from trajschema.outcome import CanaryResult, TestStatus

from agentgrader.report import TestReport

_KINDS = ("failed", "passed", "failed", "passed")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Canaries:
    """Two tests that must fail and two that must pass, under names that nobody can know beforehand."""

    names: tuple[str, ...]

    @property
    def planted(self) -> dict[str, str]:
        """Name → expected status, as :meth:`agentsandbox.sandbox.Sandbox.run_tests` takes it."""
        return dict(zip(self.names, _KINDS, strict=True))

    def disguised(self, report: TestReport) -> TestReport:
        """``report`` with the random names in its notes replaced by lasting ones."""
        notes = []
        for note in report.notes:
            for i, name in enumerate(self.names, 1):
                note = note.replace(f"canary::{name}", f"canary-{i}")
            notes.append(note)
        return replace(report, notes=tuple(notes))

    def results(self, seen: Mapping[str, TestStatus]) -> tuple[CanaryResult, ...]:
        """What they did, under names that are the same in every run."""
        return tuple(
            CanaryResult(name=f"canary-{i}", expected="failed" if kind == "failed" else "passed", status=seen.get(name, "missing"))
            for i, (name, kind) in enumerate(self.planted.items(), 1)
        )


def draw() -> Canaries:
    """New canaries with random names."""
    return Canaries(tuple(f"test_{''.join(secrets.choice(_LETTERS) for _ in range(12))}" for _ in _KINDS))
