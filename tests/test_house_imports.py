"""Imports run one way, and between packages only along the edges that are allowed."""

import os
import subprocess
import sys
import tomllib
from itertools import permutations
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = ROOT / "pyproject.toml"
GROUND = ("trajschema", "trajruntime")
ROOMS = ("pipelines", "assets", "resources")
PACKAGE_EDGES = {
    ("agentgrader", "agentsandbox"),
    ("agenttasks", "agentsandbox"),
    ("agenttasks", "agentgrader"),
    ("agenttasks", "agentllm"),
    ("agentrollout", "agenttasks"),
    ("agentrollout", "agentsandbox"),
    ("agentrollout", "agentrecorder"),
    ("agentrollout", "agentllm"),
    ("agentreward", "agentllm"),
    ("agentreward", "agentview"),
    ("agentrelease", "agentview"),
    ("agentrelease", "agentreward"),
}


def house() -> list[str]:
    return tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["root_packages"]


def allowed(importer: str, imported: str) -> bool:
    if importer in ROOMS:
        return imported not in ROOMS or ROOMS.index(importer) < ROOMS.index(imported)
    return importer not in GROUND and (imported in GROUND or (importer, imported) in PACKAGE_EDGES)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", str(PYPROJECT), "--no-cache"]
    return subprocess.run(command, cwd=folder, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True, check=False)


def build(folder: Path, edges: list[tuple[str, str]]) -> None:
    """A house of empty packages whose modules ``to_X`` import X."""
    for name in house():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("")
    for importer, imported in edges:
        (folder / importer / f"to_{imported}.py").write_text(f"import {imported}\n")


def test_the_house_keeps_its_contracts() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_is_under_contract() -> None:
    packages = {p.name for pattern in ("schema/src/*", "packages/*/src/*") for p in ROOT.glob(pattern) if (p / "__init__.py").exists()}
    assert set(house()) == packages | set(ROOMS)


def test_allowed_imports_pass(tmp_path: Path) -> None:
    edges = [(a, b) for a, b in permutations(house(), 2) if allowed(a, b)]
    build(tmp_path, [*edges, ("assets", "dagster")])
    done = lint(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_other_import_is_refused(tmp_path: Path) -> None:
    edges = [(a, b) for a, b in permutations(house(), 2) if not allowed(a, b)]
    edges += [(name, "dagster") for name in house() if name not in ROOMS]
    build(tmp_path, edges)
    done = lint(tmp_path)
    assert done.returncode != 0
    unnoticed = [(a, b) for a, b in edges if f"{a}.to_{b} -> {b}" not in done.stdout]
    assert unnoticed == [], done.stdout
