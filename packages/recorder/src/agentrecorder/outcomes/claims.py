"""What files beside a log say of its outcome. Always a claim: a verdict is what our own grader says."""

from collections.abc import Iterator
from pathlib import Path

from agentrecorder.outcomes.eval_reports import EvalReport, eval_report
from agentrecorder.outcomes.outcome_files import (
    OutcomeFolder,
    RunNames,
    given_folder,
    is_named,
    named_as_outcome,
    names_of,
    outcome_folders,
)
from agentrecorder.run import Run


class Outcomes:
    """What lies beside the log at ``path``, looked at once for all of its runs.

    ``extra`` is a file or a folder to look at first. ``alone``: it is about this log and no other, even if it names none.
    """

    def __init__(self, path: Path, extra: Path | None = None, alone: bool = False) -> None:
        self._path = path
        self._parts = frozenset(path.parts)
        self._extra = extra
        self._alone = alone
        self._outcome_folders: dict[tuple[str, ...], list[OutcomeFolder]] = {}
        self._shared: dict[Path, EvalReport] = {}

    def claim(self, run: Run) -> None:
        """Set ``run.claimed`` and ``run.claimed_by`` from the files, if any of them speaks of the run.

        A run that has a claim in its own log keeps it; one that has no diff gets the patch that was handed in for it.
        """
        if not run.chosen:
            return
        names = names_of(run.task_id, self._path)
        for file, own, found in self._files(names):
            if not run.final_diff:
                run.final_diff = _patch(found, names, own)
            solved = _verdict(found, names, own)
            if run.claimed is None and solved is not None:
                run.claimed, run.claimed_by = solved, f"{file.parent.name}/{file.name}"
            if run.claimed is not None and run.final_diff:
                return

    def _files(self, names: RunNames) -> Iterator[tuple[Path, bool, EvalReport]]:
        """Files that may speak of a run, and whether a verdict in them that names nobody is on it.

        Those that were given come first; then those about one run before those about several, the nearest first.
        """
        if self._extra is not None and not self._extra.is_dir():
            yield self._extra, self._alone or is_named(self._extra, names), self._read(self._extra)
        elif self._extra is not None:
            given = given_folder(self._extra, self._alone)
            yield from self._of_one(given, names)
            yield from self._of_some(given, names)
        named = tuple(name for name in names.own if name in self._parts)
        if named not in self._outcome_folders:
            self._outcome_folders[named] = list(outcome_folders(self._path, names))
        for place in self._outcome_folders[named]:
            yield from self._of_one(place, names)
        for place in self._outcome_folders[named]:
            yield from self._of_some(place, names)

    def _of_one(self, place: OutcomeFolder, names: RunNames) -> Iterator[tuple[Path, bool, EvalReport]]:
        for name in names.every:
            for file in place.listed.of_one.get(name, ()):
                yield file, True, eval_report(file)
            if name in names.own and name in place.listed.inside:
                file = place.folder / name / "report.json"
                yield file, True, eval_report(file)

    def _of_some(self, place: OutcomeFolder, names: RunNames) -> Iterator[tuple[Path, bool, EvalReport]]:
        for file in place.listed.of_some:
            if file != self._path:
                yield file, place.own or file.parent.name in names.own, self._read(file)

    def _read(self, file: Path) -> EvalReport:
        if file not in self._shared:
            self._shared[file] = eval_report(file)
        return self._shared[file]


def outcome_file(path: Path) -> bool:
    """Whether a file is no log but says what became of one."""
    return named_as_outcome(path) or bool(eval_report(path))


def _verdict(found: EvalReport, names: RunNames, own: bool) -> bool | None:
    named = next((found.solved[name] for name in names.every if name in found.solved), None)
    return found.verdict if named is None and own else named


def _patch(found: EvalReport, names: RunNames, own: bool) -> str:
    named = next((found.patches[name] for name in names.every if name in found.patches), "")
    return found.patch if not named and own else named
