"""An image that boxes are made of."""

from dataclasses import dataclass


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
