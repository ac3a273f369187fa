"""The Python files that a diff changes, out of a box: before and after it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agentsandbox.errors import CopyRefused
from agentsandbox.sandbox import Sandbox
from trajschema.diffs import FileDiff
from trajschema.task import Task

from agentgrader.runner_access import LARGEST, PREFIX, own_names, runner_access
from agentgrader.tree_files import files_in

_FILES = 500
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
    read = {path: _source(box, path) for path in paths[:_FILES]}
    return {path: source for path, source in read.items() if source is not None}


def after(
    box: Sandbox, files: Sequence[FileDiff], base: Mapping[str, bytes], put_back: Collection[str], endings: tuple[str, ...]
) -> ChangedSources:
    """The sources now that the diff is applied, but for paths that were ``put_back`` since."""
    paths = [file.new_path for file in files if file.new_path and file.new_path.endswith(endings)]
    paths = [path for path in dict.fromkeys(paths) if path not in put_back]
    return ChangedSources(base, {path: _source(box, path) for path in paths[:_FILES]}, max(0, len(paths) - _FILES))


def _source(box: Sandbox, path: str) -> bytes | None:
    try:
        source = box.copy_out(path)
    except CopyRefused:
        return None
    return source if len(source) <= LARGEST else None
