"""A small corpus of consistent records, and the release that it makes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from trajschema.manifest import Manifest
from trajtests.release_corpus import Corpus, build_corpus, corpus_of


@pytest.fixture
def make_corpus() -> Callable[..., Corpus]:
    return corpus_of


@pytest.fixture
def build() -> Callable[..., Manifest]:
    return build_corpus


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return corpus_of()


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory, corpus: Corpus) -> Path:
    """A release that no test may change."""
    folder = tmp_path_factory.mktemp("release") / "set"
    build_corpus(folder, corpus)
    return folder
