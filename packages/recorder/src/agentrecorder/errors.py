"""What the recorder raises. Each error names the input and what to do."""

from collections.abc import Iterable
from pathlib import Path


class RecorderError(Exception):
    """Something of ours went wrong with an input. The message says which, and the remedy."""


class UnknownFormat(RecorderError):
    """No adapter knows what a file or folder holds."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}; see `agentrecorder detect --help` for what is read, or add an adapter by entry point")


class NoAdapter(RecorderError):
    """Nobody reads a format."""

    def __init__(self, log_format: str, known: Iterable[str]) -> None:
        super().__init__(f"no adapter reads {log_format!r}; there are adapters for {', '.join(sorted(known))}")


class NotReadable(RecorderError):
    """A file cannot be opened."""

    def __init__(self, path: Path, problem: OSError) -> None:
        super().__init__(f"{path}: {problem.strerror or problem}; name a log file, or a folder of logs, that can be read")
