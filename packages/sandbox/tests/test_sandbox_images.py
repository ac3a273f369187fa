"""The image is found by its recipe; what cannot be had is said."""

import pytest
from agentsandbox import images
from agentsandbox.backends import choose
from agentsandbox.errors import BackendUnavailable, ImageUnavailable
from agentsandbox.images import base, base_recipe
from agentsandbox.sandbox import Backend
from trajschema.rollout import Limits
from trajschema.task import Environment


def test_the_name_follows_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    before = images.recipe_name()
    assert before.endswith(images.recipe_sha256()[:12])
    monkeypatch.setattr(base_recipe, "PACKAGES", (*base_recipe.PACKAGES, "one-more"))
    assert images.recipe_name() != before


def test_an_image_that_is_there_is_found_with_its_digest(backend: Backend) -> None:
    if backend.name != "docker":
        pytest.skip("for docker only")
    image = images.ensure_image()
    assert image.name == images.recipe_name()
    assert image.digest.startswith("sha256:")
    assert images.ensure_image(image.name) == image
    assert image.python == "python3"
    with backend.open(Limits(), Environment()) as box:
        assert (box.provenance.image_digest, box.provenance.recipe_sha256) == (image.digest, images.recipe_sha256())


def test_an_image_of_ones_own(backend: Backend) -> None:
    if backend.name != "docker":
        pytest.skip("for docker only")
    with backend.open(Limits(), Environment(image=images.recipe_name())) as box:
        assert box.call("shell", {"command": "python -m pytest --version; pytest --version; rg --version | head -1; whoami"}).exit_code == 0


def test_an_image_that_nobody_has_is_refused(backend: Backend) -> None:
    if backend.name != "docker":
        pytest.skip("for docker only")
    with pytest.raises(ImageUnavailable, match="no image 'localhost:9/none"):
        backend.open(Limits(), Environment(image="localhost:9/none:1"))


def test_a_backend_without_images_refuses_a_task_that_needs_one(backend: Backend) -> None:
    if backend.name == "docker":
        pytest.skip("it has images")
    with pytest.raises(BackendUnavailable, match="for nosuch/image:1; choose docker"):
        backend.open(Limits(), Environment(image="nosuch/image:1"))


def test_without_registry_root_or_debootstrap_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.shutil, "which", lambda name: None)
    with pytest.raises(BackendUnavailable, match="debootstrap"):
        base._build_by_debootstrap(lambda line: None)


def test_an_unknown_backend_is_refused(tmp_path: object) -> None:
    with pytest.raises(BackendUnavailable, match="no backend 'podman'"):
        choose("podman", environments=tmp_path)  # type: ignore[arg-type]
