"""Task environments from recipes, built by the real engine."""

import json
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from agentsandbox.backends import choose
from agentsandbox.errors import ImageUnavailable
from agentsandbox.images import Recipe, ensure_image, ensure_recipe, recipe_image
from agentsandbox.images.ledger import Ledger
from trajschema.rollout import Limits
from trajschema.task import Environment
from trajtests.image_cases import cleaned, engine, left_over, made, names, silent

pytestmark = pytest.mark.docker

DIAL = "import socket; socket.create_connection(('1.1.1.1', 53), 5)"
ATTRS = "attrs==24.2.0 --hash=sha256:81921eb96de3191c8258c199618104dd27ac608d9366f5e35d011eae1867ede2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Any]:
    with engine() as found, cleaned(found, folder):
        yield found


@pytest.fixture(scope="module")
def built(client: Any, folder: Path) -> tuple[Recipe, list[str]]:
    base = made(client, f"FROM {ensure_image(folder=folder).name}\nLABEL one={uuid.uuid4().hex}\n")  # shares no layer with other runs
    recipe = Recipe(base=base, pip=(ATTRS,), commands=("echo made > /etc/made",))
    lines: list[str] = []
    ensure_recipe(recipe, folder=folder, progress=lines.append)
    return recipe, lines


@pytest.mark.soak
def test_a_box_of_a_recipe_has_what_it_asks_for(built: tuple[Recipe, list[str]], folder: Path, tar: Callable[..., bytes]) -> None:
    recipe, _ = built
    image = ensure_image(recipe_image(recipe), folder=folder)
    backend = choose("docker", environments=folder, label="sandboxtest")
    with backend.open(Limits(), Environment(image=image.name)) as box:
        assert (box.provenance.image_digest, box.provenance.recipe_sha256) == (image.digest, image.recipe_sha256)
        assert image.name == f"trajhub-env:{image.recipe_sha256[:12]}"
        box.load(tar({"test_it.py": "import attr\n\n\ndef test_it():\n    assert attr.__version__ == '24.2.0'\n"}))
        assert box.call("shell", {"command": "python -m pytest -q"}).exit_code == 0
        said = box.call("shell", {"command": "python -m pytest -q && python -c 'import attr; print(attr.__version__)' && cat /etc/made"})
        assert (said.exit_code, said.content.split()[-2:]) == (0, ["24.2.0", "made"])


def test_layers_are_shared_and_built_once(built: tuple[Recipe, list[str]], client: Any, folder: Path) -> None:
    recipe, first = built
    lines: list[str] = []
    other = ensure_recipe(
        Recipe(base=recipe.base, pip=recipe.pip, commands=("echo else > /etc/made",)), folder=folder, progress=lines.append
    )
    assert any("fetching wheels" in line for line in first)
    assert not any("fetching wheels" in line for line in lines)
    mine, theirs = (client.images.get(n).attrs["RootFS"]["Layers"] for n in (recipe_image(recipe), other.name))
    assert mine[:-1] == theirs[:-1]
    assert mine[-1] != theirs[-1]
    lines.clear()
    assert ensure_recipe(recipe, folder=folder, progress=lines.append).name == recipe_image(recipe)
    assert lines == []


def test_several_that_ask_for_one_recipe_build_it_once(client: Any, folder: Path) -> None:
    recipe = Recipe(commands=(f"echo {uuid.uuid4().hex} > /etc/made",))
    lines: list[str] = []

    def ask(_: int) -> str:
        return ensure_recipe(recipe, folder=folder, progress=lines.append).digest

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(ask, range(3)))) == 1
    assert len([line for line in lines if "is ready" in line]) == 1


def test_no_index_address_and_no_wheel_enters_the_image(built: tuple[Recipe, list[str]], client: Any) -> None:
    history = json.dumps(client.api.history(recipe_image(built[0])))
    pip = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    addresses = [word for line in listed.splitlines() if "://" in line for word in line.replace("'", " ").split() if "://" in word]
    assert not [a for a in addresses if a in history]
    assert "://" not in history.replace("http://deb.debian.org", "")
    look = "ls /wheels /root/.cache/pip /root/.config/pip /etc/pip.conf 2>/dev/null; find / -xdev -name 'pip.conf' -o -xdev -name '*.whl'"
    said = client.containers.run(recipe_image(built[0]), ["sh", "-c", look], network_disabled=True, remove=True)
    assert said == b""


