"""The workdir as a git repository: load a tree, take the difference, apply a patch, restore paths.

The base commit is kept twice: in the workdir for the agent, and in a folder of the server for everything here. So a diff
comes out right whatever the agent did to its own ``.git``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess

from agentsandbox.server.archive import empty, unpack
from agentsandbox.server.globs import matches
from agentsandbox.server.settings import FIXED_MTIME, Rejected, Settings

_JUNK_FOLDERS = frozenset({"__pycache__", ".pytest_cache", ".hypothesis", ".mypy_cache", ".ruff_cache"})
_JUNK_FILES = (".pyc", ".pyo")
_CONFIG = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = false
\tautocrlf = false
\tfsync = none
[gc]
\tauto = 0
[maintenance]
\tauto = false
[user]
\tname = base
\temail = base@localhost
"""
_BYTE_FOR_BYTE = "* -text -ident !filter !diff !eol !working-tree-encoding\n"
_AS_BINARY = "* -text -ident !filter -diff !eol !working-tree-encoding\n"
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "base"), ("EMAIL", "base@localhost"), ("DATE", "2020-01-01T00:00:00+0000"))
}


class Repository:
    """The repository of one box."""

    def __init__(self, settings: Settings) -> None:
        self._s = settings
        self._git_dir = os.path.join(settings.base, "git")
        self._commit = ""

    def load(self, archive: bytes, patches: list[str]) -> None:
        """Empty the box, unpack ``archive``, apply ``patches``, make it the one commit.

        Raises:
            BadTree: no tar archive, or a path that leads out of it.
            Rejected: a patch does not apply.
        """
        for folder in (self._s.workdir, self._s.base, self._s.home, self._s.tmp, *self._s.scratch):
            empty(folder)
        unpack(archive, self._s.workdir)
        self._init()
        for patch in patches:
            self.apply(patch)
        files = self._files()
        for path in files:
            _set_old(os.path.join(self._s.workdir, path))
        self._git(["update-index", "--add", "-z", "--stdin"], _zero_ended(files))
        tree = self._git(["write-tree"]).decode().strip()
        self._commit = self._git(["commit-tree", tree, "-m", "base"]).decode().strip()
        with open(os.path.join(self._git_dir, "refs", "heads", "main"), "w") as f:
            f.write(self._commit + "\n")
        shutil.copytree(self._git_dir, os.path.join(self._s.workdir, ".git"))
        for folder, _, _ in os.walk(self._s.workdir, topdown=False):
            _set_old(folder)

    def diff(self) -> str:
        """Unified diff of the workdir against the base commit, files in order of path."""
        self._snapshot(junk=False)
        command = [
            "diff-index",
            "--cached",
            "-p",
            "--no-renames",
            "--binary",
            "--full-index",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
        ]
        whole = self._git([*command, self._commit, "--"])
        with contextlib.suppress(UnicodeDecodeError):
            return whole.decode()
        parts = []
        for path, _ in self._changed():
            part = self._git([*command, self._commit, "--", f":(literal){path}"])
            try:
                parts.append(part.decode())
            except UnicodeDecodeError:  # text that is no UTF-8 travels as a binary patch
                self._attributes(_AS_BINARY)
                parts.append(self._git([*command, self._commit, "--", f":(literal){path}"]).decode())
                self._attributes(_BYTE_FOR_BYTE)
        return "".join(parts)

    def apply(self, patch: str) -> None:
        """Apply a patch, all or nothing. A patch without any change in it does nothing.

        Raises:
            Rejected: it does not apply.
        """
        if not patch.strip():
            return
        data = patch.encode("utf-8", "surrogateescape")
        try:
            self._git(["apply", "--whitespace=nowarn", "-"], data if data.endswith(b"\n") else data + b"\n")
        except subprocess.CalledProcessError as e:
            raise Rejected(e.stderr.decode("utf-8", "replace").strip()) from e

    def restore(self, patterns: list[str]) -> list[str]:
        """Put matching paths back to the base commit, byte code included. Returns those that differed."""
        self._snapshot(junk=True)
        changed = [(path, status) for path, status in self._changed() if matches(path, patterns)]
        back = [path for path, status in changed if status != "A"]
        added = [path for path, status in self._changed() if status == "A"]
        in_the_way = [a for a in added if any(b.startswith(a + "/") for b in back)]
        gone = sorted({path for path, status in changed if status == "A"} | set(in_the_way))
        for path in gone:
            os.unlink(os.path.join(self._s.workdir, path))
            self._prune(os.path.dirname(path))
        if back:
            for path in back:
                self._clear(path)
            self._git(["checkout-index", "-f", "-z", "--stdin"], _zero_ended(back), index="index")
            for path in back:
                _set_old(os.path.join(self._s.workdir, path))
        return sorted({path for path, _ in changed} | set(in_the_way))

    def tracked(self) -> list[str]:
        """Paths of the base commit; none before a tree was loaded."""
        if not self._commit:
            return []
        return [os.fsdecode(p) for p in self._git(["ls-files", "-z"], index="index").split(b"\0")[:-1]]

    def _init(self) -> None:
        for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
            os.makedirs(os.path.join(self._git_dir, folder))
        for name, text in (("HEAD", "ref: refs/heads/main\n"), ("config", _CONFIG)):
            with open(os.path.join(self._git_dir, name), "w") as f:
                f.write(text)
        self._attributes(_BYTE_FOR_BYTE)

    def _attributes(self, text: str) -> None:
        with open(os.path.join(self._git_dir, "info", "attributes"), "w") as f:
            f.write(text)

    def _snapshot(self, junk: bool) -> None:
        """Bring the index of changes up to the workdir; new caches and byte code only with ``junk``."""
        shutil.copyfile(os.path.join(self._git_dir, "index"), os.path.join(self._git_dir, "index.now"))
        known = set(self.tracked())
        present = self._files()
        gone = sorted(known.difference(present))
        wanted = [p for p in present if junk or p in known or not _is_junk(p)]
        for option, paths in (("--force-remove", gone), ("--add", wanted)):
            self._git(["update-index", "--replace", option, "-z", "--stdin"], _zero_ended(paths), index="index.now")

    def _changed(self) -> list[tuple[str, str]]:
        """(path, status letter) of what differs between base and snapshot, in order of path."""
        out = self._git(["diff-index", "--cached", "--no-renames", "--name-status", "-z", self._commit, "--"])
        fields = [os.fsdecode(f) for f in out.split(b"\0")[:-1]]
        return list(zip(fields[1::2], fields[0::2]))  # noqa: B905  (3.9 has no strict=)

    def _files(self) -> list[str]:
        """Readable files and links below the workdir, relative, sorted; nothing named ``.git``."""
        found = []
        for folder, folders, files in os.walk(self._s.workdir):
            links = [d for d in folders if os.path.islink(os.path.join(folder, d))]
            folders[:] = [d for d in folders if d != ".git" and d not in links]
            paths = (os.path.join(folder, name) for name in files + links if name != ".git")
            found += [os.path.relpath(path, self._s.workdir) for path in paths if _is_storable(path)]
        return sorted(found)

    def _clear(self, path: str) -> None:
        """Make way for ``path``: no folder at its place, no file or link where its folders should be."""
        parts = path.split("/")
        for i in range(1, len(parts)):
            folder = os.path.join(self._s.workdir, *parts[:i])
            if os.path.lexists(folder) and (os.path.islink(folder) or not os.path.isdir(folder)):
                os.unlink(folder)
        full = os.path.join(self._s.workdir, path)
        if os.path.isdir(full) and not os.path.islink(full):
            shutil.rmtree(full)

    def _prune(self, folder: str) -> None:
        """Remove ``folder`` and its parents as far as they are empty."""
        while folder:
            try:
                os.rmdir(os.path.join(self._s.workdir, folder))
            except OSError:
                return
            folder = os.path.dirname(folder)

    def _git(self, arguments: list[str], data: bytes = b"", index: str | None = None) -> bytes:
        name = index or ("index.now" if arguments[0] == "diff-index" else "index")
        env = {
            "PATH": self._s.env["PATH"],
            "HOME": self._s.home,
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_DIR": self._git_dir,
            "GIT_WORK_TREE": self._s.workdir,
            "GIT_INDEX_FILE": os.path.join(self._git_dir, name),
            **_IDENTITY,
        }
        done = subprocess.run(["git", *arguments], input=data, capture_output=True, env=env, cwd=self._s.workdir, check=True)
        return done.stdout


def _zero_ended(paths: list[str]) -> bytes:
    return b"".join(os.fsencode(p) + b"\0" for p in paths)


def _is_junk(path: str) -> bool:
    return path.endswith(_JUNK_FILES) or not _JUNK_FOLDERS.isdisjoint(path.split("/"))


def _is_storable(path: str) -> bool:
    mode = os.lstat(path).st_mode
    return stat.S_ISLNK(mode) or (stat.S_ISREG(mode) and os.access(path, os.R_OK))


def _set_old(path: str) -> None:
    with contextlib.suppress(OSError):
        os.utime(path, (FIXED_MTIME, FIXED_MTIME), follow_symlinks=False)
