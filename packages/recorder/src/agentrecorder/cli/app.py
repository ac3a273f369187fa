"""What the ``agentrecorder`` command offers. Each command imports its module when it is called, so that help comes at once."""

import signal
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    help="Logs of code agents, whatever wrote them, as standard trajectories.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Form = Literal["trajhub", "atif", "openai", "xml"]
Paths = Annotated[list[Path], typer.Argument(metavar="PATH...", exists=True, help="Log files, or folders of them.")]
Outcomes = Annotated[
    Path | None,
    typer.Option("--outcomes", metavar="PATH", exists=True, help="File or folder that says which tasks were solved, if not beside a log."),
]
To = Annotated[Form, typer.Option("--to", help="Form to write: our own record, ATIF 1.7, or rows of chat messages.")]


@app.command()
def convert(
    paths: Paths,
    to: To = "trajhub",
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE|-", help="Where to write; - is standard output.")] = Path("-"),
    outcomes: Outcomes = None,
) -> None:
    """Read logs of any known format and write one trajectory a line.

    Trajectories go to standard output, what goes on and what failed to standard error. A bad item costs that item only.
    Exit status: 0 all read, 1 something failed, 2 bad usage.

    agentrecorder convert runs/ --to atif -o runs.jsonl

    agentrecorder convert session.jsonl | jq .model
    """
    from agentrecorder.cli.convert import convert as work

    _end_with_reader()
    raise typer.Exit(work(paths, to, output, outcomes))


@app.command()
def detect(paths: Paths) -> None:
    """Say of each file which format it is in, in which version and of what kind, or why it is not known.

    What a file holds decides, never its name. Exit status: 0 all named files are known, 1 one is not, 2 bad usage.

    agentrecorder detect downloads/*
    """
    from agentrecorder.cli.detect import detect as work

    _end_with_reader()
    raise typer.Exit(work(paths))


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(metavar="PATH", exists=True, help="A log file, or a folder of logs.")],
    run: Annotated[int, typer.Option("--run", metavar="N", min=1, help="Which run of those that the log holds, from 1.")] = 1,
    steps: Annotated[str, typer.Option("--steps", metavar="A-B", help="Only these steps: 4, 4-9, 4- or -9.")] = "",
    full: Annotated[bool, typer.Option("--full", help="Texts whole, not head and tail.")] = False,
    outcomes: Outcomes = None,
) -> None:
    """Show a run readably: turns, calls, results, flags, and what was left out and why.

    agentrecorder inspect django-14089.traj --steps 3-8 --full
    """
    from agentrecorder.cli.inspect import inspect as work

    _end_with_reader()
    raise typer.Exit(work(path, run, steps, outcomes, full=full))


@app.command()
def stats(
    paths: Paths,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a trajectory, for programs.")] = False,
    outcomes: Outcomes = None,
) -> None:
    """Count turns, calls, results and malformed turns of each run, and say how it ended.

    The outcome is what the log or a file beside it claims; a dash where nothing does. Exit status: as of convert.

    agentrecorder stats runs/ --outcomes results.json
    """
    from agentrecorder.cli.stats import stats as work

    _end_with_reader()
    raise typer.Exit(work(paths, outcomes, as_json=as_json))


Upstream = Annotated[
    str | None, typer.Option("--anthropic", metavar="URL", help="Real base URL for Anthropic calls; else ANTHROPIC_BASE_URL, else theirs.")
]
OpenAi = Annotated[
    str | None, typer.Option("--openai", metavar="URL", help="Real base URL for OpenAI calls, with /v1; else OPENAI_BASE_URL, else theirs.")
]


@app.command()
def proxy(
    log: Annotated[Path, typer.Argument(metavar="FILE", help="Exchanges are added to this file, one JSON line each.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on the loopback interface; 0 takes a free one.")] = 0,
    anthropic: Upstream = None,
    openai: OpenAi = None,
) -> None:
    """Pass calls of the Anthropic and OpenAI APIs on to the real server, and write each exchange down. Ctrl-C ends it.

    Streams pass as they come. No key and no authorisation header is written. The file is a log that convert reads.

    agentrecorder proxy exchanges.jsonl --port 8087
    """
    from agentrecorder.cli.proxy import proxy as work

    raise typer.Exit(work(log, port, anthropic, openai))


@app.command()
def record(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="Agent to run, with its arguments, after `--`.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="New file for the trajectories.")] = Path("recorded.jsonl"),
    to: To = "trajhub",
    anthropic: Upstream = None,
    openai: OpenAi = None,
) -> None:
    """Run an agent behind the recording proxy, and write a trajectory of each conversation that it had with a model.

    The exchanges themselves are kept beside the output, in FILE.exchanges. Exit status: that of the command; 2 where it cannot be run.

    agentrecorder record -o session.jsonl -- my-agent --task "mend the tests"
    """
    from agentrecorder.cli.record import record as work

    raise typer.Exit(work(command, output, to, anthropic, openai))


@app.command()
def mcp() -> None:
    """Offer convert, detect, inspect and stats to an MCP client over standard input and output."""
    from trajruntime.mcp_tools import serve

    from agentrecorder.errors import RecorderError
    from agentrecorder.mcp_tools import ABOUT, TOOLS

    raise typer.Exit(serve("agentrecorder", ABOUT, TOOLS, RecorderError))


def _end_with_reader() -> None:
    """What reads our output may go away, as ``head`` does: then this ends as other programs of a pipe do, without a word."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def main() -> None:
    """Entry point."""
    app()
