"""Diffs whose nature is known are what they are said to be."""

import subprocess
import sys
from pathlib import Path

import pytest
from planted.fixes import _known
from planted.moves import moved

HOME = '''from __future__ import annotations
import re as regex

LIMIT = 3


def cut(text: Text, most: int = LIMIT) -> Text:
    """Shorter."""
    return regex.sub("a", "b", text)[:most] + tail()


def tail() -> str:
    return "!" * LIMIT


class Base:
    size = LIMIT


class Sized(Base):
    def told(self) -> str:
        return cut(tail(), self.size) + type(self).__name__
'''
ASKED = "from shop.home import Sized, cut; import shop.home as h; print(cut('banana'), Sized().told(), h.cut is cut)"


@pytest.mark.parametrize("name", ["cut", "tail", "Sized.told"])
def test_what_moves_to_another_module_does_what_it_did(name: str, tmp_path: Path) -> None:
    changed = moved("shop/home.py", HOME, [name])
    assert changed is not None
    assert set(changed) == {"shop/home.py", f"shop/_moved_{name.partition('.')[0].lower()}.py"}
    for path, text in changed.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "bbn!!! !!!!!!Sized True\n", done.stderr


def test_what_is_used_before_its_home_has_it_stays() -> None:
    assert moved("a.py", "def f(x=later()):\n    return x\n\n\ndef later():\n    return 1\n", ["f"]) is None


def test_there_are_other_fixes_for_most_libraries() -> None:
    assert sum(len(functions) for library in ("inflection", "parse", "toolz") for _, functions in _known(library)) > 60
