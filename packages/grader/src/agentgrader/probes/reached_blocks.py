"""Which of the wanted blocks (:mod:`agentgrader.probes.blocks`) of files ran in this process."""

from __future__ import annotations

import ast
import builtins
import importlib.machinery
import os
from collections.abc import Mapping, Sequence
from typing import Any

from agentgrader.probes.blocks import noting

_NAME = f"__{os.urandom(8).hex()}__"


class ReachedBlocks:
    """Of modules that are imported from now on. ``wanted``: path of a file relative to ``root`` → [place, number] of its blocks."""

    def __init__(self, root: str, wanted: Mapping[str, Sequence[Sequence[int]]]) -> None:
        self._reached: set[int] = set()
        if not wanted:
            return
        files = {os.path.realpath(os.path.join(root, path)): {n: m for n, m in numbers} for path, numbers in wanted.items()}
        loader: Any = importlib.machinery.SourceFileLoader
        plain = loader.get_code

        def get_code(this: Any, name: str) -> Any:  # not source_to_code: byte code that was kept is not what is wanted here
            numbers = files.get(os.path.realpath(this.path))
            if numbers is None:
                return plain(this, name)
            try:
                return compile(noting(ast.parse(this.get_data(this.path)), numbers, _NAME), this.path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError):
                return plain(this, name)

        loader.get_code = get_code
        setattr(builtins, _NAME, self._reached.add)

    def new(self) -> list[int]:
        """Numbers of those that ran since this was asked last."""
        new = sorted(self._reached)
        self._reached.clear()
        return new
