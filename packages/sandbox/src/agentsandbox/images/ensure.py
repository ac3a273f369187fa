"""Have an image ready: ours, a recipe's, or one of a registry."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound
from trajruntime import atomic
from trajruntime.file_lock import locked

from agentsandbox.cache import default_folder
from agentsandbox.errors import BackendUnavailable, ImageUnavailable
from agentsandbox.images import base, base_recipe
from agentsandbox.images.budget import evict
from agentsandbox.images.build import build
from agentsandbox.images.engine import engine
from agentsandbox.images.ledger import Ledger, Origin
from agentsandbox.images.probe import OLDEST, Found, Interpreter, labels, probe
from agentsandbox.images.pull import REMEDY, classify, pull
from agentsandbox.images.recipe import LABEL, REPOSITORY, Layer, Recipe, dockerfile, layers
from agentsandbox.images.wheels import fetch

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Image:
    """An image that is there, and what a box must know of it."""

    name: str
    digest: str
    """Id of the image: ``sha256:`` and 64 digits."""
    recipe_sha256: str
    """Hash of the recipe; empty for an image that somebody else made."""
    path: str
    """PATH for the agent: the image's, with its task environment first if it has one; empty if it sets none."""
    python: str = "python3"
    """Interpreter for the server, 3.9 or newer."""
    older: str = ""
    """The interpreter that the agent gets, where it is older than that; empty if it is the server's."""
    variables: tuple[tuple[str, str], ...] = ()
    """Other environment variables of the image."""


def _silent(line: str) -> None:
    pass


def ensure_image(
    reference: str | None = None,
    *,
    folder: Path | None = None,
    progress: Progress = _silent,
    budget_gb: float | None = None,
    label: str = "trajhub",
) -> Image:
    """The image ``reference``, pulled if need be; without one the base image, built if need be.

    The name of a recipe's image that was built before and has been removed since builds it again. Several that ask for one
    image wait for one pull or build. ``folder`` holds locks, recipes and the record of last uses (the user's cache by
    default). With ``budget_gb`` what has not been used for longest makes room for what is new (see :mod:`agentsandbox.images.budget`).
    Containers started to inspect an image carry ``label``.

    Raises:
        ImageUnavailable: no such image, or it cannot be pulled or built, or no box can live in it.
        BackendUnavailable: no engine, or no way to build the base image here.
    """
    place = folder or default_folder()
    with engine() as client:
        image = _ensured(client, reference or base_recipe.recipe_name(), place, progress, label)
        if budget_gb is not None:
            evict(client, Ledger(place), budget_gb, keep=image.digest, progress=progress)
        return image


def ensure_recipe(
    recipe: Recipe, *, folder: Path | None = None, progress: Progress = _silent, budget_gb: float | None = None, label: str = "trajhub"
) -> Image:
    """The image of a recipe, its missing layers built; its name is what an environment names (see :func:`ensure_image`).

    Raises:
        ImageUnavailable: the base cannot be had, lacks what the recipe needs, or a layer cannot be built.
        BackendUnavailable: no engine, or no way to build the base image here.
    """
    place = folder or default_folder()
    name = recipe_image(recipe)
    if recipe != Recipe(base=recipe.base):
        atomic.write_text(_recipe_file(place, name), recipe.to_json() + "\n")
    return ensure_image(name, folder=place, progress=progress, budget_gb=budget_gb, label=label)


def recipe_image(recipe: Recipe) -> str:
    """Name of a recipe's image, whether it is there or not. A recipe that asks for nothing has its base's."""
    below = recipe.base or base_recipe.recipe_name()
    return [below, *(layer.name for layer in layers(recipe, below))][-1]


def _recipe_file(place: Path, name: str) -> Path:
    return place / "recipes" / f"{name.partition(':')[2]}.json"


def _get(client: Any, reference: str) -> Any:
    try:
        return client.images.get(reference)
    except ImageNotFound:
        return None
    except APIError as e:
        if classify(str(e)) != "invalid":
            raise
        raise ImageUnavailable(reference, "invalid", f"{reference!r} is no valid image reference", REMEDY["invalid"]) from e


def _ensured(client: Any, reference: str, place: Path, progress: Progress, label: str) -> Image:
    found = _had(client, reference, place, progress, label)
    return _described(client, found, reference, Ledger(place), label)


def _had(client: Any, reference: str, place: Path, progress: Progress, label: str) -> Any:
    """What the engine has under ``reference``, pulled if need be."""
    found = _get(client, reference)
    origin: Origin | None = None
    if found is None and reference.startswith(f"{REPOSITORY}:"):
        _build_layers(client, _remembered(reference, place), place, progress, label)
        found, origin = _get(client, reference), "built"
    elif found is None:
        with locked(place, reference):
            found = _get(client, reference)
            if found is None:
                origin = _fetched(client, reference, progress)
                found = _get(client, reference)
    if found is None:
        raise BackendUnavailable(f"the engine lost {reference}", "ask for it again")
    if origin is not None:
        Ledger(place).note(found.id, reference, origin=origin, name=_name(found, reference))
    return found


