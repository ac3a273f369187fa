"""Pulls by the real engine from a registry that misbehaves."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from agentsandbox.errors import BackendUnavailable, ImageUnavailable
from agentsandbox.images import ensure_image
from agentsandbox.images.ledger import Ledger
from agentsandbox.images.pull import classify, pull
from trajtests.fake_registry import Fault, Registry
from trajtests.image_cases import cleaned, engine, silent

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with engine() as found:
        yield found


@pytest.fixture
def registry(client: Any) -> Iterator[Registry]:
    with Registry() as server, cleaned(client, prefix=server.reference("")):
        yield server


def _image(registry: Registry, name: str = "tiny:1") -> str:
    return registry.add(name, [{"a": os.urandom(50_000)}, {"b": os.urandom(300_000)}])


def test_a_pull_tells_of_its_layers(client: Any, registry: Registry) -> None:
    lines: list[str] = []
    reference = _image(registry)
    pull(reference, lines.append)
    assert client.images.get(reference).tags == [reference]
    assert lines[-1] == f"{reference}: 2 of 2 layers"


@pytest.mark.parametrize(
    ("status", "said"),
    [(429, "the stand-in says 429"), (500, "500 Internal Server Error"), (503, "503 Service Unavailable")],
)
def test_what_passes_is_tried_again(client: Any, registry: Registry, status: int, said: str) -> None:
    lines: list[str] = []
    registry.faults.append(Fault("manifest", times=5, status=status, retry_after=1))  # the engine asks twice in a pull
    reference = _image(registry)
    pull(reference, lines.append, pause_s=0.01)
    assert client.images.get(reference)
    assert [line for line in lines if said in line and "trying again" in line]


@pytest.mark.parametrize(
    ("fault", "problem", "remedy"),
    [
        (Fault("manifest", times=99, status=401), "denied", "docker login"),
        (Fault("manifest", times=99, status=403), "denied", "docker login"),
        (Fault("manifest", times=99, status=404), "missing", "check name and tag"),
        (Fault("manifest", times=99, status=429), "rate_limited", "wait, or take a mirror"),
        (Fault("layer", times=99, damaged=True), "damaged", "other bytes"),
        (Fault("manifest", times=99, status=500), "broken", "try again later"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_stays_wrong_names_reference_kind_and_remedy(client: Any, registry: Registry, fault: Fault, problem: str, remedy: str) -> None:
    registry.faults.append(fault)
    reference = _image(registry)
    with pytest.raises(ImageUnavailable, match="cannot be pulled") as caught:
        pull(reference, silent, pause_s=0.01)
    assert (caught.value.reference, caught.value.problem) == (reference, problem)
    assert remedy in caught.value.remedy
    assert reference in str(caught.value)
    assert not client.images.list(reference)


def test_what_cannot_pass_is_not_tried_again(registry: Registry) -> None:
    lines: list[str] = []
    with pytest.raises(ImageUnavailable):
        pull(registry.reference("none:1"), lines.append)
    assert not lines


def test_an_unknown_tag_is_missing(client: Any, registry: Registry) -> None:
    _image(registry)
    with pytest.raises(ImageUnavailable) as caught:
        pull(registry.reference("tiny:2"), silent)
    assert caught.value.problem == "missing"


def test_nobody_at_the_address(client: Any) -> None:
    with pytest.raises(ImageUnavailable, match="after 3 attempts") as caught:
        pull("127.0.0.1:9/none:1", silent, pause_s=0.01)
    assert caught.value.problem == "unreachable"


def test_a_registry_that_says_nothing_is_given_up(client: Any, registry: Registry) -> None:
    registry.faults.append(Fault("manifest", times=99, delay_s=3))
    with pytest.raises(ImageUnavailable, match="nothing came for 1 s") as caught:
        pull(_image(registry), silent, silence_s=1, tries=1)
    assert caught.value.problem == "unreachable"


def test_a_connection_that_breaks_is_taken_up_where_it_broke(client: Any, registry: Registry) -> None:
    registry.faults.append(Fault("layer", cut=0.5))
    reference = _image(registry)
    pull(reference, silent)
    assert client.images.get(reference)
    rest = next(r for r in registry.requests if r.range)
    cut = next(r for r in registry.requests if r.digest == rest.digest and not r.range)
    assert (rest.range, rest.status) == (f"bytes={cut.sent}-", 206)


def test_a_slow_registry_is_waited_for(client: Any, registry: Registry) -> None:
    registry.faults.append(Fault("layer", times=2, delay_s=0.5))
    reference = _image(registry)
    pull(reference, silent)
    assert client.images.get(reference)


def test_several_that_ask_for_one_image_pull_it_once(client: Any, registry: Registry, tmp_path: Path) -> None:
    registry.faults.append(Fault("layer", times=2, delay_s=0.3))
    reference = _image(registry)

    def ask(_: int) -> str:
        with pytest.raises(ImageUnavailable) as caught:  # there, but no box can live in it
            ensure_image(reference, folder=tmp_path)
        return caught.value.problem

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(4))) == {"unfit"}
    assert registry.count("layer") == 2
    (entry,) = Ledger(tmp_path).entries().values()
    assert (entry.name, entry.origin) == (reference, "pulled")


def test_an_image_that_was_there_before_stays_foreign(client: Any, registry: Registry, tmp_path: Path) -> None:
    reference = _image(registry)
    pull(reference, silent)
    with pytest.raises(BackendUnavailable, match=r"no bash, git, python3 \(3.9 or newer\)"):
        ensure_image(reference, folder=tmp_path)
    (entry,) = Ledger(tmp_path).entries().values()
    assert entry.origin == "foreign"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("toomanyrequests: You have reached your pull rate limit", "rate_limited"),
        ("failed to register layer: Error processing tar file(exit status 1): write /x: no space left on device", "no_space"),
        ("Get https://r.example/v2/: dial tcp: lookup r.example: no such host", "unreachable"),
        ("net/http: TLS handshake timeout", "unreachable"),
        ("pull access denied for x, repository does not exist or may require 'docker login': denied: requested access", "denied"),
        ("read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer", "broken"),
        ("unexpected EOF", "broken"),
        ("invalid reference format: repository name must be lowercase", "invalid"),
        ("no such image: a b: invalid reference format", "invalid"),
    ],
)
def test_kinds_of_problems(said: str, problem: str) -> None:
    assert classify(said) == problem