@pytest.mark.parametrize("mark", ["/opt/env", "/etc/made"])
def test_nothing_else_is_left_behind(client: Any, built: tuple[Recipe, list[str]], mark: str) -> None:
    deadline = time.monotonic() + 60
    while left_over(client, mark) and time.monotonic() < deadline:  # of builds that another worker's test is at
        time.sleep(0.5)
    assert left_over(client, mark) == []


def test_an_image_that_was_removed_is_built_again_by_its_name(built: tuple[Recipe, list[str]], client: Any, folder: Path) -> None:
    name = recipe_image(built[0])
    backend = choose("docker", environments=folder, label="sandboxtest")
    backend.open(Limits(), Environment(image=name)).close()
    client.api.remove_image(name)
    with backend.open(Limits(), Environment(image=name)) as box:
        assert box.call("shell", {"command": "cat /etc/made"}).content.strip() == "made"
    assert Ledger(folder).entries()[client.images.get(name).id].origin == "built"


def test_a_recipe_that_nobody_remembers_is_missing(client: Any, tmp_path: Path) -> None:
    with pytest.raises(ImageUnavailable, match="no recipe of that name") as caught:
        ensure_image("trajhub-env:0123456789ab", folder=tmp_path)
    assert (caught.value.problem, "images build" in caught.value.remedy) == ("missing", True)


@pytest.mark.parametrize(
    ("recipe", "problem", "message"),
    [
        (Recipe(commands=("touch /etc/mark-one", "echo speaking; exit 3")), "broken", "returned a non-zero code: 3 .*speaking"),
        (Recipe(commands=(f"true mark-two; python3 -c {shlex.quote(DIAL)}",)), "broken", "unreachable"),
        (Recipe(pip=("attrs==24.2.0 --hash=sha256:" + "0" * 64,)), "broken", "(?i)hash"),
        (Recipe(pip=("attrs==0.0.1",)), "broken", "attrs==0.0.1"),
        (Recipe(python="3.4", pip=("attrs==24.2.0",)), "unfit", r"has no Python 3\.4 "),
    ],
    ids=["command", "network", "hash", "version", "python"],
)
def test_what_fails_is_said_and_leaves_nothing(client: Any, tmp_path: Path, recipe: Recipe, problem: str, message: str) -> None:
    with pytest.raises(ImageUnavailable, match=message) as caught:
        ensure_recipe(recipe, folder=tmp_path)
    assert caught.value.problem == problem
    assert "://" not in str(caught.value)
    assert left_over(client, "mark-") == []
    assert recipe_image(recipe) not in names(client)


@pytest.mark.soak
def test_packages_of_debian(client: Any, folder: Path, tar: Callable[..., bytes]) -> None:
    image = ensure_recipe(Recipe(apt=("libyaml-0-2", "jq"), workdir="/app"), folder=folder)
    with choose("docker", environments=folder, label="sandboxtest").open(Limits(), Environment(image=image.name, workdir="/app")) as box:
        assert box.call("shell", {"command": "pwd; echo '{}' | jq -c ."}).content.split() == ["/app", "{}"]


@pytest.mark.soak
def test_what_an_image_lacks_can_be_put_on_top_of_it(client: Any, folder: Path) -> None:
    bare = made(client, f"FROM {ensure_image(folder=folder).name}\nRUN mv /usr/bin/git /usr/bin/no-git\n")
    with pytest.raises(ImageUnavailable, match="it has no git"):
        ensure_image(bare, folder=folder)
    image = ensure_recipe(Recipe(base=bare, commands=("mv /usr/bin/no-git /usr/bin/git",)), folder=folder, progress=silent)
    choose("docker", environments=folder, label="sandboxtest").open(Limits(), Environment(image=image.name)).close()
