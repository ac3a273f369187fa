"""What the MCP server offers: each tool with its arguments, and the text that answers it."""

import io
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from trajruntime.mcp_tools import ANSWER_CHARACTERS, McpTool, ToolFailed, bounded

from agentrecorder.cli.convert import Tally, line_of
from agentrecorder.cli.detect import detections
from agentrecorder.cli.inspect import show, span
from agentrecorder.cli.reading import found_in
from agentrecorder.containers.json_values import dumps
from agentrecorder.containers.source import LogSource
from agentrecorder.convert import ConversionFailure, Converted, Skipped
from agentrecorder.summary import failure, summary

ABOUT = "Reads logs of code agents, whatever wrote them. Paths are those of the machine that the server runs on."
_LESS = "a run, a range of steps, a file"


class _Path(BaseModel):
    model_config = ConfigDict(extra="forbid")
    path: str = Field(description="A log file, or a folder of logs.")

    def checked(self) -> Path:
        """The path, if it can be opened.

        Raises:
            NotReadable: it cannot.
        """
        path = Path(self.path).expanduser()
        LogSource(path).close()
        return path


class ConvertLog(_Path):
    """Read a log of any known format and write its runs as trajectories, one JSON line each."""

    to: Literal["trajhub", "atif", "openai", "xml"] = Field("trajhub", description="Form to write.")
    output: str = Field("", description="File to write, which must not exist; without one the lines are in the answer.")


class DetectFormat(_Path):
    """Say which format a file is in, in which version, or why it is not known; of a folder, what each file in it is."""


class InspectLog(_Path):
    """Show a run readably: turns, calls, results, flags, and what was left out and why."""

    run: int = Field(1, ge=1, description="Which run of those that the log holds, from 1.")
    steps: str = Field("", description="Only these steps: 4, 4-9, 4- or -9.")
    full: bool = Field(False, description="Texts whole, not head and tail.")


class LogStats(_Path):
    """Count turns, calls, results and malformed turns of each run: one JSON object a run."""


def convert_log(given: ConvertLog) -> str:
    """The lines, or what was written to a file."""
    tally, lines, failures = Tally(), [], []
    for found in found_in([given.checked()]):
        if isinstance(found, Converted):
            lines.append(line_of(found, given.to) + "\n")
            tally.written += 1
        elif isinstance(found, ConversionFailure):
            failures.append(failure(found))
            tally.failed += 1
        elif isinstance(found, Skipped):
            tally.skipped += 1
    if not lines:
        raise ToolFailed(f"{given.path}: {tally}{': ' + dumps(failures) if failures else ''}")
    text = "".join(lines)
    if not given.output:
        if len(text) > ANSWER_CHARACTERS:
            raise ToolFailed(f"{given.path}: {tally} in {len(text)} characters, too many for an answer; name a file with `output`")
        return text + "".join(dumps(f) + "\n" for f in failures)
    try:
        with Path(given.output).expanduser().open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ToolFailed(f"{given.output}: {error.strerror or error}; name a new file that can be written") from error
    return dumps({"output": given.output, **asdict(tally), "failures": failures})


def detect_format(given: DetectFormat) -> str:
    """A JSON line for each file."""
    return "\n".join(dumps({**asdict(d), "path": str(d.path)}) for d in detections(given.checked()))


def inspect_log(given: InspectLog) -> str:
    """The run as text."""
    from rich.console import Console

    chosen = span(given.steps)
    if chosen is None:
        raise ToolFailed(f"steps {given.steps!r} is no range; write 4, 4-9, 4- or -9")
    seen = 0
    for found in found_in([given.checked()]):
        seen += isinstance(found, Converted)
        if isinstance(found, Converted) and seen == given.run:
            page = io.StringIO()
            show(Console(file=page, color_system=None, highlight=False, markup=False, soft_wrap=True), found, chosen, full=given.full)
            return bounded(page.getvalue(), _LESS)
        if isinstance(found, ConversionFailure) and found.where == "file":
            raise ToolFailed(f"{found.path}: {found.reason}")
    raise ToolFailed(f"{given.path} holds {seen} runs, not {given.run}")


def log_stats(given: LogStats) -> str:
    """A JSON line for each run, and for each failure."""
    rows = []
    for found in found_in([given.checked()]):
        if isinstance(found, Converted):
            rows.append(summary(found))
        elif isinstance(found, ConversionFailure):
            rows.append(failure(found))
    if not any("run" in row for row in rows):
        raise ToolFailed(f"{given.path}: no run: " + ("; ".join(str(row["error"]) for row in rows) or "nothing there is a log"))
    return bounded("\n".join(map(dumps, rows)), _LESS)


TOOLS: dict[str, McpTool] = {
    "convert_log": McpTool(ConvertLog, convert_log),
    "detect_format": McpTool(DetectFormat, detect_format),
    "inspect_log": McpTool(InspectLog, inspect_log),
    "log_stats": McpTool(LogStats, log_stats),
}
