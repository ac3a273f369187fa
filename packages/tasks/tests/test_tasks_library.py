"""The table of libraries: pinned, licensed, traceable."""

import re

import pytest
from agenttasks.errors import UnknownLibrary
from agenttasks.libraries.library import libraries, library, read_libraries


def test_at_least_six_libraries_are_pinned_with_licence_and_origin() -> None:
    assert len(libraries()) >= 6
    for name, entry in libraries().items():
        assert re.fullmatch(r"[a-z0-9_]+", name)
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert entry.version in entry.tag
        assert entry.repository.startswith("https://")
        assert entry.licence in ("MIT", "BSD-3-Clause")
        assert entry.sources
        assert entry.tests


def test_tests_and_start_up_files_are_protected() -> None:
    protected = library("humanize").protected_paths()
    assert {"tests/test_lists.py", "pytest.ini", "**/conftest.py", "**/sitecustomize.py"} <= set(protected)
    assert "toolz/tests/**" in library("toolz").protected_paths()


def test_an_unknown_library_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownLibrary, match=r"'cachetool'.*cachetools"):
        library("cachetool")


def test_an_entry_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        read_libraries('[[library]]\nname = "x"\ncolour = "red"\n')
