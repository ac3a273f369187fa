"""Validation of a run of candidates of one library on one warm box, and the certificates kept of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from agentgrader.run import opened
from agentsandbox.sandbox import Backend
from trajschema.ids import digest
from trajschema.rollout import Limits
from trajschema.task import Task

from agenttasks.faults.inject import Candidate
from agenttasks.store import TaskStore
from agenttasks.validation.gold import Gold, plain
from agenttasks.validation.trial import TestBench
from agenttasks.validation.validate import Validator
from agenttasks.validation.verdict import Rejected


@dataclass(frozen=True)
class Batch:
    """Candidates of one library, in the order in which they are tried."""

    label: str
    candidates: tuple[Candidate, ...]
    gold: Gold
    wanted: int
    """Stop after so many tasks."""


@dataclass(frozen=True)
class Certificates:
    """Verdicts kept in a store, by candidate, tree, environment and validator."""

    store: TaskStore
    validator_version: str

    def get(self, candidate: Candidate, gold: Gold) -> Task | Rejected | None:
        """The kept verdict; ``None`` where there is none, or one that this code cannot read."""
        kept = self.store.record("certificates", self._key(candidate, gold))
        if not isinstance(kept, dict):
            return None
        try:
            return Task.model_validate(kept["task"]) if "task" in kept else Rejected(**kept["rejected"])
        except (KeyError, TypeError, ValueError):
            return None

    def put(self, candidate: Candidate, gold: Gold, verdict: Task | Rejected) -> None:
        """Keep a verdict."""
        value = {"task": verdict.model_dump(mode="json")} if isinstance(verdict, Task) else {"rejected": asdict(verdict)}
        self.store.put_record("certificates", self._key(candidate, gold), value)

    def _key(self, candidate: Candidate, gold: Gold) -> str:
        return digest([candidate.id, candidate.library.environment(), gold.tree, gold.place, self.validator_version])


def validate_batch(batch: Batch, certificates: Certificates, backend: Backend, limits: Limits) -> Sequence[Task | Rejected]:
    """Verdicts on the first candidates of a batch, in order, up to the wanted number of tasks. Each is kept as soon as it is known.

    Raises:
        agentsandbox.errors.SandboxError: the sandbox failed; what was kept stays.
    """
    verdicts: list[Task | Rejected] = []
    environment = plain(batch.candidates[0].library.environment())
    with opened(backend, limits, environment, trusted=True) as box:
        box.load(certificates.store.tree_bytes(batch.gold.tree))
        validator = Validator(TestBench(box, environment, batch.gold), certificates.store, backend, limits, certificates.validator_version)
        for candidate in batch.candidates:
            if sum(isinstance(verdict, Task) for verdict in verdicts) >= batch.wanted:
                break
            verdict = validator.certify(candidate)
            certificates.put(candidate, batch.gold, verdict)
            verdicts.append(verdict)
    return verdicts
