"""Run a task's tests in a box, and read what they did from a report that no printed text can forge."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from agentsandbox.sandbox import Backend, Sandbox
from trajschema.rollout import Limits
from trajschema.task import Environment

from agentgrader.frameworks import framework_of
from agentgrader.frameworks.framework import PROBE, Job, TestBox
from agentgrader.report import TestReport


@contextmanager
def opened(backend: Backend, limits: Limits, environment: Environment, trusted: bool = False) -> Iterator[Sandbox]:
    """A box (see :meth:`agentsandbox.sandbox.Backend.open`) that gets ready to run tests while it is being loaded."""
    with backend.open(limits, environment, trusted) as box:
        box.install(PROBE)
        yield box


def run_tests(
    box: Sandbox,
    environment: Environment,
    paths: Sequence[str] = (),
    *,
    ids: Sequence[str] = (),
    canaries: Mapping[str, str] | None = None,
    lines_of: Sequence[str] = (),
    plain: bool = False,
    timeout_s: float | None = None,
) -> TestReport:
    """Run ``ids``, else ``paths``, else the test paths of ``environment``, once.

    ``environment`` names the test command, and the seconds after which the run is ended where ``timeout_s`` does not. ``canaries`` maps
    names of planted tests to ``passed`` or ``failed``. ``lines_of`` names folders or files whose executed lines are recorded for
    each test. ``plain`` runs assertions as they are: large modules start sooner, and failures say less.

    Raises:
        SandboxError: the box lacks the test runner, or the test command is of no runner that is known here.
    """
    inward = box.layout.paths.inward
    job = Job(
        command=tuple(inward(a) for a in environment.test_command),
        paths=tuple(map(inward, paths or environment.test_paths)),
        ids=tuple(ids),
        canaries=dict(canaries or {}),
        lines_of=tuple(lines_of),
        timeout_s=timeout_s or environment.timeout_s,
        plain=plain,
    )
    report = framework_of(environment.test_command).run(TestBox(box), job)
    return replace(report, output=box.layout.paths.outward_text(report.output))
