"""What the ``agentgrader`` command offers. Each command imports its module when it is called, so that help comes at once."""

from pathlib import Path
from typing import Annotated

import typer
from agentsandbox.cli.app import Backend, TaskId

app = typer.Typer(
    help="Grade diffs of code agents, and try a task against known ways of faking a pass.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
TaskFile = Annotated[Path, typer.Argument(metavar="TASKS", help="File with tasks: JSON, JSON lines or Parquet.")]
Limit = Annotated[list[str] | None, typer.Option("--limit", "-l", metavar="NAME=VALUE", help="A limit of the boxes: memory_mb=2048 …")]


@app.command()
def grade(
    tasks: TaskFile,
    diff: Annotated[Path, typer.Argument(metavar="DIFF|-", help="Unified diff against the faulty tree; - reads standard input.")],
    task_id: TaskId = None,
    tree: Annotated[
        Path | None, typer.Option("--tree", "-t", metavar="FOLDER|TAR", help="The task's tree, if it is in no store near the file.")
    ] = None,
    backend: Backend = "auto",
    limit: Limit = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
) -> None:
    """Grade a diff: fresh box, protected paths put back, the whole suite with planted tests, verdict outside.

    A resolved diff is then called beside the gold patch, and is confirmed, doubted, or unconfirmed with the reason.

    Exit status: 0 resolved and not doubted, 1 unresolved or doubted, 2 error.

    agentgrader grade tasks.jsonl changes.patch --id shapes-3f
    """
    from agentgrader.cli.grade import grade as work

    raise typer.Exit(work(tasks, task_id, tree, diff, backend, limit or [], as_json=as_json))


@app.command()
def exploits(
    tasks: TaskFile,
    trees: Annotated[
        Path | None, typer.Argument(metavar="TREES", help="Folder with <base_archive>.tar of each task; looked for near the file.")
    ] = None,
    backend: Backend = "auto",
    count: Annotated[int, typer.Option(min=1, help="Tasks to try each exploit on, of different repositories as far as there are.")] = 3,
    case: Annotated[list[int] | None, typer.Option(help="Only this case; may be repeated.")] = None,
    name: Annotated[str, typer.Option(help="Only exploits with this in their name.")] = "",
    plain: Annotated[bool, typer.Option("--plain", help="Also ask plain pytest in the agent's box.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Tasks at a time.")] = 2,
    honest: Annotated[int, typer.Option(metavar="N", help="Grade gold patches instead: of each task once, of the first one N times.")] = 0,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a JSON line for each attempt here.")] = None,
) -> None:
    """Let every known way of faking a pass loose on tasks, grade what comes out, and print what became of each.

    Exit status: 0 every exploit was caught on every task (every gold patch resolved), 1 one was not, 2 error.

    agentgrader exploits tasks.jsonl trees --case 9 --plain
    """
    from agentgrader.cli.exploits import exploits as work

    raise typer.Exit(work(tasks, trees, backend, count, tuple(case or ()), name, plain=plain, workers=workers, honest=honest, rows=json))


def main() -> None:
    """Entry point."""
    app()
