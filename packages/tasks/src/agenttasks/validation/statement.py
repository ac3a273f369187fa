"""What an agent is told about a task: facts of the failing run, and nothing that gives the fault away."""

import re
from collections.abc import Sequence
from itertools import dropwhile, takewhile

from trajschema.normalise import normalise
from trajschema.task import Environment

from agenttasks.faults.mutation import Mutation
from agenttasks.libraries.library import Library

SHOWN = 5
"""Failing tests that a statement names."""

_SECTION = re.compile(r"(=|-|_){10,}")
_LINES, _CHARACTERS = 6, 500


def problem_statement(
    library: Library, environment: Environment, failing: Sequence[str], output: str, mutations: Sequence[Mutation]
) -> str:
    """The statement of a task.

    ``failing`` are the FAIL_TO_PASS tests in suite order, ``output`` what pytest printed when it ran the first of them alone with
    ``--tb=native``.
    Each named test stands on a line of its own, ``FAIL <test id>``.
    """
    shown = failing[:SHOWN]
    parts = [
        f"{len(failing)} {'test' if len(failing) == 1 else 'tests'} of {library.release} should pass and "
        f"{'does' if len(failing) == 1 else 'do'} not. Find what is wrong in the code and repair it. Do not change the tests.",
        "\n".join(f"FAIL {test}" for test in shown) + (f"\n(and {len(failing) - SHOWN} more)" if len(failing) > SHOWN else ""),
    ]
    message = failure_message(output, mutations)
    if message:
        parts.append("The first of them says:\n" + "\n".join(f"    {line}" for line in message))
    command = " ".join([*environment.test_command, *environment.test_paths])
    parts.append(f"Run all tests with: {command}")
    return "\n\n".join(parts) + "\n"


def failure_message(output: str, mutations: Sequence[Mutation]) -> list[str]:
    """The assertion or exception at the end of a Python traceback. Lines that name a changed file are left out."""
    found = [line.strip() for line in _exception(output.splitlines())]
    secret = {part for m in mutations for part in (m.path, m.path.rpartition("/")[2])}
    kept = [normalise(line) for line in found if line and not any(word in line for word in secret)]
    lines: list[str] = []
    for line in kept[:_LINES]:
        if sum(map(len, lines)) + len(line) > _CHARACTERS:
            break
        lines.append(line)
    return lines


def _exception(lines: Sequence[str]) -> list[str]:
    """What stands between the last frame of the last traceback and pytest's next section."""
    frames = [index for index, line in enumerate(lines) if line.startswith('  File "')]
    if not frames:
        return []
    after = list(dropwhile(lambda line: line.startswith("    "), lines[frames[-1] + 1 :]))
    return list(takewhile(lambda line: not _SECTION.match(line), after))
