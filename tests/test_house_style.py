"""Files stay short, nothing names one machine or an index, and the locks pin all that the house needs."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {".git", ".venv", ".trajhub", ".hypothesis", "dist", "__pycache__"}
NOT_TEXT = {".png", ".svg", ".parquet", ".pyc", ".gz", ".zip", ".whl"}
LOCKS = ("requirements.lock", "requirements-bootstrap.lock")
PROJECTS = [ROOT / "pyproject.toml", ROOT / "schema" / "pyproject.toml", *sorted(ROOT.glob("packages/*/pyproject.toml"))]

# Put together from halves, so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?:^|[^a-z.\w])/(?:" + "wor" + "k|far" + "m|ro" + "ot)/[a-z]|/tmp/" + "setup|" + r"\.\./" + "shared")
INDEX_ADDRESS = re.compile("pypi" + r"\.org|python" + r"hosted\.org|registry\.npm" + r"js\.org|index" + r"-url[= ]+\S*/|file:" + "///")


def texts() -> list[Path]:
    """Every text file of the checkout, nothing that is built or stored."""
    found, waiting = [], [ROOT]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.name in LEFT_OUT or path.name.endswith("_cache") or path.is_symlink():
                continue
            if path.is_dir():
                waiting.append(path)
            elif path.suffix not in NOT_TEXT:
                found.append(path)
    return found


def sources() -> list[Path]:
    """Every Python source that is shipped or run."""
    patterns = ("packages/*/src/**/*.py", "schema/src/**/*.py", "assets/**/*.py", "resources/**/*.py", "pipelines/**/*.py")
    return sorted(p for pattern in patterns for p in ROOT.glob(pattern))


def hits(pattern: re.Pattern[str]) -> list[str]:
    """``file:line: text`` of every match."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def pins(lock: str) -> dict[str, set[str]]:
    """Library → versions pinned (more than one where they differ by Python version)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", (ROOT / lock).read_text(), re.M):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def tables() -> dict[str, dict[str, Any]]:
    """Project name → its ``[project]`` table."""
    read = [tomllib.loads(p.read_text())["project"] for p in PROJECTS]
    return {canonicalize_name(t["name"]): t for t in read}


def requirements(table: dict[str, Any]) -> list[Requirement]:
    """Dependencies of a project, those of its extras included."""
    extras = table.get("optional-dependencies", {})
    return [Requirement(r) for r in [*table.get("dependencies", []), *(r for rs in extras.values() for r in rs)]]


def test_every_source_has_at_most_350_lines() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in sources()}
    assert lengths
    assert {name: n for name, n in lengths.items() if n > 350} == {}


def test_nothing_names_a_path_of_one_machine() -> None:
    assert hits(MACHINE_PATH) == []


def test_nothing_names_the_address_of_an_index() -> None:
    assert hits(INDEX_ADDRESS) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_carries_hashes(lock: str) -> None:
    lines = [line for line in (ROOT / lock).read_text().splitlines() if line and not line.startswith("#")]
    entries = " ".join(line.rstrip("\\") for line in lines).replace("     --hash", " --hash")
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads
    assert [h for h in heads if not re.match(r"[a-z0-9][a-z0-9._-]*==\S+", h)] == []
    for head, rest in zip(heads, re.split(r"(?:^| )[a-z0-9][a-z0-9._-]*==", entries)[1:], strict=True):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", rest), head


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_lists_none_of_our_own_packages(lock: str) -> None:
    assert pins(lock).keys() & tables().keys() == set()


@pytest.mark.parametrize("project", PROJECTS, ids=lambda p: p.parent.name)
def test_the_lock_pins_what_a_project_asks_for(project: Path) -> None:
    pinned, ours = pins("requirements.lock"), tables().keys()
    wanted = [r for r in requirements(tomllib.loads(project.read_text())["project"]) if canonicalize_name(r.name) not in ours]
    unmet = [str(r) for r in wanted if not any(v in r.specifier for v in pinned.get(canonicalize_name(r.name), set()))]
    assert unmet == [], "run `make lock`"


def test_the_application_names_no_package_of_ours_as_a_dependency() -> None:
    table = tables()["trajhub"]
    assert {canonicalize_name(r.name) for r in requirements(table)} & tables().keys() == set()


@pytest.mark.parametrize("project", PROJECTS[1:], ids=lambda p: p.parent.name)
def test_a_package_is_ready_to_be_installed_by_others(project: Path) -> None:
    table = tomllib.loads(project.read_text())["project"]
    assert table["license"] == "Apache-2.0"
    assert table["requires-python"] == ">=3.11"
    assert "test" in table["optional-dependencies"]
    assert (project.parent / table["readme"]).read_text().strip()
    assert list(project.parent.glob("src/*/py.typed"))
    assert list(project.parent.glob("tests/test_*.py"))


@pytest.mark.parametrize("page", [p for p in texts() if p.suffix == ".md"], ids=lambda p: str(p.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_a_folder_of_sources_has_few_modules_side_by_side() -> None:
    folders: dict[str, int] = {}
    for source in sources():
        if source.name != "__init__.py":
            folder = str(source.parent.relative_to(ROOT))
            folders[folder] = folders.get(folder, 0) + 1
    assert {name: n for name, n in folders.items() if n > 20} == {}
