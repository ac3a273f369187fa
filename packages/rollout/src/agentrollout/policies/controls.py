"""The controls: the oracle applies the fix, no-op submits at once. They prove the grader."""

from random import Random

from trajschema.rollout import Agent

from agentrollout.driver import AgentSpec
from agentrollout.policies.calls import file_write, shell, submit, turn
from agentrollout.policies.script import Script, Scripted
from agentrollout.policies.testing import run_tests, stated_failures
from agentrollout.policy import GoldView, Policy, TaskView

_PATCH = "/tmp/fix.patch"


def noop(view: TaskView, random: Random) -> Script:
    """Submit without doing anything."""
    yield turn("I change nothing.", submit())


def oracle(view: TaskView, random: Random) -> Policy:
    """The policy that applies the fix.

    Raises:
        TypeError: it was not told the fix.
    """
    if not isinstance(view, GoldView):
        raise TypeError(f"the oracle needs a GoldView, not a {type(view).__name__}")
    return Scripted(_apply, view, random)


def _apply(view: GoldView, random: Random) -> Script:
    tests = stated_failures(view.problem_statement) or view.test_paths
    yield turn(
        "I was given the fix: I write it to a file, apply it and run the tests that failed.",
        file_write(_PATCH, view.gold_patch),
        shell(f"git apply {_PATCH}"),
        run_tests(view, tests, "--tb=short"),
    )
    yield turn("The fix is in place.", submit())


ORACLE = AgentSpec(Agent(name="oracle", control=True), False, oracle, sees_gold=True)
NOOP = AgentSpec(Agent(name="noop", control=True), False, lambda view, random: Scripted(noop, view, random))
