"""What the ``agentsandbox`` command offers. Each command imports its module when it is called, so that help comes at once."""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Boxes for code agents: run commands and tools in them, replay what was recorded.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Backend = Annotated[
    str, typer.Option("--backend", "-b", metavar="NAME", help="docker, bubblewrap or local; auto takes the strongest that works here.")
]
Tree = Annotated[
    Path | None,
    typer.Option("--tree", "-t", metavar="FOLDER|TAR", help="A folder to copy into the box (of a git work tree what git does not ignore)."),
]
TaskFile = Annotated[
    Path | None,
    typer.Option("--task", metavar="FILE", help="Task to start from (JSON, JSON lines, Parquet), with the tree near it."),
]
TaskId = Annotated[str | None, typer.Option("--id", metavar="ID", help="Which task of the file: its id, or how it begins.")]
Image = Annotated[str, typer.Option("--image", metavar="REF", help="Container image (docker); the task's or our own if left out.")]
Limit = Annotated[
    list[str] | None,
    typer.Option("--limit", "-l", metavar="NAME=VALUE", help="A limit of the box: memory_mb=2048, cpus=2, call_timeout_s=300 …"),
]
Record = Annotated[
    Path | None, typer.Option("--record", metavar="FILE", help="Write the session's log to a new file: JSON lines, which replay takes.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command()
def run(
    command: Annotated[list[str], typer.Argument(help="Program and arguments, after `--`; a single word is a line for bash.")],
    backend: Backend = "auto",
    tree: Tree = None,
    task: TaskFile = None,
    task_id: TaskId = None,
    image: Image = "",
    limit: Limit = None,
    diff: Annotated[Path | None, typer.Option("--diff", metavar="FILE|-", help="Write what the command changed as a unified diff.")] = None,
    record: Record = None,
) -> None:
    """Run a command in a box over a copy of a folder. Nothing outside of the box changes.

    Exit status: that of the command; 124 out of time (10 minutes, or --limit call_timeout_s=N), 125 no box, 130 interrupted.

    agentsandbox run --tree . --diff changes.patch -- python -m pytest -q
    """
    from trajschema.rollout import Limits

    from agentsandbox.cli.run import SANDBOX_FAILED
    from agentsandbox.cli.run import run as work
    from agentsandbox.cli.setup import errors, limits_of, setup_of

    with errors(SANDBOX_FAILED):
        limits = limits_of(limit or [], Limits(call_timeout_s=600, output_bytes=64 << 20))
        setup = setup_of(backend, task, task_id, tree, image, limits, record)
    raise typer.Exit(work(setup, command, diff))


@app.command()
def shell(
    backend: Backend = "auto",
    tree: Tree = None,
    task: TaskFile = None,
    task_id: TaskId = None,
    image: Image = "",
    limit: Limit = None,
    record: Record = None,
) -> None:
    """An interactive session in a box. Ctrl-C stops a command, :submit hands the work in, Ctrl-D leaves, :help says more."""
    from trajschema.rollout import Limits

    from agentsandbox.cli.run import SANDBOX_FAILED
    from agentsandbox.cli.setup import errors, limits_of, setup_of
    from agentsandbox.cli.shell import shell as work

    with errors(SANDBOX_FAILED):
        limits = limits_of(limit or [], Limits(call_timeout_s=600, output_bytes=1 << 20))
        setup = setup_of(backend, task, task_id, tree, image, limits, record)
    raise typer.Exit(work(setup))


@app.command()
def replay(
    source: Annotated[
        Path,
        typer.Argument(metavar="TRAJECTORY", help="A log, a file of trajectories, a lake, a release or a project."),
    ],
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Which trajectories: their ids, or how they begin.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="The first N trajectories.")] = None,
    task: TaskFile = None,
    tree: Tree = None,
    store: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Task store with the trees; looked for near the source.")] = None,
    image: Image = "",
    backend: Backend = "auto",
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Make the calls of recorded trajectories again in fresh boxes, and say for each step: same, differs (with a diff), not replayable.

    Clocks, durations, addresses and temporary names do not count, nor does the order of listings.
    Exit status: 0 nothing differs, 1 something does, 2 error.

    agentsandbox replay session.jsonl --tree .
    """
    from agentsandbox.cli.replay import replays

    raise typer.Exit(replays(source, tuple(ids or ()), count, task, tree, store, image, backend, limit or [], as_json=as_json))


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
def images(context: typer.Context) -> None:
    """See, fetch and prune the images that boxes are made from; `images --help` says how."""
    from agentsandbox.images.command import main

    raise typer.Exit(main(context.args))


@app.command()
def bench(
    backend: Backend = "auto",
    image: Image = "",
    limit: Limit = None,
    calls: Annotated[int, typer.Option(min=1, help="Calls of each tool.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Measure boxes on this machine for a few seconds: making one, each tool, reset."""
    from agentsandbox.cli.bench import bench as work

    raise typer.Exit(work(backend, image, limit or [], calls, as_json=as_json))


@app.command()
def mcp(
    backend: Backend = "auto",
    tree: Tree = None,
    task: TaskFile = None,
    task_id: TaskId = None,
    image: Image = "",
    limit: Limit = None,
    record: Record = None,
) -> None:
    """Offer the tools to an MCP client over standard input and output, in one recorded box.

    The client starts it, for example as: agentsandbox mcp --tree . --record session.jsonl
    """
    from agentsandbox.cli.mcp import serve

    raise typer.Exit(serve(backend, task, task_id, tree, image, limit or [], record))


def _grade() -> None:
    """Grade a diff. Not installed: pip install agentgrader."""
    typer.echo("error: grading is a package of its own; pip install agentgrader", err=True)
    raise typer.Exit(2)


def main() -> None:
    """Entry point. Installed packages may add commands (entry points of the group ``agentsandbox.commands``), as the grader does."""
    added = {point.name: point.load for point in entry_points(group="agentsandbox.commands")}
    if "grade" not in added:
        app.command("grade", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(_grade)
    for name, load in added.items():
        app.command(name)(load())
    app()
