"""The workdir as a git repository: load a tree, take the difference, apply a patch, restore paths, reset.

The base is kept in the memory of the server, where the agent cannot reach it. So a diff comes out right whatever the agent
did to its own ``.git``, and what git needs to write one is made anew each time, from what differs alone.
"""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
from collections.abc import Iterator

from agentsandbox.server import tree
from agentsandbox.server.archive import empty, remove, unpack
from agentsandbox.server.git import history, patch_safety
from agentsandbox.server.git.commit import BYTE_FOR_BYTE, LINK, PLAIN, RUNS, Blobs, commit, make_git_folder, write_blobs, write_tree
from agentsandbox.server.globs import matches
from agentsandbox.server.isolation import ipc
from agentsandbox.server.settings import FIXED_MTIME, BadTree, Rejected, Settings
from agentsandbox.server.snapshot import TreeState, TreeStates, put_back, write

DIFFED_MAX = 64 << 20
"""Bytes of the largest file that is part of a diff."""
_JUNK_FOLDERS = frozenset({b"__pycache__", b".pytest_cache", b".hypothesis", b".mypy_cache", b".ruff_cache"})
_JUNK_FILES = (b".pyc", b".pyo")
_AS_BINARY = "* -text -ident !filter -diff !eol !working-tree-encoding\n"
_DIFF = ["diff-index", "--cached", "-p", "--no-renames", "--binary", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv"]
_GIT = b".git"
_EMPTY = TreeState({b"": tree.Entry(tree.FOLDER, 0o755, FIXED_MTIME * 10**9)})


class Repository:
    """The repository of one box."""

    def __init__(self, settings: Settings) -> None:
        self._s = settings
        self._top = os.fsencode(settings.workdir) + b"/"
        self._git_dir = os.path.join(settings.base, "git")
        self._snapshots = TreeStates(settings.workdir, settings.snapshot_bytes)
        self._named: dict[str, TreeState] = {}
        self._base = _EMPTY
        self._blobs: Blobs = {}
        self._beside = set(os.listdir(settings.doomed)) if settings.doomed else set()
        self._around = {folder: _mode(folder) for folder in (*settings.scratch, settings.base, settings.home, settings.tmp)}
        """Folders beside the workdir, with their modes in a new box."""

    def load(self, archive: bytes, patches: list[str]) -> None:
        """Empty the box, unpack ``archive``, apply ``patches``, make it the one commit.

        Raises:
            BadTree: no tar archive, or a path that leads out of it.
            Rejected: a patch does not apply.
            Oversize: the box has too little memory for the tree.
            Leak: the new repository is not one commit and nothing else.
        """
        self._snapshots.clear()
        self._named.clear()
        self._base, self._blobs = _EMPTY, {}
        empty(self._s.workdir)
        os.chmod(self._s.workdir, 0o755)
        self._empty_surroundings()
        unpack(archive, self._s.workdir)
        for patch in patches:
            self.apply(patch)
        blobs = _blobs_of(self._snapshots.take())
        git_dir = os.path.join(self._s.workdir, ".git")
        made = commit(git_dir, blobs)
        self._make_old()
        history.check(git_dir, made)
        self._base, self._blobs = self._snapshots.take(), blobs

    def snapshot(self) -> tuple[str, str]:
        """Name and tree hash of the workdir as it is now.

        Raises:
            Oversize: the box has too little memory for another one.
        """
        name = os.urandom(8).hex()
        self._named[name] = self._snapshots.take()
        return name, self._named[name].tree_hash

    def reset(self, name: str | None) -> str:
        """Put the workdir back to a snapshot, the base if left out, and empty all other folders. Returns the tree hash.

        Raises:
            BadTree: this box has no such snapshot.
        """
        if name is not None and name not in self._named:
            raise BadTree(f"this box has no snapshot {name}: it was taken in another box, or before the last load")
        target = self._base if name is None else self._named[name]
        self._empty_surroundings()
        put_back(self._s.workdir, target.entries)
        return target.tree_hash

    def tree_hash(self) -> str:
        """Hash of the workdir as it is now, by the formula of :mod:`agentsandbox.server.tree`."""
        return tree.hash_folder(self._s.workdir, self._s.tree_bytes)

    def diff(self) -> str:
        """Unified diff of the workdir against the base commit, files in order of path."""
        locked: dict[bytes, int] = {}
        try:
            found = self._changed(locked).items()
            changed = {path: letter for path, letter in found if (letter != "A" or not _is_junk(path)) and self._is_carried(path, letter)}
            return self._diff(changed, locked) if changed else ""
        finally:
            for path, mode in reversed(locked.items()):
                os.chmod(self._top + path, mode)

    def apply(self, patch: str) -> None:
        """Apply a patch, all or nothing. A patch without any change in it does nothing.

        Raises:
            Rejected: it does not apply.
        """
        if not patch.strip():
            return
        data = patch.encode("utf-8", "surrogateescape")
        outside = patch_safety.from_outside(data)
        if outside is not None:
            raise Rejected(f"error: {outside}: a copy of a file outside of the repository")
        with self._scratch():
            try:
                self._git(["apply", "--whitespace=nowarn", "-"], data if data.endswith(b"\n") else data + b"\n")
            except subprocess.CalledProcessError as e:
                raise Rejected(e.stderr.decode("utf-8", "replace").strip()) from e

    def restore(self, patterns: list[str]) -> list[str]:
        """Put matching paths back to the base commit, byte code included. Returns those that differed.

        Folders that forbid looking or writing are opened, and stay open.
        """
        every = self._changed({})
        changed = {path for path in every if matches(os.fsdecode(path), patterns)}
        back = sorted(path for path in changed if every[path] != "A")
        above = {path[:end] for path in back for end in _slashes(path)}
        in_the_way = {path for path, letter in every.items() if letter == "A" and path in above}
        for path in {path for path in changed if every[path] == "A"} | in_the_way:
            os.unlink(self._top + path)
            self._prune(path.rpartition(b"/")[0])
        for path in back:
            self._make_way(path)
            write(self._top, path, self._base.entries[path])
        return sorted(os.fsdecode(path) for path in changed | in_the_way)

    def tracked(self) -> list[str]:
        """Paths of the base commit; none before a tree was loaded."""
        return [os.fsdecode(path) for path in self._blobs]

    def _empty_surroundings(self) -> None:
        if self._s.doomed:
            os.chmod(self._s.doomed, 0o700)
        for folder, mode in self._around.items():
            empty(folder)
            if mode is not None and mode != _mode(folder):
                os.chmod(folder, mode)
        if self._s.doomed:
            for name in set(os.listdir(self._s.doomed)) - self._beside:
                remove(os.fsencode(os.path.join(self._s.doomed, name)))
        if not self._s.confined:  # a box that shares the host's namespace must not touch what is in it
            ipc.clear()

    def _make_old(self) -> None:
        """Give everything one time, and the index a later one: it is newer than what it describes."""
        for path in tree.below(self._top[:-1], {}):
            os.utime(self._top + path, (FIXED_MTIME, FIXED_MTIME), follow_symlinks=False)
        index = os.path.join(self._s.workdir, ".git", "index")
        os.utime(index, (FIXED_MTIME + 1, FIXED_MTIME + 1))

    def _changed(self, locked: dict[bytes, int]) -> dict[bytes, str]:
        """Path → A, D or M of what differs between base and workdir, in order of path; nothing named ``.git``.

        What cannot be read differs. Folders are opened as :meth:`_files` has it.
        """
        present = set(self._files(locked))
        found = {}
        for path in sorted(present.union(self._blobs)):
            if path not in self._blobs:
                found[path] = "A"
            elif path not in present:
                found[path] = "D"
            elif not _is_same(self._top + path, *self._blobs[path]):
                found[path] = "M"
        return found

    def _files(self, locked: dict[bytes, int]) -> list[bytes]:
        """Files and links below the workdir, relative; nothing named ``.git``, and no path that is too long for a patch.

        Folders that forbid looking or writing are opened, and noted in ``locked`` with their modes.
        """
        longest = tree.PATH_MAX - len(self._top)
        found, todo = [], [b""]
        while todo:
            folder = todo.pop()
            mode = stat.S_IMODE(os.stat(self._top + folder).st_mode)
            if mode & 0o700 != 0o700:
                locked[folder] = mode
                os.chmod(self._top + folder, mode | 0o700)
            with os.scandir(self._top + folder) as entries:
                for entry in entries:
                    path = folder + entry.name
                    if entry.name == _GIT or len(path) > longest:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(path + b"/")
                    elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
                        found.append(path)
        return found

    def _is_carried(self, path: bytes, letter: str) -> bool:
        """Whether a changed file is of a size that a diff carries. One without blocks behind it may claim any size."""
        return letter == "D" or os.lstat(self._top + path).st_size <= DIFFED_MAX

    def _diff(self, changed: dict[bytes, str], locked: dict[bytes, int]) -> str:
        """Unified diff of ``changed``. Files that forbid reading are opened, and noted in ``locked`` with their modes."""
        present = [path for path, letter in changed.items() if letter != "D"]
        for path in present:
            mode = os.lstat(self._top + path).st_mode
            if not mode & 0o400:
                locked[path] = stat.S_IMODE(mode)
                os.chmod(self._top + path, locked[path] | 0o400)
        with self._scratch():
            before = write_tree(self._git_dir, write_blobs(self._git_dir, {p: self._blobs[p] for p in changed if p in self._blobs})).hex()
            self._git(["update-index", "--add", "--replace", "-z", "--stdin"], _zero_ended(present))
            whole = self._git([*_DIFF, before, "--"])
            with contextlib.suppress(UnicodeDecodeError):
                return whole.decode()
            return "".join(self._diff_of(path, before) for path in changed)

    def _diff_of(self, path: bytes, before: str) -> str:
        one = [*_DIFF, before, "--", f":(literal){os.fsdecode(path)}"]
        try:
            return self._git(one).decode()
        except UnicodeDecodeError:  # text that is no UTF-8 travels as a binary patch
            self._attributes(_AS_BINARY)
            try:
                return self._git(one).decode()
            finally:
                self._attributes(BYTE_FOR_BYTE)

    def _attributes(self, text: str) -> None:
        with open(os.path.join(self._git_dir, "info", "attributes"), "w") as f:
            f.write(text)

    def _make_way(self, path: bytes) -> None:
        """Nothing at the place of ``path``, and folders above it: no file or link where one of them should be."""
        parent = b""
        for part in path.split(b"/")[:-1]:
            parent = parent + b"/" + part if parent else part
            full = self._top + parent
            if os.path.islink(full) or not os.path.isdir(full):
                remove(full)
                os.mkdir(full)
        remove(self._top + path)

    def _prune(self, folder: bytes) -> None:
        """Remove ``folder`` and its parents as far as they are empty."""
        while folder:
            try:
                os.rmdir(self._top + folder)
            except OSError:
                return
            folder = folder.rpartition(b"/")[0]

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[None]:
        """An empty repository for one piece of work; nothing of the agent's is in it."""
        remove(os.fsencode(self._git_dir))
        make_git_folder(self._git_dir)
        try:
            yield
        finally:
            remove(os.fsencode(self._git_dir))

    def _git(self, arguments: list[str], data: bytes = b"") -> bytes:
        env = {
            "PATH": self._s.env["PATH"],
            "HOME": self._s.home,
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_DIR": self._git_dir,
            "GIT_WORK_TREE": self._s.workdir,
        }
        done = subprocess.run(["git", *arguments], input=data, capture_output=True, env=env, cwd=self._s.workdir, check=True)
        return done.stdout


def _blobs_of(snapshot: TreeState) -> Blobs:
    """What git keeps of a tree without a repository in it."""
    found: Blobs = {}
    for path, e in snapshot.entries.items():
        if e.kind == tree.LINK:
            assert isinstance(e.payload, bytes)
            found[path] = (LINK, e.payload)
        elif e.kind == tree.FILE:
            assert isinstance(e.payload, tree.Content)
            found[path] = (RUNS if e.mode & 0o100 else PLAIN, e.payload.data)
    return found


def _is_same(full: bytes, mode: int, data: bytes) -> bool:
    """Whether a file or link can be read and has this git mode and this content."""
    status = os.lstat(full)
    if stat.S_ISLNK(status.st_mode):
        return mode == LINK and os.readlink(full) == data
    if not status.st_mode & 0o400 or mode != (RUNS if status.st_mode & 0o100 else PLAIN) or status.st_size != len(data):
        return False
    return tree.read_file(full, len(data)) == data


def _slashes(path: bytes) -> Iterator[int]:
    at = path.find(b"/")
    while at >= 0:
        yield at
        at = path.find(b"/", at + 1)


def _zero_ended(paths: list[bytes]) -> bytes:
    return b"".join(path + b"\0" for path in paths)


def _mode(folder: str) -> int | None:
    """Permissions of a folder; ``None`` if there is none."""
    try:
        return stat.S_IMODE(os.stat(folder).st_mode)
    except OSError:
        return None


def _is_junk(path: bytes) -> bool:
    return path.endswith(_JUNK_FILES) or not _JUNK_FOLDERS.isdisjoint(path.split(b"/"))
