"""``agentrelease``: what whoever receives a release runs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agentrelease.verifying.verify import VerifyReport, verify_release

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Releases of code-agent trajectories.")


@app.callback()
def main() -> None:
    """Releases of code-agent trajectories."""


@app.command()
def verify(
    release: Annotated[Path, typer.Argument(help="Folder of the release.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Hash every file, recompute rewards and pairs, and check splits and training configs. Exit status 1 if anything is wrong."""
    raise typer.Exit(show_verification(release, as_json=as_json))


def show_verification(folder: Path, *, as_json: bool) -> int:
    """Verify the release in ``folder`` and print what was found. Returns the exit status."""
    report = verify_release(folder)
    if as_json:
        typer.echo(json.dumps({"ok": report.ok, **asdict(report)}, indent=2, ensure_ascii=False))
    else:
        _print(report, folder)
    return 0 if report.ok else 1


def _print(report: VerifyReport, folder: Path) -> None:
    console = Console()
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for check in report.checks:
        table.add_row("[green]ok[/]" if check.ok else "[bold red]fail[/]", check.name, escape(check.detail))
    console.print(table)
    failed = sum(not check.ok for check in report.checks)
    verdict = "[green]verified[/]" if report.ok else f"[bold red]{failed} of {len(report.checks)} checks failed[/]"
    console.print(f"\n{escape(str(folder))} {report.release_id or ''}: {verdict}")
