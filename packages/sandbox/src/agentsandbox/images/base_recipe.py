"""Contents of the image of boxes whose task names none: a Debian with Python, pytest and git."""

import hashlib

REPOSITORY = "trajhub-box"
SUITE = "bookworm"
BASE_IMAGE = "debian:bookworm-slim"
PACKAGES = ("python3", "python3-pytest", "python3-coverage", "git", "ripgrep", "patch", "ca-certificates")
FINISH = (
    "ln -sf python3 /usr/bin/python",
    "ln -sf pytest-3 /usr/bin/pytest",
    "rm -rf /usr/lib/python3/dist-packages/more_itertools*",  # pytest does without; a library that tasks are made from
    "echo agent:x:1000:1000::/home/agent:/bin/bash >> /etc/passwd",
    "echo agent:x:1000: >> /etc/group",
    "mkdir -p /testbed /home/agent /var/base",
    "rm -rf /var/lib/apt/lists /var/cache/apt/archives /var/log/*",
)
"""Commands run in the image after the packages are in."""


def recipe_sha256() -> str:
    """Hash of what the image is made of."""
    return hashlib.sha256("\n".join((SUITE, *PACKAGES, *FINISH)).encode()).hexdigest()


def recipe_name() -> str:
    """Name and tag of the image of this recipe."""
    return f"{REPOSITORY}:{recipe_sha256()[:12]}"
