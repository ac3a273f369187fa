"""Only what bash would merely split into words is served by the fork server."""

import pytest
from agentsandbox.server.commands import pytest_command


@pytest.mark.parametrize(
    ("command", "variables", "arguments"),
    [
        ("python -m pytest", {}, []),
        ("  python3 -m pytest -q tests/a.py::t ", {}, ["-q", "tests/a.py::t"]),
        ("PYTHONPATH=src:lib A= python -m pytest -k 'a or b'", {"PYTHONPATH": "src:lib", "A": ""}, ["-k", "a or b"]),
        ('python -m pytest "tests/a.py::t[x y]" t.py::u[1-2]', {}, ["tests/a.py::t[x y]", "t.py::u[1-2]"]),
        ("python -m pytest '-k$x'", {}, ["-k$x"]),
    ],
)
def test_plain(command: str, variables: dict[str, str], arguments: list[str]) -> None:
    assert pytest_command(command, "/") == ("python3" if "python3" in command else "python", variables, arguments)


@pytest.mark.parametrize(
    "command",
    [
        "python -m pytest | tail",
        "python -m pytest > x",
        "python -m pytest 2>&1",
        "cd tests && python -m pytest",
        "python -m pytest tests/*.py",
        "python -m pytest $X",
        'python -m pytest "$X"',
        "python -m pytest `x`",
        "python -m pytest {a,b}",
        "python -m pytest ~/x",
        "python -m pytest # all",
        "python -m pytest\nls",
        "python -m pytest 'open",
        "python -m pytester",
        "python x.py",
        "PYTHONHASHSEED=1 python -m pytest",
        "LD_PRELOAD=x python -m pytest",
        "PATH=. python -m pytest",
        "TZ=CET python -m pytest",
        "env X=1 python -m pytest",
        "",
    ],
)
def test_not_plain(command: str) -> None:
    assert pytest_command(command, "/") is None
