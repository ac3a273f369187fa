"""A small library in a repository of one's own: what projects of tests take their tasks from, in moments and without a network."""

import subprocess
from pathlib import Path
from typing import Any

BILL = '''"""Bills."""


def total(prices):
    """Sum of prices, a tenth less above a hundred."""
    found = 0
    for price in prices:
        if price < 0:
            raise ValueError(price)
        found += price
    if found > 100:
        found = found * 9 // 10
    return found


def share(amount, people):
    """What each pays; the first pay one more until it comes out even."""
    if people < 1:
        raise ValueError(people)
    each, rest = divmod(amount, people)
    return [each + 1 if place < rest else each for place in range(people)]


def change(amount, coins):
    """The fewest coins, largest first; None where it does not come out even."""
    found = []
    for coin in sorted(coins, reverse=True):
        while amount >= coin:
            amount -= coin
            found.append(coin)
    return None if amount else found
'''
TESTS = """import pytest
from mylib.bill import change, share, total


@pytest.mark.parametrize(("prices", "sum_"), [([], 0), ([1, 2], 3), ([100], 100), ([60, 60], 108), ([101], 90)])
def test_total(prices, sum_):
    assert total(prices) == sum_


def test_negative():
    with pytest.raises(ValueError):
        total([-1])


@pytest.mark.parametrize(("amount", "parts"), [(4, [2, 2]), (5, [3, 2]), (0, [0, 0]), (1, [1, 0])])
def test_share(amount, parts):
    assert share(amount, 2) == parts


def test_nobody():
    with pytest.raises(ValueError):
        share(1, 0)


@pytest.mark.parametrize(("amount", "coins"), [(0, []), (8, [5, 2, 1]), (10, [5, 5]), (4, [2, 2])])
def test_change(amount, coins):
    assert change(amount, [1, 2, 5]) == coins


def test_no_change():
    assert change(3, [2]) is None
"""
MYLIB: dict[str, Any] = {
    "name": "mylib",
    "path": "mylib",
    "licence": "MIT",
    "sources": ["src/mylib"],
    "tests": ["tests"],
    "python_path": ["src"],
}
"""How a project names it that has it in its folder."""
_PLAIN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}


def make_mylib(folder: Path) -> Path:
    """Write the library as a repository with one commit, the same each time."""
    for path, text in {"src/mylib/__init__.py": "", "src/mylib/bill.py": BILL, "tests/test_bill.py": TESTS}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "first", "--date", "2026-01-01T00:00:00Z"]):
        subprocess.run(["git", "-C", folder, *arguments], check=True, env=_PLAIN)
    return folder
