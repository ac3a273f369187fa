"""What a test run said, read off its output."""

import re
from typing import NamedTuple

TAIL = 3_000
"""The summary stands at the end; only this many characters are read."""


class TestCounts(NamedTuple):
    """Tests by verdict. ``failed`` includes errors."""

    passed: int
    failed: int
    line: str

    @property
    def green(self) -> bool:
        """Something ran and nothing failed."""
        return self.failed == 0 and self.passed > 0


_COUNT = re.compile(r"(\d{1,9}) (passed|failed|errors?|xfailed|xpassed|skipped|deselected|warnings?)\b")
_VERDICTS = frozenset({"passed", "failed", "error"})
_SUMMARY = re.compile(r"[=\s]*(?:\d+ [a-z]+(?:, )?)+ in (?:[\d.]+ ?s|<duration>)|=+ .*\d+ (?:passed|failed|errors?).* =+$")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_RAN = re.compile(r"^Ran (\d{1,9}) tests? in ", re.MULTILINE)
_UNITTEST = re.compile(r"^(OK|FAILED)(?: \((.*)\))?\s*$", re.MULTILINE)
_PAIR = re.compile(r"(failures|errors)=(\d{1,9})")
_OTHERS = tuple(
    (sign, re.compile(passed, re.MULTILINE), re.compile(failed, re.MULTILINE))
    for sign, passed, failed in (
        ("test result: ", r"^test result: .*?(\d{1,9}) passed", r"^test result: .*?(\d{1,9}) failed"),  # cargo
        ("Tests", r"^ *Tests:? .*?(\d{1,9}) passed", r"^ *Tests:? .*?(\d{1,9}) failed"),  # jest, vitest
        (" passing", r"^ *(\d{1,9}) passing\b", r"^ *(\d{1,9}) failing\b"),  # mocha
        ("pass ", r"^(?:#|ℹ) pass (\d{1,9})$", r"^(?:#|ℹ) fail (\d{1,9})$"),  # node
        ("--- ", r"^ *--- PASS: ()", r"^ *--- FAIL: ()"),  # go, test by test
        ("\t", r"^ok +\t()", r"^FAIL\t()"),  # go, package by package
    )
)
"""What stands in the report of a runner, and what counts its tests: a number, or nothing where each match is one test."""


def test_counts(output: str) -> TestCounts | None:
    """Counts of the last pytest or unittest summary in ``output``; ``None`` where there is none. Never raises."""
    tail = output[-TAIL:]
    if "\x1b" in tail:
        tail = _COLOUR.sub("", tail)
    if _has_verdict(tail):
        for line in reversed(tail.splitlines()):
            if _has_verdict(line) and _SUMMARY.match(line):
                counts = {name.rstrip("s"): int(n) for n, name in _COUNT.findall(line)}
                if not counts.keys().isdisjoint(_VERDICTS):
                    return TestCounts(counts.get("passed", 0), counts.get("failed", 0) + counts.get("error", 0), line.strip(" =\n")[:200])
    return _unittest(tail) if "Ran " in tail else None


def other_counts(output: str) -> TestCounts | None:
    """The same for the runners of other languages: cargo, jest, vitest, mocha, node and go."""
    tail = _COLOUR.sub("", output[-TAIL:])
    for sign, passed, failed in _OTHERS:
        if sign in tail:
            good, bad = (sum(int(n or 1) for n in pattern.findall(tail)) for pattern in (passed, failed))
            if good + bad:
                last = max((m.end() for pattern in (passed, failed) for m in pattern.finditer(tail)), default=0)
                return TestCounts(good, bad, tail[tail.rfind("\n", 0, last) + 1 :].split("\n", 1)[0].strip()[:200])
    return None


def _has_verdict(text: str) -> bool:
    return "passed" in text or "failed" in text or "error" in text


def _unittest(tail: str) -> TestCounts | None:
    *_, ran = [None, *_RAN.finditer(tail)]
    said = _UNITTEST.search(tail, ran.end()) if ran else None
    if not ran or not said:
        return None
    bad = sum(int(n) for _, n in _PAIR.findall(said.group(2) or ""))
    if said.group(1) == "FAILED" and not bad:
        bad = 1
    total = max(int(ran.group(1)), bad)
    return TestCounts(total - bad, bad, said.group().strip()[:200])
