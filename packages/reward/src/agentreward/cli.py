"""What the ``agentreward`` command offers."""

import functools
import io
import json
import signal
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

import typer

from agentreward.errors import RewardError

app = typer.Typer(
    help="How well did a code agent work, step by step?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
FAILED, BAD_USAGE = 1, 2
P = ParamSpec("P")
T = TypeVar("T")

Runs = Annotated[Path, typer.Argument(metavar="FILE|-", help="Runs as JSON or JSON lines; - is standard input.")]
RubricSetName = Annotated[str, typer.Option("--rubrics", metavar="NAME|FILE", help="`default`, or a YAML file of rubrics.")]
Model = Annotated[str | None, typer.Option("--model", metavar="NAME", help="Model that judges, where a key is set.")]
ProviderName = Annotated[Literal["anthropic", "openai"], typer.Option("--provider", help="Whose protocol the service speaks.")]
BaseUrl = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Address of the service, if not the provider's own.")]
Temperature = Annotated[float | None, typer.Option("--temperature", min=0, max=2, help="Sent to providers that take it.")]
RulesOnly = Annotated[bool, typer.Option("--rules-only", help="Ask no model.")]
Json = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
Page = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page to read in a browser; it needs no script.")]
OneStep = Annotated[int | None, typer.Option("--step", metavar="N", help="Tell one step of each run in full.")]
Margin = Annotated[float, typer.Option("--min-margin", help="Least difference of the rewards of a pair.")]


def _with_plain_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Our own errors end the command with what is wrong, and no traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        if hasattr(signal, "SIGPIPE"):
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Half a surrogate pair, which JSON can spell and no encoding can write.
            sys.stdout.reconfigure(errors="backslashreplace")
        # What a warning says stands in the notes of the results as well.
        warnings.simplefilter("ignore", UserWarning)
        try:
            command(*args, **kwargs)
        except RewardError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(BAD_USAGE) from error

    return run


def _engine(rubrics: str, model: str | None, provider: str, base_url: str | None, temperature: float | None, rules_only: bool) -> Any:
    from agentreward.config import RewardConfig
    from agentreward.reward import RewardEngine

    given: dict[str, Any] = {"rubric_set": rubrics, "provider": provider, "base_url": base_url, "temperature": temperature}
    given |= {"model_name": model} if model else {}
    given |= {"model_weight": 0.0} if rules_only else {}
    return RewardEngine(RewardConfig(**given))


def _each(files: Iterable[Path], work: Callable[[Any], T]) -> Iterator[tuple[Path, T | None]]:
    """What ``work`` makes of every run; nothing where there is no run or it cannot be used, which is told on standard error."""
    from agentreward.reading import read_runs

    for file in files:
        number = 0
        for number, run in enumerate(read_runs(file), 1):
            try:
                made = work(run)
            except RewardError as error:
                print(f"{file}, run {number}: {error}", file=sys.stderr)
                yield file, None
            else:
                yield file, made
        if not number:
            print(f"{file}: no run in it; give at least one", file=sys.stderr)
            yield file, None


def _end(failed: bool) -> None:
    if failed:
        raise typer.Exit(FAILED)


@app.command()
@_with_plain_errors
def score(
    file: Runs,
    as_json: Json = False,
    rubrics: RubricSetName = "default",
    model: Model = None,
    provider: ProviderName = "anthropic",
    base_url: BaseUrl = None,
    temperature: Temperature = None,
    rules_only: RulesOnly = False,
) -> None:
    """Score each run of a file. With --json one line a run, with the evidence of every score.

    Exit status: 0 scored, 1 a run could not be scored, 2 bad usage.

    agentreward score trajectory.json

    agentrecorder convert session.log | agentreward score --json -
    """
    from agentreward.show import show

    engine = _engine(rubrics, model, provider, base_url, temperature, rules_only)
    failed = False
    for _, result in _each([file], engine.score):
        if result is None:
            failed = True
        elif as_json:
            print(json.dumps(result.to_dict(), ensure_ascii=False), flush=True)
        else:
            show(result)
    _end(failed)


@app.command()
@_with_plain_errors
def explain(
    file: Runs,
    html: Page = None,
    step: OneStep = None,
    rubrics: RubricSetName = "default",
    model: Model = None,
    provider: ProviderName = "anthropic",
    base_url: BaseUrl = None,
    temperature: Temperature = None,
    rules_only: RulesOnly = False,
) -> None:
    """Say where each run's reward comes from: what every step earned or lost, by which rule or sentence, and which steps counted.

    Exit status: 0 explained, 1 a run could not be explained, 2 bad usage.

    agentreward explain trajectory.json --html why.html
    """
    from agentreward.explain.explained import Explained, explained, write_page
    from agentreward.explain.show import show_explanation, show_step

    engine = _engine(rubrics, model, provider, base_url, temperature, rules_only)

    def shown(run: Any) -> Explained:
        made = explained(run, engine)
        if step is not None:
            show_step(made.explanation, made.trajectory, step)
        else:
            show_explanation(made.explanation, made.trajectory)
        return made

    results = [made for _, made in _each([file], shown)]
    found = [made for made in results if made is not None]
    if html is not None and found:
        write_page(html, found)
    _end(len(found) < len(results))


@app.command()
@_with_plain_errors
def compare(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of runs at the same task.")],
    as_json: Json = False,
    rubrics: RubricSetName = "default",
    model: Model = None,
    provider: ProviderName = "anthropic",
    base_url: BaseUrl = None,
    temperature: Temperature = None,
    rules_only: RulesOnly = False,
) -> None:
    """Score runs and list them best first; those without a total come last, by process.

    Exit status: 0 compared, 1 a run could not be scored, 2 bad usage.

    agentreward compare a.json b.json c.json
    """
    from agentreward.show import ranked, show_ranking

    engine = _engine(rubrics, model, provider, base_url, temperature, rules_only)
    results = list(_each(files, engine.score))
    found = ranked([(str(file), result) for file, result in results if result is not None])
    if as_json:
        print(json.dumps([{"file": file, **r.to_dict()} for file, r in found], ensure_ascii=False))
    else:
        show_ranking(found)
    _end(len(found) < len(results))


@app.command()
@_with_plain_errors
def preferences(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="JSON: task id → list of runs, with steps or already rewarded.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE|-", help="Where to write; - is standard output.")] = Path("-"),
    min_margin: Margin = 0.1,
    rubrics: RubricSetName = "default",
    model: Model = None,
    provider: ProviderName = "anthropic",
    base_url: BaseUrl = None,
    temperature: Temperature = None,
    rules_only: RulesOnly = False,
) -> None:
    """Build preference pairs from runs grouped by task, and write them as a JSON list.

    A run with steps is scored; one without has id, reward and step_count.

    agentreward preferences trajectories_by_task.json -o pairs.json
    """
    from agentreward.api import pair_row, pairs_of
    from agentreward.reading import read_json

    given = read_json(file)
    pairs = pairs_of(given, _engine(rubrics, model, provider, base_url, temperature, rules_only), min_margin)
    text = json.dumps([pair_row(p) for p in pairs], ensure_ascii=False, indent=1) + "\n"
    if str(output) == "-":
        print(text, end="")
        return
    try:
        output.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise RewardError(f"{output}: {error.strerror or error}; name a file that can be written") from error
    print(f"{len(pairs)} pairs of {len(given)} tasks in {output}")


