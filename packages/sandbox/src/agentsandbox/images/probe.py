"""Look into an image that somebody else made: which interpreters it has, and whether a box can live in it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError
from trajruntime.process_owner import this_process

from agentsandbox.errors import ImageUnavailable

OLDEST = (3, 9)
"""Oldest Python that the server runs on."""
_NEEDED = ("bash", "git")
_LIMIT_S = 60
_NOBODY = "65534:65534"
"""As a box: a user to whom nothing in the image belongs. Also engines that map users know this one."""
_SCRIPT = r"""
for d in /opt/*/envs/testbed/bin; do [ -x "$d/python" ] && PATH="$d:$PATH" && break; done
echo "path $PATH"
for t in bash git; do command -v $t >/dev/null && echo "has $t"; done
ask='import platform, sys; print("%d.%d" % sys.version_info[:2], platform.libc_ver()[1] or "none")'
for p in "$(command -v python3)" "$(command -v python)" /usr/bin/python3 /usr/local/bin/python3 /opt/*/bin/python3; do
    [ -x "$p" ] && v=$("$p" -c "$ask" 2>/dev/null) && echo "python $v $p"
done
"""
# An environment named testbed is where SWE-bench's images keep what the task needs.


@dataclass(frozen=True)
class Interpreter:
    """A Python in an image."""

    path: str
    version: tuple[int, int]
    glibc: str
    """Version of the C library, as ``2.36``; empty for another library."""


@dataclass(frozen=True)
class Found:
    """What is in an image."""

    path: str
    """PATH, with the task environment first if there is one."""
    tools: frozenset[str]
    interpreters: tuple[Interpreter, ...]
    """In the order in which they would be found; the first is the one that the agent gets."""

    def server(self, name: str) -> Interpreter:
        """The first interpreter that the server runs on.

        Raises:
            ImageUnavailable: there is none, or another tool is missing; ``name`` is the image.
        """
        missing = [tool for tool in _NEEDED if tool not in self.tools]
        fit = [i for i in self.interpreters if i.version >= OLDEST]
        if not fit:
            missing.append("python3 (3.9 or newer)")
        if missing:
            what = f"no box can live in {name!r}: it has no {', '.join(missing)}"
            raise ImageUnavailable(name, "unfit", what, 'build on it: a recipe with it as "base" and what is missing in "apt"')
        return fit[0]


def probe(client: Any, digest: str, labels: Mapping[str, str]) -> Found:
    """Look into the image ``digest``, in a container without a network that carries ``labels`` while it runs.

    Raises:
        DockerException: the engine fails. An image without a shell has nothing in it.
    """
    api = client.api
    config = api.create_host_config(network_mode="none", read_only=True, cap_drop=["ALL"], mem_limit=256 << 20, pids_limit=64)
    box = api.create_container(
        digest,
        entrypoint=["/bin/sh", "-c", _SCRIPT],
        command=[],
        user=_NOBODY,
        working_dir="/",
        labels=dict(labels),
        host_config=config,
    )["Id"]
    late = threading.Timer(_LIMIT_S, api.kill, [box])
    try:
        output = api.attach(box, stdout=True, stderr=False, stream=True)
        api.start(box)
        late.start()
        said = b"".join(output).decode("utf-8", "replace")
    except APIError as e:
        if e.status_code != 400:
            raise
        said = ""  # no /bin/sh
    finally:
        late.cancel()
        api.remove_container(box, force=True)
    return read(said)


def read(said: str) -> Found:
    """What the probe's output says."""
    path, tools, interpreters = "", set(), []
    for line in said.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "path":
            path = rest
        elif kind == "has":
            tools.add(rest)
        elif kind == "python":
            version, glibc, where = rest.split(" ", 2)
            major, _, minor = version.partition(".")
            interpreters.append(Interpreter(where, (int(major), int(minor)), glibc if glibc != "none" else ""))
    return Found(path, frozenset(tools), tuple(interpreters))


def labels(label: str) -> dict[str, str]:
    """Labels by which the reaper of ``label`` finds a container of this process."""
    return {f"{label}.owner": str(this_process())}
