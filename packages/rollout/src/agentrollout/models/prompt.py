"""What a language model is told: who it is, the task, the results of its calls, and one line for each result too old to repeat."""

from trajschema.trajectory import Observation

from agentrollout.policy import TaskView

SYSTEM = """\
You are a software engineer. You repair a fault in a repository that lies in a sandbox, and you act only through the tools.

- In every turn, call at least one tool. A turn without a call does nothing.
- Look before you change: find the code that the problem is about and read it. Reproduce the fault if you can.
- Change as little as the problem needs, in the sources. Leave the tests as they are: others will judge your work by theirs.
- Run the tests that bear on your change.
- When you are done, call submit. What then stands in the repository is your answer. There is nobody to ask.
"""


def opening(view: TaskView) -> str:
    """The first message: the problem and where it is."""
    tests = " ".join([*view.test_command, *view.test_paths])
    where = f"The repository is in {view.workdir}. Its tests run with `{tests}`. You have {view.steps} turns."
    return f"{view.problem_statement.rstrip()}\n\n{where}"


def shown(observation: Observation) -> str:
    """The result of a call: content, error, exit status."""
    parts = [observation.content.rstrip("\n")]
    if observation.error and observation.error not in observation.content:
        parts.append(f"error: {observation.error}")
    if observation.exit_code:
        parts.append(f"exit status: {observation.exit_code}")
    return "\n".join(part for part in parts if part) or "(no output)"


def folded(text: str) -> str:
    """One line in place of an old answer of several lines."""
    lines = text.count("\n") + 1
    return text if lines == 1 else f"[{lines} lines of output are left out here; call again to see them]"
