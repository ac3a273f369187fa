"""Runs made from a seed, as plain dicts: what agents do, each output distinct and 1 KB long. No imports of ours: any engine reads it.

Texts have what 2,900 steps of real runs have on average, by KB: 115 names, 17 of them new in the run, and 24 lines, 11 of them new.
"""

import random
from typing import Any

Json = dict[str, Any]
OUTPUT = 1_000
_NEW = 0.33
_VERBS = ("parse", "read", "make", "check", "load")
_WORDS = tuple(f"{verb}{noun}" for verb in ("", "is_", "to_", "set_", "old_") for noun in ("text", "path", "row", "key", "node", "self"))
_COMMON = tuple(f"    {a}.{b} = self.{c}({a}, {c})  # {b} of {a}" for a in _WORDS[:9] for b in _WORDS[9:14] for c in _WORDS[14:19])
_FOLDERS = ("src", "src/core", "lib", "tests", "docs", "src/io")


def made_run(n: int, seed: int = 0) -> Json:
    """A run of ``n`` steps that looks around, edits, tests and looks again. Claims no outcome."""
    rng = random.Random(seed)
    return {
        "id": f"run-{n}-{seed}",
        "task": "Fix parse_date in src/core/dates_1.py: test_month fails.",
        "steps": [_step(rng) for _ in range(n)],
    }


def _step(rng: random.Random) -> Json:
    path = f"{rng.choice(_FOLDERS)}/module_{rng.randrange(400)}.py"
    name = _name(rng)
    kind = rng.randrange(8)
    if kind == 0:
        return _shell(f"cd /testbed && grep -rn '{name}' {path.rsplit('/', 1)[0]} | head -20", _found(rng))
    if kind == 1:
        start = rng.randrange(1, 400)
        return _shell(f"sed -n '{start},{start + 60}p' {path}", _code(rng))
    if kind == 2:
        return {"tool": "Grep", "params": {"pattern": name, "path": path.rsplit("/", 1)[0]}, "output": _found(rng)}
    if kind in (3, 4):
        return {"tool": "Read", "params": {"file_path": path}, "output": _code(rng)}
    if kind == 5:
        old, new = _line(rng), _line(rng)
        return {"tool": "Edit", "params": {"file_path": path, "old_string": old, "new_string": new}, "output": _code(rng)}
    if kind == 6:
        failed, passed = rng.randrange(5), rng.randrange(1, 40)
        counts = f"{failed} failed, {passed} passed" if failed else f"{passed} passed"
        report = f"=== {counts} in 0.{rng.randrange(10, 99)}s ==="
        return _shell(
            f"python -m pytest -q tests/test_{rng.randrange(9)}.py",
            f"{_code(rng)[: OUTPUT - len(report) - 1]}\n{report}",
            1 if failed else 0,
        )
    return _shell(f"python scripts/check_{rng.randrange(30)}.py --{name}", _code(rng), rng.choice((0, 0, 1)))


def _shell(command: str, output: str, code: int = 0) -> Json:
    return {"tool": "Bash", "params": {"command": command}, "output": output, "exit_code": code}


def _name(rng: random.Random) -> str:
    return f"{rng.choice(_VERBS)}_{rng.randrange(10**6)}"


def _word(rng: random.Random) -> str:
    return _name(rng) if rng.random() < _NEW else rng.choice(_WORDS)


def _line(rng: random.Random) -> str:
    """A line of code; about every other one is one of many like it."""
    if rng.random() < 0.5:
        return rng.choice(_COMMON)
    return f"    {_word(rng)} = {_word(rng)}({_word(rng)}.{_word(rng)}, {rng.randrange(99)})"


def _code(rng: random.Random) -> str:
    lines: list[str] = []
    size = 0
    while size < OUTPUT:
        lines.append(_line(rng))
        size += len(lines[-1]) + 1
    return "\n".join(lines)[:OUTPUT]


def _found(rng: random.Random) -> str:
    lines: list[str] = []
    size = 0
    while size < OUTPUT:
        lines.append(f"{rng.choice(_FOLDERS)}/module_{rng.randrange(400)}.py:{rng.randrange(900)}:{_line(rng)}")
        size += len(lines[-1]) + 1
    return "\n".join(lines)[:OUTPUT]
