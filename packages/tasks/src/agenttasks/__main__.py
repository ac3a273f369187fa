"""The ``agenttasks`` command: ``python -m agenttasks --help``."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from trajschema.task import Task

from agenttasks.errors import TaskError
from agenttasks.libraries.library import Library, libraries, library
from agenttasks.store import TaskStore

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make tasks for code agents from real libraries.")

Names = Annotated[list[str] | None, typer.Argument(help="Libraries; all of the table if none is named.")]
Store = Annotated[Path, typer.Option(help="Folder for downloads, trees and certificates.")]

_STORE = Path("task-store")


@app.command("libraries")
def list_libraries() -> None:
    """List the pinned libraries."""
    for entry in libraries().values():
        typer.echo(f"{entry.name:12} {entry.version:10} {entry.licence:14} {entry.repository} {entry.tag}")


@app.command()
def fetch(names: Names = None, store: Store = _STORE) -> None:
    """Download and check the source archives, so that everything after works without a network."""
    from agenttasks.libraries.fetch import fetch as fetched

    failed = False
    for entry in _named(names):
        try:
            typer.echo(f"{entry.name} {entry.version}: {len(fetched(entry, TaskStore(store)))} bytes")
        except TaskError as error:
            failed = True
            typer.echo(f"error: {error}", err=True)
    if failed:
        raise typer.Exit(1)


@app.command()
def make(
    output: Annotated[Path, typer.Option("-o", "--output", help="JSON lines file for the tasks.")],
    count: Annotated[int, typer.Option(min=1, help="How many tasks.")] = 24,
    seed: Annotated[int, typer.Option(help="Another seed gives other tasks.")] = 1,
    names: Names = None,
    backend: Annotated[str, typer.Option(help="auto, docker, bubblewrap or local.")] = "auto",
    workers: Annotated[int, typer.Option(min=1, help="Boxes at a time.")] = 2,
    comparable: Annotated[bool, typer.Option("--comparable", help="Only tasks whose passes can be confirmed from outside.")] = False,
    store: Store = _STORE,
) -> None:
    """Make and validate tasks. What is already validated in the store is not done again."""
    from agentsandbox.backends import choose
    from agentsandbox.errors import SandboxError
    from trajruntime import atomic
    from trajruntime.executor import ThreadExecutor
    from trajschema.rollout import Limits

    from agenttasks.pool import build_pool

    def say(text: str) -> None:
        typer.echo(text, err=True)

    try:
        place = choose(backend, environments=store / "environments")  # type: ignore[arg-type]
        place.prepare(say)
        tasks = build_pool(
            [entry.name for entry in _named(names)],
            count,
            seed,
            TaskStore(store),
            place,
            Limits(),
            executor=ThreadExecutor(workers),
            comparable=comparable,
            progress=lambda done, total, text: say(f"{done}/{total} {text}"),
            on_error=lambda problem: say(f"problem: {problem}"),
        )
    except (TaskError, SandboxError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    atomic.write_bytes(output, "".join(f"{task.model_dump_json()}\n" for task in tasks).encode())
    typer.echo(f"{len(tasks)} tasks in {output}; a pass can be confirmed of {sum(task.comparable for task in tasks)}")


@app.command()
def show(
    task_id: Annotated[str, typer.Argument(help="Task id, or its beginning.")],
    tasks: Annotated[Path, typer.Argument(help="JSON lines file.")],
) -> None:
    """Show one task: what the agent is told, the fault, and the certificate."""
    for line in tasks.read_text("utf-8").splitlines():
        task = Task.model_validate_json(line)
        if task.task_id.startswith(task_id):
            typer.echo(f"{task.task_id}  {task.source.package} {task.source.version}  {', '.join(task.source.operators)}\n")
            typer.echo(task.problem_statement)
            typer.echo(task.bug_patch)
            passing = f"{len(task.PASS_TO_PASS)} pass before and after, {len(task.covering_tests)} of them execute the change"
            typer.echo(f"{len(task.FAIL_TO_PASS)} tests must be mended; {passing}\n{task.certificate}")
            return
    typer.echo(f"error: no task in {tasks} begins with {task_id!r}", err=True)
    raise typer.Exit(1)


def _named(names: list[str] | None) -> list[Library]:
    try:
        return [library(name) for name in names] if names else list(libraries().values())
    except TaskError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    sys.exit(app())
