"""The test frameworks that can be graded. The command that runs the tests says which one it is."""

from collections.abc import Sequence

from agentsandbox.errors import SandboxError

from agentgrader.frameworks.framework import Framework
from agentgrader.frameworks.golang import Go
from agentgrader.frameworks.jest import Jest
from agentgrader.frameworks.nodejs import Node
from agentgrader.frameworks.python import Pytest, Unittest
from agentgrader.frameworks.vitest import Vitest

FRAMEWORKS: tuple[Framework, ...] = (Pytest(), Unittest(), Go(), Node(), Jest(), Vitest())


def framework_of(command: Sequence[str]) -> Framework:
    """The framework that ``command`` starts.

    Raises:
        SandboxError: none that is known; a script (``make test``, ``npm test``) hides which one it is.
    """
    for framework in FRAMEWORKS:
        if framework.runs(command):
            return framework
    raise SandboxError(
        f"the test command {' '.join(command)!r} starts no test runner that is known here",
        "name the runner itself: `python -m pytest`, `python -m unittest`, `go test ./...`, `node --test`, `npx jest` or `npx vitest run`",
    )
