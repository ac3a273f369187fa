"""Files that say what became of runs: reports and results of benchmarks, rewards, patches. Read by content, whatever the file is called."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from agentrecorder.containers.json_values import Json, NotJson, decoded, fields, get, items, loads, number

_LARGEST = 64 << 20
"""Bytes of a file that is still looked at."""
_IDS = ("trial_name", "instance_id", "task_id", "id")
"""Of two names of a row, the one that fewer rows share comes first."""
_VERDICTS = (("resolved",), ("is_resolved",), ("report", "resolved"), ("test_result", "report", "resolved"))
_REWARDS = (("reward",), ("verifier_result", "reward"), ("verifier_result", "rewards", "reward"))
_PATCHES = (("model_patch",), ("git_patch",), ("test_result", "git_patch"))
_LISTS: Mapping[str, bool | None] = {
    "resolved": True,
    "resolved_ids": True,
    "unresolved": False,
    "unresolved_ids": False,
    "no_generation": None,
    "no_logs": None,
    "error_ids": None,
    "empty_patch_ids": None,
    "incomplete_ids": None,
}
"""Keys of lists of instances, and what they say of one. What was not evaluated is not solved and not unsolved."""


@dataclass(slots=True)
class EvalReport:
    """What a file says. ``None`` where it names an instance and says neither that it is solved nor that it is not."""

    solved: dict[str, bool | None] = field(default_factory=dict)
    patches: dict[str, str] = field(default_factory=dict)
    verdict: bool | None = None
    """On the one run that the file is about, where it names no instance."""
    patch: str = ""

    def __bool__(self) -> bool:
        return bool(self.solved or self.patches or self.patch or self.verdict is not None)

    def note(self, name: str, solved: bool | None) -> None:
        """Two verdicts on one name that differ make none: they are on different runs."""
        self.solved[name] = solved if self.solved.get(name, solved) == solved else None


def eval_report(path: Path) -> EvalReport:
    """What a file says, which is nothing if it is no such file or cannot be read. Kept for as long as the file stays the same."""
    try:
        state = path.stat()
    except OSError:
        return EvalReport()
    return _eval_report(str(path), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _eval_report(path: str, changed: int, size: int) -> EvalReport:
    if not 0 < size <= _LARGEST:
        return EvalReport()
    try:
        data = Path(path).read_bytes()
    except OSError:
        return EvalReport()
    found = EvalReport()
    text = decoded(data[:4096]).lstrip()
    if text[:1] not in ("{", "["):
        _plain(found, text, data, "reward" in Path(path).name)
        return found
    for value in _values(data):
        _object(found, value)
    return found


def _plain(found: EvalReport, start: str, data: bytes, rewarded: bool) -> None:
    """A patch, or a number in a file that is called a reward."""
    if start.startswith(("diff --git ", "--- ")):
        found.patch = decoded(data)
        return
    if rewarded and len(data) < 40:
        with suppress(ValueError):
            found.verdict = _won(float(start))


def _values(data: bytes) -> Iterable[Json]:
    """The JSON value of a file, or those of its lines."""
    try:
        value = loads(data)
    except NotJson:
        lines = (line for line in data.split(b"\n") if line.strip())
        return [value for line in lines if isinstance(value := _line(line), Mapping)]
    return items(value) if isinstance(value, list) else (value,)


def _line(line: bytes) -> Json:
    try:
        return loads(line)
    except NotJson:
        return None


def _object(found: EvalReport, value: Json) -> None:
    if not isinstance(value, Mapping):
        return
    if _lists(found, value) or _trials(found, value):
        return
    rows = [row for key in ("instances", "results") for row in items(value.get(key))]
    for row in rows:
        _row(found, row)
    if rows or _row(found, value):
        return
    for name, row in value.items():
        if isinstance(row, Mapping):
            _named(found, name, row)


def _lists(found: EvalReport, value: Mapping[str, Json]) -> bool:
    named = [(key, solved) for key, solved in _LISTS.items() if isinstance(value.get(key), list)]
    if not any(solved for _, solved in named):
        return False
    for key, solved in named:
        for name in items(value[key]):
            if isinstance(name, str) and (solved is not None or name not in found.solved):
                found.note(name, solved)
    return True


def _trials(found: EvalReport, value: Mapping[str, Json]) -> bool:
    """A job of Harbor lists its trials by their reward."""
    evaluations = fields(get(value, "stats", "evals"))
    for evaluation in evaluations.values():
        for reward, names in fields(get(evaluation, "reward_stats", "reward")).items():
            for name in items(names):
                if isinstance(name, str):
                    found.note(name, _reward(reward))
    return bool(evaluations)


def _row(found: EvalReport, row: Json) -> bool:
    """Whether an object is about one run: it has a verdict or a patch, or its keys say that one belongs there."""
    if not isinstance(row, Mapping):
        return False
    patch = next((p for path in _PATCHES if isinstance(p := get(row, *path), str)), "")
    spoken = [get(row, *path) for path in (*_VERDICTS, *_REWARDS)]
    if not patch and all(value is None for value in spoken) and not {"resolved", "is_resolved", "patch_is_None"} & set(row):
        return False
    name = next((n for key in _IDS if isinstance(n := row.get(key), str)), None)
    if name is not None:
        _named(found, name, row)
    else:
        found.verdict, found.patch = verdict(row), found.patch or patch
    return True


def _named(found: EvalReport, name: str, row: Mapping[str, Json]) -> None:
    patch = next((p for path in _PATCHES if isinstance(p := get(row, *path), str) and p), "")
    if patch:
        found.patches.setdefault(name, patch)
    if verdict(row) is not None or "resolved" in row or "is_resolved" in row:
        found.note(name, verdict(row))


def verdict(row: Json) -> bool | None:
    """An explicit verdict on a run: a truth value, or a reward, of which the full one means that it is solved."""
    for path in _VERDICTS:
        if isinstance(value := get(row, *path), bool):
            return value
    return next((won for path in _REWARDS if (won := _reward(get(row, *path))) is not None), None)


def _reward(value: Json) -> bool | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return None if isinstance(value, bool) or not isinstance(value, int | float) else _won(value)


def _won(reward: float) -> bool | None:
    """``None`` for what is no finite number."""
    return None if number(abs(reward)) is None else reward >= 1
