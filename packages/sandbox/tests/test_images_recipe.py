"""What a recipe accepts, and which layers follow from it."""

import pytest
from agentsandbox.images.recipe import Recipe, dockerfile, layers

HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pip": ("attrs",)}, "'attrs' is not a requirement as name==version"),
        ({"pip": ("attrs>=24",)}, "is not a requirement"),
        ({"pip": ("--no-deps",)}, "is not a requirement"),
        ({"pip": ("attrs @ https://example.org/attrs.whl",)}, "is not a requirement"),
        ({"pip": (f"attrs==24.2.0 {HASH}", "idna==3.10")}, "'idna==3.10' has no hash"),
        ({"apt": ("libyaml-0-2; rm -rf /",)}, "is not a Debian package"),
        ({"apt": ("-o=x",)}, "is not a Debian package"),
        ({"python": "3"}, "'3' is not a version"),
        ({"commands": (" ",)}, "an empty one"),
        ({"workdir": "testbed"}, "no plain absolute path"),
        ({"workdir": "/a/../b"}, "no plain absolute path"),
        ({"base": "debian\nRUN evil"}, "no image reference"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**fields)  # type: ignore[arg-type]


def test_a_recipe_survives_json_and_an_unknown_field_is_refused() -> None:
    recipe = Recipe(apt=("libyaml-0-2",), pip=(f"attrs==24.2.0   {HASH}",), commands=("make -C /opt x",), workdir="/app")
    assert Recipe.from_json(recipe.to_json()) == recipe
    with pytest.raises(ValueError, match="no field 'pips'"):
        Recipe.from_json('{"pips": []}')
    with pytest.raises(ValueError, match="pip: a list of strings"):
        Recipe.from_json('{"pip": "attrs==1"}')


def test_recipes_share_the_layers_in_which_they_agree() -> None:
    one = layers(Recipe(apt=("a1",), pip=("attrs==24.2.0",), commands=("true",)), "base:1")
    two = layers(Recipe(apt=("a1",), pip=("attrs==24.2.0",), commands=("false",)), "base:1")
    three = layers(Recipe(apt=("a1",), pip=("attrs==24.3.0",), commands=("true",)), "base:1")
    assert [layer.kind for layer in one] == ["system", "python", "task"]
    assert (one[:2], one[2] != two[2]) == (two[:2], True)
    assert (one[0], one[1] != three[1], one[2] != three[2]) == (three[0], True, True)
    assert {layer.name for layer in layers(Recipe(apt=("a1",)), "base:2")}.isdisjoint({layer.name for layer in one})
    assert layers(Recipe(), "base:1") == ()


def test_the_order_of_requirements_and_commands_counts() -> None:
    first, second = ("echo 1", "echo 2"), ("echo 2", "echo 1")
    assert layers(Recipe(commands=first), "b") != layers(Recipe(commands=second), "b")


def test_a_command_reaches_the_shell_as_it_is() -> None:
    recipe = Recipe(commands=("echo \"a\nb\" '$HOME' \\",))
    (layer,) = layers(recipe, "b")
    text = dockerfile(recipe, layer, "b")
    assert text.startswith("FROM b\n")
    assert r"""RUN ["/bin/sh", "-ec", "echo \"a\nb\" '$HOME' \\"]""" in text.splitlines()