@app.command()
@_with_plain_errors
def calibrate(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="JSON: reward_scores and human_scores, or a list of reward and human.")],
    as_json: Json = False,
) -> None:
    """Say how far rewards agree with what people said of the same runs.

    agentreward calibrate ratings.json
    """
    from agentreward.api import calibration_row, scores_of
    from agentreward.reading import read_json
    from agentreward.show import show_calibration

    row = calibration_row(*scores_of(read_json(file)))
    if as_json:
        print(json.dumps(row))
    else:
        show_calibration(row)


@app.command()
@_with_plain_errors
def rubrics(rubric_set: Annotated[str, typer.Argument(metavar="NAME|FILE")] = "default", as_json: Json = False) -> None:
    """List the rubrics of a set: `default`, or a YAML file with `rubrics:`, a list of id, name, description, weight, evaluator.

    agentreward rubrics my_rubrics.yaml
    """
    from agentreward.api import rubric_rows
    from agentreward.rubric_files import rubric_set as read
    from agentreward.show import show_rubrics

    found = read(rubric_set)
    if as_json:
        print(json.dumps(rubric_rows(found), ensure_ascii=False))
    else:
        show_rubrics(found)


@app.command()
def mcp() -> None:
    """Offer score, preferences, calibrate and rubrics to an MCP client over standard input and output."""
    from agentreward.mcp_server import serve

    raise typer.Exit(serve())


def main() -> None:
    """Entry point."""
    app()
