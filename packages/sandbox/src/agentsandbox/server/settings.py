"""What the server is told when it starts."""

from __future__ import annotations

from typing import Any

from agentsandbox.server.mapping import PathMap

FIXED_MTIME = 1577836800
"""2020-01-01: the time of every file of a loaded tree, older than any byte code and the same in every listing."""


class Settings:
    """Where things lie in this box, and what it may use. Paths are real ones."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.workdir: str = raw["workdir"]
        self.base: str = raw["base"]
        """Folder of the server's own git repository."""
        self.home: str = raw["home"]
        self.tmp: str = raw["tmp"]
        self.env: dict[str, str] = raw["env"]
        """Environment of every process that the agent starts."""
        self.scratch: list[str] = raw["scratch"]
        """More folders that the agent can write to."""
        self.older: str = raw["older"]
        """The agent's interpreter, where it is too old for the server, which then cannot run tests in a fork of itself."""
        self.output_bytes: int = raw["output_bytes"]
        self.rlimits: dict[str, int] = raw["rlimits"]
        self.doomed: str = raw["doomed"]
        """Folder that holds all folders of the box; cleared when the client goes away. Empty for none."""
        self.confined: bool = raw["confined"]
        """Whether the server forbids itself what it can; for boxes that nothing else confines."""
        self.network: bool = raw["network"]
        self.snapshot_bytes: int = raw["snapshot_bytes"]
        """Memory for the base and all snapshots together."""
        self.tree_bytes: int = raw["tree_bytes"]
        """Most bytes of the workdir that are hashed or copied at once."""
        self.ways: list[list[str | int]] = raw["ways"]
        """Addresses that the box reaches (see :mod:`agentsandbox.server.isolation.relay`)."""
        self.user: int = raw["user"]
        """User and group to become before anything else; 0 to stay who it is."""
        self.paths = PathMap([(seen, real) for seen, real in raw["seen"]])


class ToolError(Exception):
    """The agent asked for something that cannot be done. Message and detail are for the agent; the message is one line."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class BadTree(Exception):
    """An archive that cannot be unpacked."""


class Rejected(Exception):
    """A patch that does not apply."""


class Unable(Exception):
    """The box lacks what a request needs."""
