"""The tool server as something that can be sent into a box: its source, and the few lines that start it."""

import functools
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

VERSION = "0.1.0"
SERVER = "agentsandbox.server"

FINDER = """
import importlib.abc, importlib.util, sys
class SourceFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name in sources:
            return importlib.util.spec_from_loader(name, self, is_package=not sources[name])
    def exec_module(self, module):
        exec(compile(sources[module.__name__], "<" + module.__name__ + ">", "exec"), module.__dict__)
sys.meta_path.insert(0, SourceFinder())
"""
"""Part of a program: imports modules from ``sources``, name → text (empty for a package), before any other."""

BOOTSTRAP = (
    """
import json, os, sys
sys.path[:] = [p for p in sys.path if p]
data = b""
while b"\\n" not in data:
    piece = os.read(0, 1 << 20)
    if not piece:
        sys.exit(0)
    data += piece
line, _, rest = data.partition(b"\\n")
message = json.loads(line)
sources = message["sources"]
"""
    + FINDER
    + """
from agentsandbox.server.main import serve
serve(message, rest)
"""
)
"""Program for ``python -c``: reads one line with sources and settings, then serves the rest of its input."""


@functools.cache
def sources_of(package: str) -> dict[str, str]:
    """Module name → source of every module of an installed package; the packages above it are empty."""
    parts = package.split(".")
    found = {".".join(parts[:n]): "" for n in range(1, len(parts))}
    return found | _sources_in(resources.files(package), package)


def _sources_in(folder: Traversable, package: str) -> dict[str, str]:
    found = {package: ""}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir() and entry.joinpath("__init__.py").is_file():
            found |= _sources_in(entry, f"{package}.{entry.name}")
        elif entry.name.endswith(".py") and entry.name != "__init__.py":
            found[f"{package}.{entry.name[:-3]}"] = entry.read_text(encoding="utf-8")
    return found


@functools.cache
def version() -> str:
    """Version of the package and of the server's sources."""
    return f"{VERSION}+{hashlib.sha256(json.dumps(sources_of(SERVER), sort_keys=True).encode()).hexdigest()[:12]}"


def first_line(settings: Mapping[str, Any]) -> bytes:
    """What the bootstrap program reads first."""
    message = {"sources": sources_of(SERVER), "settings": dict(settings)}
    return json.dumps(message).encode() + b"\n"
