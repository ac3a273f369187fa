"""Build a wheel of each package and run its tests alone in an empty environment: ``make wheels``, or names as arguments.

Our own packages that a package needs come from the wheels just built; everything else at the locked version. The
tests are copied away from the checkout, so they see the installed wheel and nothing else.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[4]
UV = str(Path(sys.executable).with_name("uv"))
DIST = ROOT / "dist"
SUPPORT = "trajtests"
"""What tests share; installed beside each package."""
SETTINGS = """[pytest]
addopts = --import-mode=importlib -m "not soak"
markers =
    soak
    docker
    chromium
"""


@dataclass(frozen=True)
class Package:
    """A folder with a pyproject.toml, and which of ours it needs."""

    name: str
    folder: Path
    needs: frozenset[str]


@dataclass(frozen=True)
class Result:
    """How a package did by itself."""

    package: str
    wheel: str
    tests: str
    seconds: float
    passed: bool
    output: str


def packages() -> dict[str, Package]:
    """Schema and packages by name."""
    folders = [ROOT / "schema", ROOT / "tests" / "support", *sorted(p.parent for p in ROOT.glob("packages/*/pyproject.toml"))]
    tables = {folder: tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"] for folder in folders}
    ours = {canonicalize_name(t["name"]) for t in tables.values()}
    found = {}
    for folder, table in tables.items():
        name = canonicalize_name(table["name"])
        extras = table.get("optional-dependencies", {})
        needs = {
            canonicalize_name(Requirement(r).name) for r in [*table.get("dependencies", []), *(r for rs in extras.values() for r in rs)]
        }
        found[name] = Package(name, folder, frozenset(needs & ours - {name}))
    return found


def closure(name: str, known: dict[str, Package]) -> list[str]:
    """``name`` and all of ours that it needs, directly or not."""
    seen: dict[str, None] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen[current] = None
            waiting.extend(sorted(known[current].needs))
    return list(seen)


def build(package: Package) -> Path:
    """The package's wheel in ``dist/``."""
    before = set(DIST.glob("*.whl"))
    subprocess.run(
        [UV, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", str(DIST), str(package.folder)],
        check=True,
    )
    (wheel,) = set(DIST.glob("*.whl")) - before
    return wheel


def install(python: Path, name: str, wheels: dict[str, Path], known: dict[str, Package]) -> subprocess.CompletedProcess[str]:
    """Install the wheel with its test extra into the environment of ``python``."""
    others = [str(wheels[n]) for n in [*closure(name, known)[1:], SUPPORT]]
    command = [UV, "pip", "install", "--quiet", "--python", str(python), "--constraint", str(ROOT / "requirements.lock")]
    return run([*command, f"{wheels[name]}[test]", *others], ROOT)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run with the output kept as one text."""
    return subprocess.run(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
    )


def try_alone(package: Package, wheels: dict[str, Path], known: dict[str, Package]) -> Result:
    """Install the package into a fresh environment and run its tests there."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wheel-") as name:
        folder = Path(name)
        python = folder / "venv" / "bin" / "python"
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], check=True)
        shutil.copytree(package.folder / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        # Its own rootdir and settings: nothing of the checkout's pytest configuration leaks in.
        (folder / "pytest.ini").write_text(SETTINGS)
        done = install(python, package.name, wheels, known)
        if done.returncode == 0:
            done = run([str(python), "-m", "pytest", "-q", "tests"], folder)
    closing = re.findall(r"^\d+ (?:passed|failed|skipped|error).*?(?= in )", done.stdout, re.M)
    return Result(
        package.name,
        wheels[package.name].name,
        closing[-1] if closing else "none",
        time.monotonic() - started,
        done.returncode == 0,
        done.stdout,
    )


def main() -> int:
    """Build all, try the packages named (default: all), print a table. Exit status 1 if any failed."""
    known = packages()
    if unknown := [a for a in sys.argv[1:] if a not in known]:
        print(f"no such package: {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    shutil.rmtree(DIST, ignore_errors=True)
    wheels = {name: build(package) for name, package in known.items()}
    print(f"{'package':<16} {'wheel':<44} {'tests':<34} {'seconds':>7}", flush=True)
    failed = []
    for name in sys.argv[1:] or sorted(known.keys() - {SUPPORT}):
        result = try_alone(known[name], wheels, known)
        print(f"{result.package:<16} {result.wheel:<44} {result.tests:<34} {result.seconds:>7.1f}", flush=True)
        if not result.passed:
            failed.append(result)
    for result in failed:
        print(f"\n{result.package} failed:\n{result.output[-4000:]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