def _fetched(client: Any, reference: str, progress: Progress) -> Origin:
    started = time.monotonic()
    if reference == base_recipe.recipe_name():
        base.build_base(client, progress)
    else:
        progress(f"pulling {reference}")
        pull(reference, progress)
    progress(f"{reference} is ready after {time.monotonic() - started:.0f} s")
    return "built" if reference == base_recipe.recipe_name() else "pulled"


def _remembered(name: str, place: Path) -> Recipe:
    try:
        recipe = Recipe.from_json(_recipe_file(place, name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        what = f"there is no image {name!r}, and no recipe of that name in {place / 'recipes'}"
        raise ImageUnavailable(name, "missing", what, "build it: `agentsandbox images build RECIPE`") from e
    if recipe_image(recipe) != name:
        what = f"the recipe of {name!r} makes {recipe_image(recipe)!r} with this version of the base"
        raise ImageUnavailable(name, "missing", what, "build the recipe anew and use the new name")
    return recipe


def _build_layers(client: Any, recipe: Recipe, place: Path, progress: Progress, label: str) -> None:
    """Build what is missing above the highest layer that is there."""
    below = recipe.base or base_recipe.recipe_name()
    missing = list(layers(recipe, below))
    for i, layer in reversed(list(enumerate(missing))):
        if _get(client, layer.name) is not None:
            below, missing = layer.name, missing[i + 1 :]
            break
    else:
        _had(client, below, place, progress, label)
    for layer in missing:
        with locked(place, layer.name):
            if _get(client, layer.name) is None:
                started = time.monotonic()
                _build_layer(client, recipe, layer, below, progress, label)
                progress(f"{layer.name} ({layer.kind}) is ready after {time.monotonic() - started:.0f} s")
                Ledger(place).note(client.images.get(layer.name).id, layer.name, origin="built")
        below = layer.name


def _build_layer(client: Any, recipe: Recipe, layer: Layer, below: str, progress: Progress, label: str) -> None:
    with tempfile.TemporaryDirectory(prefix="trajhub-image-") as folder:
        context, python = Path(folder, "context"), ""
        context.mkdir()
        if layer.kind == "python":
            interpreter = _interpreter(probe(client, client.images.get(below).id, labels(label)), recipe, below)
            python = interpreter.path
            progress(f"{layer.name}: fetching wheels for Python {interpreter.version[0]}.{interpreter.version[1]}")
            fetch(recipe, layer.name, "{}.{}".format(*interpreter.version), interpreter.glibc, context / "wheels")
        (context / "Dockerfile").write_text(dockerfile(recipe, layer, below, python), encoding="utf-8")
        build(client, context, layer.name, progress, network=layer.kind == "system")


def _interpreter(found: Found, recipe: Recipe, below: str) -> Interpreter:
    there = [i for i in found.interpreters if i.version >= OLDEST and i.glibc]
    wanted = [i for i in there if not recipe.python or "{}.{}".format(*i.version) == recipe.python]
    if not wanted:
        has = ", ".join(sorted({"{}.{}".format(*i.version) for i in there})) or "none that can be used"
        asked = f"Python {recipe.python}" if recipe.python else "Python 3.9 or newer with the GNU C library"
        raise ImageUnavailable(below, "unfit", f"{below!r} has no {asked} (it has {has})", "choose another base or version")
    return wanted[0]


def _described(client: Any, found: Any, reference: str, ledger: Ledger, label: str) -> Image:
    """The image as boxes need it; what must be looked up inside is looked up once."""
    config = found.attrs["Config"] or {}
    entry = ledger.note(found.id, reference)
    if reference == base_recipe.recipe_name():
        path = next((v.removeprefix("PATH=") for v in config.get("Env") or [] if v.startswith("PATH=")), "")
        entry = replace(entry, python="python3", path=path)
    elif not entry.python:
        inside = probe(client, found.id, labels(label))
        server, first = inside.server(reference), inside.interpreters[0]
        older = first.path if first.version < OLDEST else ""
        entry = ledger.note(found.id, reference, python=server.path, older=older, path=inside.path)
    recipe = base_recipe.recipe_sha256() if reference == base_recipe.recipe_name() else (config.get("Labels") or {}).get(LABEL, "")
    variables = tuple(v.partition("=")[::2] for v in config.get("Env") or [] if not v.startswith("PATH="))
    return Image(reference, found.id, recipe, entry.path, entry.python, entry.older, variables)


def _name(found: Any, reference: str) -> str:
    """What the engine calls an image that was asked for as ``reference``: it adds a tag, or leaves out its default registry."""
    names = [*found.attrs.get("RepoTags", ()), *found.attrs.get("RepoDigests", ())]
    return next((n for n in names if n in (reference, f"{reference}:latest")), names[0] if names else reference)
