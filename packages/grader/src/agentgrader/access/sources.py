"""The Python files that a diff changes, out of a box: before and after it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentsandbox.errors import CopyRefused
from agentsandbox.sandbox import Sandbox
from trajschema.diffs import FileDiff
from trajschema.task import Task

from agentgrader.access.places import LARGEST, own_names
from agentgrader.runner_access import PREFIX, runner_access
from agentgrader.tree_files import files_in

FILES = 500
"""Most files that are looked through."""


@dataclass(frozen=True)
class ChangedSources:
    """Sources by path."""

    base: Mapping[str, bytes]
    changed: Mapping[str, bytes | None]
    """``None``: no plain file, or one that is too large."""
    left: int
    """Files beside these that were not read."""

    def notes(self, task: Task, tree: bytes) -> tuple[str, ...]:
        """What the diff reaches for (:func:`agentgrader.runner_access.runner_access`), as evidence. ``tree`` is the task's archive."""
        if not self.changed:
            return ()
        try:
            found = runner_access(self.base, self.changed, task, own_names(files_in(tree)))
        except Exception as e:  # of any kind: what cannot be looked through is evidence, and no end of the grading
            found = [f"the diff cannot be looked through: {type(e).__name__}"]
        if self.left:
            found.append(f"{self.left} more files, not looked through")
        return tuple(PREFIX + note for note in found)


def before(box: Sandbox, files: Sequence[FileDiff], endings: tuple[str, ...]) -> dict[str, bytes]:
    """Sources of the files with these ``endings`` that a diff of ``files`` is about to change."""
    paths = [file.old_path for file in files if file.old_path and file.old_path.endswith(endings)]
    return {path: source for path, source in read(box, paths[:FILES]).items() if source is not None}


def after(
    box: Sandbox, files: Sequence[FileDiff], base: Mapping[str, bytes], put_back: Collection[str], endings: tuple[str, ...]
) -> ChangedSources:
    """The sources now that the diff is applied, but for paths that were ``put_back`` since."""
    paths = [file.new_path for file in files if file.new_path and file.new_path.endswith(endings)]
    paths = [path for path in dict.fromkeys(paths) if path not in put_back]
    return ChangedSources(base, read(box, paths[:FILES]), max(0, len(paths) - FILES))


def read(box: Sandbox, paths: Iterable[str]) -> dict[str, bytes | None]:
    """Sources as they are now, by path; ``None`` for no plain file, or one that is too large."""
    return {path: _source(box, path) for path in paths}


def _source(box: Sandbox, path: str) -> bytes | None:
    try:
        source = box.copy_out(path)
    except CopyRefused:
        return None
    return source if len(source) <= LARGEST else None
