"""Where outcomes lie: which folders beside a log, and which files in them, by the names in use."""

import itertools
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_INNER = frozenset({"trajs", "traj", "trajectories", "agent", "logs", "output", "outputs", "sessions", "runs"})
"""A folder of this name holds logs, and what became of them may lie beside the folder."""
_EVALUATIONS = ("reports", "evaluation", "evaluation_results", "eval", "sb-cli-reports", "verifier")
"""A folder of this name holds outcomes, whatever its files are called."""
_REPORTS = (*_EVALUATIONS, "logs", "results")
"""And in one of these there may be some."""
_OF_ONE = re.compile(r"(?P<name>.+?)(?:[._]report\.json|\.pred|\.patch|\.diff)\Z")
_OF_SOME = re.compile(
    r"report\.json|results?\.json|results_summary\.json|preds\.json|(?:all_)?preds\.jsonl|.*swebench_eval\.jsonl|reward\.(?:txt|json)"
    r"|(?:patch|model)\.(?:diff|patch)"
)
_AROUND = re.compile(r"test_output.*|run_instance\.log|eval\.(?:sh|log)|results_summary\.csv|run_batch_exit_statuses\.ya?ml")
"""Files of an evaluation that hold no verdict on a run by themselves."""
_SUFFIX = re.compile(r"(?:\.traj)?\.(?:json|jsonl|traj|eval|log|txt)\Z|\.traj\Z")
_MOST = 20_000
"""Files of a folder, given as one with outcomes, that are looked for."""
_FEW = 32
"""Files about several runs that are read for one log."""
_UP = 3


class RunNames(NamedTuple):
    """What a run may be called in other files."""

    own: tuple[str, ...]
    """After its task and its log."""
    every: tuple[str, ...]
    """After the folder of its log too."""


class FolderListing(NamedTuple):
    """Files of a folder that may speak of runs."""

    of_one: dict[str, tuple[Path, ...]]
    """Those about one run, by its name."""
    of_some: tuple[Path, ...]
    inside: frozenset[str]
    """Everything that lies in the folder."""
    reports: tuple[Path, ...]
    """Folders in it that may hold outcomes."""
    logs: int
    """How many logs lie in the folder, as far as their names tell."""


class OutcomeFolder(NamedTuple):
    """A folder where outcomes may lie."""

    folder: Path
    own: bool
    """Whether a verdict that names nobody is on the log."""
    listed: FolderListing


def names_of(task_id: str | None, path: Path) -> RunNames:
    """Names of a run of the log at ``path``."""
    folder = path.parent
    up = folder.parent.name if folder.name in _INNER else ""
    own = tuple(dict.fromkeys(name for name in (task_id, _SUFFIX.sub("", path.name)) if name))
    return RunNames(own, tuple(dict.fromkeys((*own, *(name for name in (folder.name, up) if name)))))


def given_folder(folder: Path, own: bool) -> OutcomeFolder:
    """A folder of outcomes, with all that lies in it."""
    return OutcomeFolder(folder, own, _list(folder, deep=True))


def outcome_folders(path: Path, names: RunNames) -> Iterator[OutcomeFolder]:
    """Folders where outcomes of the log at ``path`` may lie, the nearest first.

    The log's folder, those of reports in it, and further up as long as a folder's name is that of a run or of a folder of logs.
    """
    beside = folder = path.parent
    listed = _list(folder, deep=False)
    own = listed.logs == 1 or folder.name in names.own
    for _ in range(_UP):
        yield OutcomeFolder(folder, own, listed)
        for reports in listed.reports:
            if reports != beside:
                yield OutcomeFolder(reports, own, _list(reports, deep=False))
        if folder.name not in _INNER and folder.name not in names.own:
            return
        own = folder.name == "agent"
        folder = folder.parent
        listed = _list(folder, deep=False)


def named_as_outcome(path: Path) -> bool:
    """Whether a file is called as files of an evaluation are."""
    return any(pattern.fullmatch(path.name) for pattern in (_AROUND, _OF_SOME, _OF_ONE))


def _list(folder: Path, *, deep: bool) -> FolderListing:
    name = str(folder)
    return _listed(name, os.stat(name).st_mtime_ns, deep)


@lru_cache(maxsize=64)
def _listed(folder: str, changed: int, deep: bool) -> FolderListing:
    of_one: dict[str, list[Path]] = {}
    of_some: list[Path] = []
    others: list[Path] = []
    files = sorted(itertools.islice(Path(folder).rglob("*") if deep else Path(folder).iterdir(), _MOST if deep else None))
    for file in files:
        if _OF_SOME.fullmatch(file.name):
            of_some.append(file)
            if file.parent != Path(folder):
                of_one.setdefault(_after(file), []).append(file)
        elif one := _OF_ONE.fullmatch(file.name):
            of_one.setdefault(one["name"], []).append(file)
        elif file.suffix == ".json" and (deep or file.parent.name in _EVALUATIONS):
            others.append(file)
    if len(of_some) > _FEW:
        of_some = [file for file in of_some if file.parent == Path(folder)]
    several = (*of_some, *(others if len(others) <= _FEW else ()))
    inside = frozenset(file.name for file in files)
    reports = tuple(Path(folder, name) for name in _REPORTS if name in inside and Path(folder, name).is_dir())
    logs = sum(_SUFFIX.search(file.name) is not None and not named_as_outcome(file) for file in files)
    return FolderListing({name: tuple(paths) for name, paths in of_one.items()}, several, inside, reports, logs)


def _after(file: Path) -> str:
    """The folder that a file is about."""
    return file.parent.parent.name if file.parent.name in _EVALUATIONS else file.parent.name


def is_named(file: Path, names: RunNames) -> bool:
    """Whether a file is called after the run."""
    one = _OF_ONE.fullmatch(file.name)
    return (one is not None and one["name"] in names.own) or file.parent.name in names.own
