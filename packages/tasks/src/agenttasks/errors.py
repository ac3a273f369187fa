"""Errors of task building. Each names the input that is at fault and the remedy."""

from collections.abc import Sequence

from trajschema.task import Task


class TaskError(Exception):
    """Something about a library, a stored tree or a pool is wrong. The arguments fill the places in ``text``."""

    text = "{}"

    def __str__(self) -> str:
        return self.text.format(*self.args)


class UnknownLibrary(TaskError):
    """A library (its name, those there are) is asked for that the table does not hold."""

    text = "library {!r} is not in the table; known: {}"


class UnknownSource(TaskError):
    """Tasks are asked for from a source (its name, why not, those there are) that does not exist."""

    text = "task source {!r}: {}; there are: {}, and your own as module:attribute"


class LibraryUnavailable(TaskError):
    """The source archive of a library (its name, why, the remedy) cannot be had, or is not the pinned one."""

    text = "library {}: {}; remedy: {}"


class TreeMissing(TaskError):
    """The store does not hold a source tree (its key, the folder of the store) that a task names."""

    text = "source tree {} is not in the store {}; remedy: run `agenttasks fetch` with this store"


class StoreCorrupt(TaskError):
    """A stored tree (its path) is not what its key says."""

    text = "{} does not have the hash in its name; remedy: delete the file and run `agenttasks fetch`"


class LibraryUnfit(TaskError):
    """The suite of an unchanged library (its name, why) does not run to its end in this environment: nothing can be proven with it."""

    text = "library {}: its own tests do not run here ({}); remedy: leave it out, or mend the environment"


class RepositoryUnusable(TaskError):
    """No task can be made from the user's own repository (its name, why, the remedy) as it stands."""

    text = "repository {}: {}; remedy: {}"


class PoolExhausted(TaskError):
    """There are fewer valid tasks than asked for (how many were, how many there are)."""

    text = "{} tasks were asked for and {} can be made; remedy: name more libraries or ask for fewer"


class PoolIncomplete(TaskError):
    """The infrastructure failed for part of a pool. What was validated is stored; a second run goes on from there."""

    def __init__(self, problems: Sequence[str], tasks: Sequence[Task]) -> None:
        super().__init__(f"{len(problems)} parts of the pool failed: {'; '.join(problems)}; remedy: run it again, finished work is kept")
        self.problems, self.tasks = tuple(problems), tuple(tasks)
