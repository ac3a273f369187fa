"""Set-up says what is missing and how to get it, before it touches anything."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OLD = "#!/bin/sh\ncase $1 in --version) echo Python 3.9.2;; *) exit 1;; esac\n"
NO_ENSUREPIP = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; *) exit 0;; esac\n'


def set_up(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a folder of its own, so that this checkout's .venv is out of reach."""
    (folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", folder / "scripts")
    command = ["sh", str(folder / "scripts" / "setup.sh")]
    return subprocess.run(command, env=os.environ | {"PYTHON": python}, capture_output=True, text=True, check=False)


def fake(folder: Path, script: str) -> str:
    path = folder / "python"
    path.write_text(script)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "said"),
    [(OLD, ["3.11 or newer", "Python 3.9.2", "make setup PYTHON="]), (NO_ENSUREPIP, ["ensurepip", "apt-get install python3-venv"])],
    ids=["too old", "no ensurepip"],
)
def test_a_python_that_will_not_do_costs_one_clear_line(tmp_path: Path, script: str, said: list[str]) -> None:
    done = set_up(tmp_path, fake(tmp_path, script))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert [part for part in said if part not in done.stderr] == []
    assert not (tmp_path / ".venv").exists()


def test_no_python_at_all_is_said_too(tmp_path: Path) -> None:
    done = set_up(tmp_path, "no-such-python")
    assert done.returncode == 1
    assert "nothing that runs" in done.stderr


def test_make_alone_lists_the_targets() -> None:
    done = subprocess.run(["make", "--no-print-directory", "-C", str(ROOT)], capture_output=True, text=True, check=True)
    for target in ("setup", "demo", "dev", "check", "test", "soak", "lint", "types", "bench", "wheels", "schema", "lock", "clean"):
        assert f"make {target} " in done.stdout
