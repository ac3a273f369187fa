"""What a box made of namespaces sees of the host's /usr: programs, and what they need to run.

No library, nor a program that ships libraries: what a task is about may lie there with its faults fixed.
"""

import sysconfig
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

_TOOLCHAIN = ("gcc", "git-core", "go", "go-[0-9]*", "locale", "perl*", "ssl", "tc[lk]*", "terminfo", "tk*")
_SHARED = ("file", "git-core", "go", "go-[0-9]*", "i18n", "locale", "misc", "perl*", "tcltk", "terminfo", "zoneinfo")
_NODE = ("acorn*", "cjs-module-lexer", "undici")
"""Debian keeps these parts of node outside its program."""
_KEPT: dict[str, tuple[str, ...]] = {
    "/usr": ("bin", "include", "lib?*", "sbin"),
    "/usr/lib": ("*-linux-*", "python3*", *_TOOLCHAIN),
    "/usr/libexec": ("git-core",),
    "/usr/local": ("bin", "go", "include", "lib?*", "sbin"),
    "/usr/local/lib": ("*-linux-*", "python3*", *_TOOLCHAIN),
    "/usr/local/share": _SHARED,
    "/usr/share": _SHARED,
    "/usr/share/nodejs": _NODE,
}
"""Folder → names of its folders that a box sees. Files and links are all seen; a folder with an entry of its own only as that says."""


@cache
def arguments(prefix: Path) -> tuple[str, ...]:
    """Arguments of bwrap that show the box its part of /usr, and the Python of ``prefix`` without the host's own packages."""
    found = [*_view(Path("/usr"))]
    if not prefix.is_relative_to("/usr"):
        for parent in reversed(prefix.parents[:-1]):  # see bubblewrap.py: else closed to all but root
            found += ["--dir", str(parent)]
        found += ["--ro-bind", str(prefix), str(prefix)]
    for folder in _packages(prefix):
        found += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    return tuple(found)


def _view(folder: Path) -> Iterator[str]:
    yield from ("--tmpfs", str(folder))
    for inner in sorted(folder.iterdir()):
        if inner.is_symlink():
            yield from ("--symlink", str(inner.readlink()), str(inner))
        elif inner.is_dir() and str(inner) in _KEPT:
            yield from _view(inner)
        elif inner.is_file() or any(fnmatch(inner.name, pattern) for pattern in _KEPT[str(folder)]):
            yield from ("--ro-bind", str(inner), str(inner))
    yield from ("--remount-ro", str(folder))


def _packages(prefix: Path) -> list[Path]:
    paths = [sysconfig.get_path(kind, vars={"base": str(prefix), "platbase": str(prefix)}) for kind in ("purelib", "platlib")]
    found = {Path(p).resolve() for p in paths}
    for root in ("/usr/lib", "/usr/local/lib"):
        found |= {p for pattern in ("python3*/dist-packages", "python3*/site-packages") for p in Path(root).glob(pattern)}
    return sorted(p for p in found if p.is_dir())
