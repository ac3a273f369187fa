"""Describes a program that is an agent: what to start, where, with what, and where its log is."""

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

from agentsandbox.owned_folders import scratch

from agentrollout.driver import AnyAgent
from agentrollout.external.exit_status import AWAY, LIMIT, UNSTARTED
from agentrollout.policy import Ended
from agentrollout.redaction import Secrets
from agentrollout.tool_loop import Ending

_PLACE = re.compile(r"\{(workdir|problem|steps|mcp|mcp_config|box|proxy|python|package)\}")
_REASON_CHARS = 500
SCRATCH = "trajhub-agent-"
"""How the names of folders for one session begin."""
_PASSED = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables that every program on the host gets."""


@dataclass(frozen=True)
class Recording:
    """A recording proxy that runs: its address, and the log that it writes."""

    url: str
    log: Path


@dataclass(frozen=True, kw_only=True)
class Program(AnyAgent):
    """What to start as an agent.

    In ``command``, ``{problem}`` stands for the problem statement, ``{workdir}`` for the repository in the box, ``{steps}`` for the
    turns that it may take (if it is not told, each call counts as a turn, and one too many ends it), ``{proxy}`` for the address of
    the recording proxy; on the host also ``{mcp}`` for a program that is the box's MCP server over standard input and
    output, ``{mcp_config}`` for a JSON file that names it under ``mcpServers``, ``{box}`` for the socket of
    :class:`agentrollout.external.tool_server.ToolServer`, ``{python}`` for our interpreter,
    ``{package}`` for a folder to import us from.

    How it ends: exit status 0 or a submit is ``submitted``, 124 is ``limit``. 75 (a service that it needs, its model, is unavailable) and
    126 or 127 (it cannot be started) are ``infrastructure``. Any other is a ``crash``. The reason is the last line of its errors.
    """

    random: bool = True
    command: tuple[str, ...]
    place: Literal["host", "box"] = "host"
    """``host``: it runs here as this user, in an empty folder that is its HOME, and is offered the box. ``box``: it runs in the box."""
    log: str = ""
    """File of its log, relative to the folder that it starts in; ``stdout`` for what it prints; empty for none (or the proxy's)."""
    adapter: str = ""
    """Format of its log: the name of an adapter of agentrecorder."""
    proxy: bool = False
    """Whether a recording proxy for model APIs is started beside it, the only address that a box of it reaches."""
    seconds: float | None = None
    """Limit; the budget's if missing."""
    recording: Recording | None = field(default=None, repr=False)
    """The proxy, while a session is under way."""

    @contextmanager
    def opened(self) -> Iterator[Self]:
        """See :class:`agentrollout.driver.AnyAgent`: with its proxy."""
        if not self.proxy:
            yield self
            return
        try:
            from agentrecorder.proxy.server import RecordingProxy, upstreams_of
        except ImportError as missing:
            raise Ended(
                "infrastructure", f"agent {self.agent.name!r} needs the recording proxy; install agentrecorder[proxy] ({missing})"
            ) from missing
        with scratch(SCRATCH) as folder:
            log = folder / "exchanges.jsonl"
            with RecordingProxy(log, upstreams_of(os.environ), secrets=Secrets.of(self.variables).values.values()) as proxy:
                reach = (*self.reach, proxy.url.removeprefix("http://")) if self.place == "box" else self.reach
                yield replace(self, reach=reach, recording=Recording(proxy.url, log))

    def environment(self) -> dict[str, str]:
        """The variables that it is given by name.

        Raises:
            Ended: one is not set.
        """
        missing = [name for name in self.variables if name not in os.environ]
        if missing:
            raise Ended("infrastructure", f"agent {self.agent.name!r} needs {', '.join(missing)} in the environment; set it and run again")
        return {name: os.environ[name] for name in self.variables}

    def words(self, values: Mapping[str, str]) -> list[str]:
        """The command with ``values`` in place of placeholders; other braces stay.

        Raises:
            Ended: it holds a placeholder that has no value here.
        """
        known = {"proxy": self.recording.url, **values} if self.recording else values

        def value(found: re.Match[str]) -> str:
            if found[1] not in known:
                raise Ended(
                    "infrastructure", f"agent {self.agent.name!r} names {found[0]} in its command, and there is none (place {self.place!r})"
                )
            return known[found[1]]

        return [_PLACE.sub(value, word) for word in self.command]


def host_environment(given: Mapping[str, str], home: Path) -> dict[str, str]:
    """Environment variables of a program on the host: a few fixed ones, and those ``given``. ``home`` is its HOME."""
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {**passed, "HOME": str(home), "TMPDIR": str(home), "NO_PROXY": "127.0.0.1,localhost", **given}


def starter(socket: Path, statement: Path, target: Path) -> None:
    """Write the program that is the MCP server of the box at ``socket``."""
    paths = os.pathsep.join(p for p in sys.path if p)
    words = [sys.executable, "-m", "agentrollout.external.bridge", str(socket), str(statement)]
    target.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(paths)} exec {shlex.join(words)}\n", encoding="utf-8")
    target.chmod(0o700)


def ending_of(status: int, errors: str) -> Ending:
    """How a session ended whose program ended by itself. ``errors``: what it wrote to standard error."""
    reason = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), "")[-_REASON_CHARS:]
    if status == 0:
        return Ending("submitted", "")
    if status == LIMIT:
        return Ending("limit", reason or "it says that a limit was reached")
    if status == AWAY or status in UNSTARTED:
        return Ending("infrastructure", reason or "it says that what it rests on is away")
    how = f"exit status {status}" if status > 0 else f"signal {-status}"
    return Ending("crash", f"{how}: {reason}" if reason else how)
