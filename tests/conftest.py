"""Fixtures of the end-to-end tests: small projects, and a copy of the sources that may be edited."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from trajruntime.file_lock import locked
from trajtests.projects import Project, copy_checkout, make_project

signal.signal(signal.SIGINT, signal.default_int_handler)  # started in a shell's background it is ignored, also by what tests start


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A small project, not yet run."""
    return make_project(tmp_path / "project")


@pytest.fixture(scope="session")
def finished_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project that has been run once, by the first worker that needs it; tests get copies of it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "finished"
    with locked(shared, "finished"):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make_project(folder / "project").run()
            (folder / "ready").touch()
    return folder / "project"


@pytest.fixture
def finished(finished_template: Path, tmp_path: Path) -> Project:
    """A small project that is up to date."""
    shutil.copytree(finished_template, tmp_path / "finished", symlinks=True)
    return Project(tmp_path / "finished")


@pytest.fixture
def copied_checkout(tmp_path: Path) -> Path:
    """A copy of the sources that a test may edit."""
    return copy_checkout(tmp_path / "checkout")


@pytest.fixture
def chromium() -> str:
    """Path of a Chromium browser; without one the test fails in CI and is skipped elsewhere."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium, and CI must have one")
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found
