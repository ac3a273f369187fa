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
_RAN = re.compile(r"^Ran (\d{1,9}) tests? in ", re.MULTILINE)
_UNITTEST = re.compile(r"^(OK|FAILED)(?: \((.*)\))?\s*$", re.MULTILINE)
_PAIR = re.compile(r"(failures|errors)=(\d{1,9})")


def test_counts(output: str) -> TestCounts | None:
    """Counts of the last pytest or unittest summary in ``output``; ``None`` where there is none. Never raises."""
    tail = output[-TAIL:]
    if _has_verdict(tail):
        for line in reversed(tail.splitlines()):
            if _has_verdict(line) and _SUMMARY.match(line):
                counts = {name.rstrip("s"): int(n) for n, name in _COUNT.findall(line)}
                if not counts.keys().isdisjoint(_VERDICTS):
                    return TestCounts(counts.get("passed", 0), counts.get("failed", 0) + counts.get("error", 0), line.strip(" =\n")[:200])
    return _unittest(tail) if "Ran " in tail else None


def _has_verdict(text: str) -> bool:
    return "passed" in text or "failed" in text or "error" in text


def _unittest(tail: str) -> TestCounts | None:
    ran = _RAN.search(tail)
    said = _UNITTEST.search(tail, ran.end()) if ran else None
    if not ran or not said:
        return None
    bad = sum(int(n) for _, n in _PAIR.findall(said.group(2) or ""))
    if said.group(1) == "FAILED" and not bad:
        bad = 1
    total = max(int(ran.group(1)), bad)
    return TestCounts(total - bad, bad, said.group().strip()[:200])
