"""Adapters are found by the names of their files, and asked in an order that does not hang on them."""

import importlib
import subprocess
import sys

import pytest
from agentrecorder.adapters import adapter_module, adapter_of, adapters
from agentrecorder.errors import NoAdapter


def test_a_module_is_named_as_its_format_and_found_by_it() -> None:
    assert len(adapters()) >= 19
    for adapter in adapters():
        assert adapter_of(adapter.name) is adapter
        assert importlib.import_module(adapter_module(adapter.name)).ADAPTER is adapter


def test_each_is_asked_at_a_place_of_its_own() -> None:
    places = [importlib.import_module(adapter_module(adapter.name)).ADAPTER.priority for adapter in adapters()]
    assert places == sorted(set(places))


def test_the_module_of_a_format_is_named_without_an_import_of_any_adapter() -> None:
    told = "import sys; from agentrecorder.adapters import adapter_module; print(adapter_module('openhands'))"
    check = "print(*sorted(m for m in sys.modules if m.startswith('agentrecorder.adapters.')))"
    done = subprocess.run([sys.executable, "-c", f"{told}; {check}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["agentrecorder.adapters.openhands.adapter", "agentrecorder.adapters.adapter"]


def test_a_format_that_nobody_reads_is_refused_with_those_that_are() -> None:
    with pytest.raises(NoAdapter, match=r"'diary'.*aider.*trajhub"):
        adapter_of("diary")
    with pytest.raises(NoAdapter):
        adapter_module("shared")
