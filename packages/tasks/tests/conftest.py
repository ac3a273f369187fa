"""Backends, stores and a small library for the tests of this package."""

import os
import tempfile
from pathlib import Path

import pytest
from agentsandbox.backends import choose
from agentsandbox.box import Backend
from agentsandbox.errors import BackendUnavailable
from agenttasks.library import Library
from agenttasks.store import TaskStore
from tasks_shapes import FLAKY, TESTS, shapes_library

ENVIRONMENTS = Path(os.environ.get("TRAJHUB_TEST_ENVIRONMENTS", Path(tempfile.gettempdir()) / "agenttasks-test-environments"))


@pytest.fixture
def store(tmp_path: Path) -> TaskStore:
    return TaskStore(tmp_path / "store")


@pytest.fixture
def shapes(store: TaskStore) -> Library:
    return shapes_library(store)


@pytest.fixture
def flaky_shapes(store: TaskStore) -> Library:
    return shapes_library(store, TESTS + FLAKY)


@pytest.fixture(scope="session")
def local() -> Backend:
    return _backend("local")


@pytest.fixture(params=["local", "docker"])
def real_backend(request: pytest.FixtureRequest) -> Backend:
    return _backend(request.param)


def _backend(name: str) -> Backend:
    try:
        return choose(name, environments=ENVIRONMENTS, label="agenttasks-test")  # type: ignore[arg-type]
    except BackendUnavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
