"""Errors of task building. Each names the input that is at fault and the remedy."""

from collections.abc import Sequence

from trajschema.task import Task


class TaskError(Exception):
    """Something about a library, a stored tree or a pool is wrong."""


class UnknownLibrary(TaskError):
    """A library is asked for that the table does not hold."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"library {name!r} is not in the table; known: {', '.join(known)}")
        self.name = name


class UnknownSource(TaskError):
    """Tasks are asked for from a source that does not exist."""

    def __init__(self, name: str, why: str, known: Sequence[str]) -> None:
        super().__init__(f"task source {name!r}: {why}; there are: {', '.join(known)}, and your own as module:attribute")
        self.name = name


class LibraryUnavailable(TaskError):
    """The source archive of a library cannot be had, or is not the pinned one."""

    def __init__(self, name: str, why: str, remedy: str) -> None:
        super().__init__(f"library {name}: {why}; remedy: {remedy}")
        self.name, self.why, self.remedy = name, why, remedy

    def __reduce__(self) -> tuple[type["LibraryUnavailable"], tuple[str, str, str]]:
        return (type(self), (self.name, self.why, self.remedy))


class TreeMissing(TaskError):
    """The store does not hold a source tree that a task names."""

    def __init__(self, key: str, folder: str) -> None:
        super().__init__(f"source tree {key} is not in the store {folder}; remedy: run `agenttasks fetch` with this store")
        self.key, self.folder = key, folder

    def __reduce__(self) -> tuple[type["TreeMissing"], tuple[str, str]]:
        return (type(self), (self.key, self.folder))


class StoreCorrupt(TaskError):
    """A stored tree is not what its key says."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} does not have the hash in its name; remedy: delete the file and run `agenttasks fetch`")
        self.path = path

    def __reduce__(self) -> tuple[type["StoreCorrupt"], tuple[str]]:
        return (type(self), (self.path,))


class LibraryUnfit(TaskError):
    """The suite of an unchanged library does not run to its end in this environment, so nothing can be proven with it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"library {name}: its own tests do not run here ({why}); remedy: leave it out, or mend the environment")
        self.name, self.why = name, why

    def __reduce__(self) -> tuple[type["LibraryUnfit"], tuple[str, str]]:
        return (type(self), (self.name, self.why))


class RepositoryUnusable(TaskError):
    """No task can be made from a repository of one's own as it stands."""

    def __init__(self, name: str, why: str, remedy: str) -> None:
        super().__init__(f"repository {name}: {why}; remedy: {remedy}")
        self.name, self.why, self.remedy = name, why, remedy

    def __reduce__(self) -> tuple[type["RepositoryUnusable"], tuple[str, str, str]]:
        return (type(self), (self.name, self.why, self.remedy))


class PoolExhausted(TaskError):
    """There are fewer valid tasks than asked for."""

    def __init__(self, wanted: int, found: int) -> None:
        super().__init__(f"{wanted} tasks were asked for and {found} can be made; remedy: name more libraries or ask for fewer")
        self.wanted, self.found = wanted, found


class PoolIncomplete(TaskError):
    """The infrastructure failed for part of a pool. What was validated is stored; a second run goes on from there."""

    def __init__(self, problems: Sequence[str], tasks: Sequence[Task]) -> None:
        super().__init__(f"{len(problems)} parts of the pool failed: {'; '.join(problems)}; remedy: run it again, finished work is kept")
        self.problems, self.tasks = tuple(problems), tuple(tasks)
