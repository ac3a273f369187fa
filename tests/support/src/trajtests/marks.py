"""A pytest plugin: marks tests by what they need, read off their fixtures, so that `make check` can leave those out; cases a property."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

EXAMPLES = 50
"""Cases of a property where its test names no number."""

BOXES = frozenset(
    {"backend", "quick_backend", "strong_backend", "real_backend", "local", "docker", "bubblewrap", "box", "open_box", "command_environ"}
)
GRAPH = frozenset({"project", "finished", "finished_template"})


def soak_but(kept: int, values: Iterable[Any]) -> list[Any]:
    """Parameters of a test: the first ``kept`` of the values always, the others in soak alone."""
    listed = list(values)
    return [*listed[:kept], *(pytest.param(value, marks=pytest.mark.soak) for value in listed[kept:])]


def pytest_configure() -> None:
    """Half of Hypothesis's cases, in all else its own profile for this place."""
    settings.register_profile("trajtests", parent=settings(), max_examples=EXAMPLES)
    settings.load_profile("trajtests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """``boxes`` for what opens one, ``graph`` for what runs a project through Dagster."""
    for item in items:
        needs = frozenset(getattr(item, "fixturenames", ()))
        module = getattr(item, "module", None)
        if needs & BOXES:
            item.add_marker(pytest.mark.boxes)
        if needs & GRAPH or hasattr(module, "make_project"):
            item.add_marker(pytest.mark.graph)
