"""Progress in the terminal: bars where there is one, plain lines where there is not."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from pipelines.run import Summary
from resources import progress


class Bars:
    """One bar a stage."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.ids: dict[str, TaskID] = {}

    def start(self, stage: str, todo: int, cached: int) -> None:
        note = f"{cached} cached" if cached else ""
        self.ids[stage] = self.bars.add_task(stage, total=todo, note=note)

    def advance(self, stage: str, partition: str, failure: str | None) -> None:
        if failure:
            self.bars.console.print(f"[red]{stage}[/red] {partition} failed: {failure}", highlight=False)
        self.bars.update(self.ids[stage], advance=1, note=partition)

    def note(self, stage: str, line: str) -> None:
        self.bars.update(self.ids[stage], note=line)

    def finish(self, stage: str) -> None:
        total = self.bars.tasks[self.ids[stage]].total
        self.bars.update(self.ids[stage], note="", completed=total)


@contextmanager
def reporter() -> Iterator[progress.Progress]:
    """Bars on a terminal, lines elsewhere; both on standard error."""
    if not sys.stderr.isatty():
        yield progress.Lines()
        return
    columns = (
        TextColumn("{task.description:>18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield Bars(bars)


def show_summary(summary: Summary) -> None:
    """Counts by stage, what failed, and the totals in one line."""
    console = Console(highlight=False)
    table = Table("stage", "computed", "cached", "failed")
    for stage, counts in summary.counts.items():
        table.add_row(stage, *(str(n) if n else "" for n in counts))
    console.print(table)
    for where, why in list(summary.problems.items())[:50]:
        console.print(f"[red]failed[/red] {where}: {why}")
    if len(summary.problems) > 50:
        console.print(f"… and {len(summary.problems) - 50} more: `trajhub status`")
    if summary.judge is not None:
        console.print(judge_line(summary.judge))
    totals = [sum(c[i] for c in summary.counts.values()) for i in range(3)]
    console.print(f"{totals[0]} computed, {totals[1]} cached, {totals[2]} failed in {summary.seconds:.1f} s")


def judge_line(spent: Mapping[str, Any]) -> str:
    """What the judge was used for, in one line."""
    usd = "cost unknown" if "cost_usd" not in spent else f"{spent['cost_usd']:.4f} USD"
    used = f"{spent['prompt_tokens']:,} prompt and {spent['answer_tokens']:,} answer tokens"
    return (
        f"judge: {spent['calls']} calls ({spent['retries']} retries, {spent['failed']} failed), {spent['cached']} from cache, {used}, {usd}"
    )


def summary_json(summary: Summary, release: Path, report: Path) -> str:
    """The same as one JSON object."""
    counts = {stage: dict(zip(("computed", "cached", "failed"), c, strict=True)) for stage, c in summary.counts.items()}
    return json.dumps(
        {
            "stages": counts,
            "problems": dict(summary.problems),
            "seconds": summary.seconds,
            "judge": summary.judge and dict(summary.judge),
            "release": str(release),
            "report": str(report),
        }
    )
