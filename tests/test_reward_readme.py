"""What the README prints is what comes out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "packages" / "reward" / "README.md").read_text(encoding="utf-8")
COMMANDS = ("score fix.json", "compare fix.json cheat.json", "explain fix.json --html why.html")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the first example of the README has run."""
    (example,) = re.findall(r"```python\n(import json.*?)```", README, re.DOTALL)
    subprocess.run([sys.executable, "-c", example], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_says_what_stands_there(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    done = subprocess.run([sys.executable, "-m", "agentreward", *command.split()], cwd=folder, check=True, capture_output=True, text=True)
    said = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    assert f"$ agentreward {command}\n{said}\n" in README
