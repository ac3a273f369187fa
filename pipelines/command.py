"""The ``trajhub`` command."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from resources.settings import FILE_VARIABLE, Settings, SettingsError, load

app = typer.Typer(
    help="Agent Trajectory Hub: real tasks, sandboxed runs, step rewards, preference pairs, a data set. A run redoes only what changed.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
Config = Annotated[Path | None, typer.Option("--config", "-c", help="Settings file; trajhub.yaml in this folder by default.")]


def _settings(config: Path | None) -> Settings:
    if config is not None:
        os.environ[FILE_VARIABLE] = str(config.resolve())
    try:
        return load()
    except SettingsError as error:
        raise _stop(str(error), 2) from error


def _stop(message: str, code: int) -> typer.Exit:
    typer.secho(f"error: {message}", fg="red", err=True)
    return typer.Exit(code)


@app.command()
def run(
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object for programs.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many attempts would run, and what they would cost.")] = False,
) -> None:
    """Bring everything up to date: only what is missing or stale is computed. Ends with the paths of release and report."""
    from agentllm.errors import NotConfigured
    from agentreward.errors import InvalidRubrics
    from agentrollout.embedded import UnknownAgent
    from agentrollout.plugins import AgentUnusable
    from agentsandbox.errors import SandboxError

    from pipelines.progress import reporter, show_summary, summary_json
    from pipelines.run import run as run_graph
    from resources.incremental.run import explain
    from resources.lock import Locked

    settings = _settings(config)
    if dry_run:
        _foresee(settings, as_json)
        return
    try:
        with reporter() as progress:
            summary = run_graph(settings, progress)
    except (SandboxError, Locked, UnknownAgent, AgentUnusable, InvalidRubrics, NotConfigured, OSError) as error:
        raise _stop(explain(error), 1) from error
    except KeyboardInterrupt:
        raise _stop("stopped; what was computed is kept, and the next run goes on from there", 130) from None
    release, report = settings.release_dir, settings.release_dir / "report.html"
    if as_json:
        typer.echo(summary_json(summary, release, report))
        raise typer.Exit(0 if summary.ok else 1)
    show_summary(summary)
    if not summary.ok:
        raise typer.Exit(1)
    typer.echo(f"release: {release}")
    typer.echo(f"report: {report}")


def _foresee(settings: Settings, as_json: bool) -> None:
    import json

    from agentllm.errors import NotConfigured
    from agentrollout.embedded import UnknownAgent
    from agentrollout.plugins import AgentUnusable

    from pipelines import estimate

    try:
        found = estimate.estimate(settings)
    except (UnknownAgent, AgentUnusable, NotConfigured) as error:
        raise _stop(str(error), 1) from error
    if as_json:
        typer.echo(json.dumps(estimate.as_json(found)))
    else:
        estimate.show(found)


@app.command()
def status(config: Config = None, as_json: Annotated[bool, typer.Option("--json", help="One JSON object for programs.")] = False) -> None:
    """What is current, stale, missing or failed, and why; and the goals of the project. Answers at once."""
    from pipelines import status as page

    found = page.status(_settings(config))
    if as_json:
        typer.echo(page.as_json(found))
    else:
        page.show(found)


@app.command()
def dev(config: Config = None, port: Annotated[int, typer.Option(help="Port of the web page.")] = 3000) -> None:
    """Open the Dagster UI on this project: the asset graph, runs, backfills, schedule and sensors."""
    from pipelines import home

    settings = _settings(config)
    home.prepare(settings)
    os.environ[FILE_VARIABLE] = str(settings.root / "trajhub.yaml") if config is None else str(config.resolve())
    os.environ["PYTHONWARNINGS"] = "ignore"
    checkout = Path(__file__).resolve().parent.parent
    os.chdir(checkout)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # dagster ends its parts with it; a shell's background job ignores it
    os.execv(sys.executable, [sys.executable, "-m", "dagster", "dev", "-w", str(checkout / "workspace.yaml"), "-p", str(port)])


@app.command()
def verify(
    release: Annotated[Path | None, typer.Argument(help="Release folder; this project's by default.")] = None,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for programs.")] = False,
) -> None:
    """Check a release: files re-hashed, rewards and pairs recomputed, controls and splits where they belong."""
    from agentrelease.cli import show_verification

    folder = release or _settings(config).release_dir
    raise typer.Exit(show_verification(folder, as_json=as_json))


@app.command(name="import")
def import_(
    path: Annotated[
        Path,
        typer.Argument(
            help="A log, or a folder of logs, in any format that `agentrecorder` reads; or JSON lines of ours: tasks (as `agenttasks make` "
            "writes them), or rollouts recorded by the Hub."
        ),
    ],
    task: Annotated[str | None, typer.Option(help="For logs: the task of runs that name none.")] = None,
    outcomes: Annotated[Path | None, typer.Option(help="For logs: a file or folder that says what became of the runs.")] = None,
    config: Config = None,
) -> None:
    """Bring tasks, recorded rollouts or other agents' logs into the graph. The next run takes them through it.

    Rollouts whose task is at hand are graded anew. Of others a log's own verdict is kept as a claim, and marked as one.
    """
    from rich.console import Console

    from pipelines.imports import bring

    settings = _settings(config)
    try:
        with Console(stderr=True).status(f"reading {path}") as shown:
            found = bring(settings, path, task, outcomes, lambda read: shown.update(f"reading {path}: {read} runs"))
    except OSError as error:
        raise _stop(f"{path}: {error}", 1) from error
    for problem in found.problems:
        typer.secho(f"error: {problem}", fg="red", err=True)
    said = f", {found.claimed} with a claimed outcome" if found.claimed else ""
    passed_over = f"; {found.passed_over} files passed over as no log" if found.passed_over else ""
    typer.echo(f"{found.tasks} tasks and {found.rollouts} rollouts taken{said}{passed_over}; `trajhub run` takes them through the graph")
    if found.problems:
        raise typer.Exit(1)


@app.command()
def unlock(config: Config = None) -> None:
    """Break the writer's lock of a process that is gone from another machine."""
    from resources.lock import Lock

    lock = Lock(_settings(config).lock_file)
    writer = lock.writer()
    if writer is None:
        typer.echo("nobody holds the lock")
        return
    lock.file.unlink(missing_ok=True)
    typer.echo(f"broke the lock of process {writer.owner.pid} on {writer.owner.host}")


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
