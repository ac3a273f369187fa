"""From the options of a command to a loaded box with a recorded session in it."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from trajschema.event import EventSink
from trajschema.rollout import Limits
from trajschema.task import Environment, Task

from agentsandbox.backends import choose
from agentsandbox.cache import default_folder
from agentsandbox.errors import PatchRejected, SandboxError
from agentsandbox.eventlog import EventLog, NoSink
from agentsandbox.records import RecordMissing, bare_task, read_task, stored_tree
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.session import Session
from agentsandbox.trees import EMPTY, TreeUnusable, tree_of

T = TypeVar("T")
LABEL = "agentsandbox"


@dataclass(frozen=True)
class Setup:
    """Where a session takes place: what the box is loaded with, and who is told."""

    task: Task
    tree: bytes
    backend: Backend
    limits: Limits
    record: Path | None = None


def limits_of(settings: Sequence[str], base: Limits) -> Limits:
    """``base`` with ``NAME=VALUE`` settings in it.

    Raises:
        SandboxError: there is no such limit, or it has no such value.
    """
    given = dict(setting.partition("=")[::2] for setting in settings)
    known = ", ".join(Limits.model_fields)
    for name in given:
        if name not in Limits.model_fields:
            raise SandboxError(f"there is no limit {name!r}", f"the limits are {known}")
    try:
        return Limits.model_validate(base.model_dump() | given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SandboxError(f"limit {first['loc'][0]}: {first['msg']}", f"got {first['input']!r}") from error


def backend_of(name: str) -> Backend:
    """The backend, ready to open boxes; what dead processes left of theirs is removed first.

    Who names the local backend allows it; who leaves the choice open does not.
    """
    backend = choose(name, environments=default_folder(), label=LABEL, allow_local=name == "local", progress=say)  # type: ignore[arg-type]
    backend.reap()
    return backend


def setup_of(
    backend: str, task: Path | None, task_id: str | None, tree: Path | None, image: str, limits: Limits, record: Path | None
) -> Setup:
    """The set-up that the options name. Without a tree it is that of the task in a store near its file, or an empty one.

    Raises:
        SandboxError: something that is named is not there.
        TreeUnusable: the tree cannot be read.
    """
    if task is None:
        packed = tree_of(tree) if tree else EMPTY
        named = bare_task(packed, Environment(image=image))
    else:
        named = read_task(task, task_id)
        packed = tree_for(named, tree, task)
        if image:
            named = named.model_copy(update={"environment": named.environment.model_copy(update={"image": image})})
    return Setup(named, packed, backend_of(backend), limits, record)


def tree_for(task: Task, tree: Path | None, near: Path) -> bytes:
    """The tree of ``task``: ``tree`` if it is given, else the one in a task store near a file.

    Raises:
        RecordMissing: there is none.
    """
    if tree:
        return tree_of(tree)
    found = stored_tree(task, near)
    if found is None:
        raise RecordMissing(f"the tree of task {task.task_id} is not near {near}", "name it with --tree, or its store with --store")
    return found


@contextmanager
def opened(setup: Setup) -> Iterator[tuple[Sandbox, Session]]:
    """A loaded box with a session in it. Both end with the block, also when the process is told to stop.

    A session that nobody ended and in which nothing was submitted is recorded as a crash.

    Raises:
        SandboxError: the box cannot be had, or the record cannot be written.
    """
    _end_on_signals()
    sink: EventSink = NoSink()
    log = None
    try:
        if setup.record:
            log = sink = EventLog(setup.record)
    except OSError as error:
        raise SandboxError(f"{setup.record} cannot be written: {error.strerror}", "name a new file with --record") from error
    with setup.backend.open(setup.limits, setup.task.environment) as box:
        box.load(setup.tree, [setup.task.bug_patch] if setup.task.bug_patch else [])
        session = Session(box, sink, setup.task.task_id, setup.task.problem_statement)
        try:
            yield box, session
        except BaseException as error:
            box.interrupt()
            leave(session, f"{type(error).__name__}: {error}")
            raise
        finally:
            leave(session, "the session was left without a submit")
            if log:
                log.close()


def leave(session: Session, reason: str) -> None:
    """End ``session`` as submitted if its work was handed in, else as a crash for ``reason``."""
    if session.submitted:
        session.end("submitted")
    else:
        session.end("crash", reason)


def attended(box: Sandbox, work: Callable[[], T]) -> T:
    """``work()``, which calls the box. Ctrl-C interrupts the call; once more abandons it.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed twice.
    """
    done: list[Any] = []
    finished = threading.Event()

    def run() -> None:
        try:
            done.append((work(), None))
        except BaseException as error:
            done.append((None, error))

        finally:
            finished.set()

    threading.Thread(target=run, daemon=True).start()
    while True:
        try:
            finished.wait()  # an interrupted join may take a running thread for one that ended
            break
        except KeyboardInterrupt:
            box.interrupt()
    result, error = done[0]
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def say(line: str) -> None:
    """Tell the user what goes on."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def errors(code: int) -> Iterator[None]:
    """Turn what the user or the infrastructure got wrong into a message and an exit status."""
    try:
        yield
    except (SandboxError, PatchRejected, TreeUnusable) as error:
        say(f"error: {error}")
        raise SystemExit(code) from None
    except KeyboardInterrupt:
        say("interrupted")
        raise SystemExit(130) from None


def _end_on_signals() -> None:
    """A polite kill and a closed terminal end the process as Ctrl-C does, so that boxes are closed."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)


def _stop(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
