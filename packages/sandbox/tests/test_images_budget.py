"""Which images go when they take too much: decided on records, done on the real engine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agentsandbox.images.budget import evict, prune, total, victims
from agentsandbox.images.inventory import Held, inventory, listed
from agentsandbox.images.ledger import Ledger, Origin
from agentsandbox.images.pull import pull
from agentsandbox.images.show import table
from trajtests.fake_registry import Registry
from trajtests.image_cases import cleaned, engine, silent

MB = 1_000_000


def _held(name: str, layers: dict[str, int], last_use: float, origin: Origin = "built", in_use: bool = False) -> Held:
    return Held(name, (name,), origin, "", last_use, in_use, layers, tuple(layers))


BASE = _held("base", {"b": 50}, 0)
OLD = _held("old", {"b": 50, "o": 30}, 1)
NEW = _held("new", {"b": 50, "n": 20}, 2)


def test_shared_layers_count_once() -> None:
    assert total([BASE, OLD, NEW]) == 100


def test_the_least_recently_used_goes_first_and_no_more_than_needed() -> None:
    assert victims([BASE, OLD, NEW], 100) == []
    assert victims([BASE, OLD, NEW], 99) == [OLD]
    assert victims([BASE, OLD, NEW], 69) == [OLD, NEW]


def test_a_base_goes_only_after_all_that_stand_on_it() -> None:
    assert victims([BASE, OLD, NEW], 0) == [OLD, NEW, BASE]
    assert victims([BASE, _held("kept", {"b": 50, "k": 5}, 9, in_use=True)], 0) == []
    assert victims([BASE, _held("theirs", {"b": 50, "k": 5}, 9, origin="foreign")], 0) == []


def test_what_is_in_use_asked_for_or_not_ours_stays() -> None:
    used = _held("used", {"u": 40}, 0, in_use=True)
    theirs = _held("theirs", {"t": 500}, 0, origin="foreign")
    others = _held("others", {"e": 500}, 0, origin="elsewhere")
    assert victims([used, theirs, others, OLD], 0, keep="old") == []
    assert victims([used, theirs, others, OLD], 0) == [OLD]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with engine() as found:
        yield found


@pytest.fixture
def registry(client: Any) -> Iterator[Registry]:
    with Registry() as server, cleaned(client, prefix=server.reference("")):
        yield server


def _pulled(client: Any, registry: Registry, ledger: Ledger, name: str, layers: list[dict[str, bytes]], last_use: float) -> str:
    reference = registry.add(name, layers)
    pull(reference, silent)
    ledger.note(client.images.get(reference).id, reference, origin="pulled", last_use=last_use)
    return reference


@pytest.mark.docker
def test_sizes_are_those_of_the_engine(client: Any, registry: Registry, tmp_path: Path) -> None:
    shared = {"s": os.urandom(2 * MB)}
    ledger = Ledger(tmp_path)
    for name, own in (("one", 1), ("two", 3)):
        _pulled(client, registry, ledger, f"{name}:1", [shared, {name: os.urandom(own * MB)}], 0)
    ours = listed(tmp_path)
    said = {i["Id"]: i for i in client.df()["Images"]}
    assert [i.size for i in ours if i.origin == "pulled"] == [said[i.digest]["Size"] for i in ours if i.origin == "pulled"]
    mine = [i for i in ours if i.origin == "pulled"]
    unique = sum(said[i.digest]["Size"] - said[i.digest]["SharedSize"] for i in mine)
    assert total(mine) == unique + said[mine[0].digest]["SharedSize"] == 6 * MB


@pytest.mark.docker
def test_eviction_on_the_engine(client: Any, registry: Registry, tmp_path: Path) -> None:
    shared = {"s": os.urandom(2 * MB)}
    ledger = Ledger(tmp_path)
    base = _pulled(client, registry, ledger, "base:1", [shared], 1)
    old = _pulled(client, registry, ledger, "old:1", [shared, {"o": os.urandom(MB)}], 2)
    used = _pulled(client, registry, ledger, "used:1", [{"u": os.urandom(MB)}], 0)
    new = _pulled(client, registry, ledger, "new:1", [shared, {"n": os.urandom(MB)}], 3)
    foreign = registry.add("foreign:1", [{"f": os.urandom(MB)}])
    pull(foreign, silent)
    box = client.api.create_container(used, command=["/x"])["Id"]
    try:
        would = prune(tmp_path, 0.004, dry_run=True)
        assert ([i.names for i in would.images], would.before, would.after) == ([(old,)], 5 * MB, 4 * MB)
        assert _there(client, base, old, used, new, foreign) == {base, old, used, new, foreign}
        lines: list[str] = []
        assert [i.names for i in evict(client, ledger, 0.004, progress=lines.append)] == [(old,)]
        assert old in lines[0]
        assert _there(client, base, old, used, new, foreign) == {base, used, new, foreign}
        assert [i.names[0] for i in prune(tmp_path).images] == [new, base]
        assert _there(client, base, old, used, new, foreign) == {used, foreign}
        assert {e.name for e in ledger.entries().values()} == {used}
        text = table([i for i in inventory(client, ledger) if i.names == (used,)])
        assert [line.split()[-4:-2] for line in text.splitlines()[1:2]] == [["pulled", "yes"]]
    finally:
        client.api.remove_container(box, force=True)


@pytest.mark.docker
def test_a_name_that_somebody_else_gave_protects_an_image(client: Any, registry: Registry, tmp_path: Path) -> None:
    reference = _pulled(client, registry, Ledger(tmp_path), "mine:1", [{"m": os.urandom(MB)}], 0)
    client.images.get(reference).tag(f"{reference[:-2]}:precious")
    assert prune(tmp_path).images == ()
    assert len(client.images.get(reference).tags) == 2


def _there(client: Any, *references: str) -> set[str]:
    return {r for r in references if client.images.list(r)}


def test_a_ledger_that_is_damaged_counts_as_empty(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.note("sha256:1", "a:1")
    (tmp_path / "images.json").write_text("{")
    assert ledger.entries() == {}
    assert ledger.note("sha256:2", "b:1").name == "b:1"
