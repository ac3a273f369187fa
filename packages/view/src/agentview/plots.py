"""The figures of the report."""

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from trajschema.score import Reward

from agentview.figure import BAD, GOOD, INK, LINE, MUTED, PAPER, agent_colour, draw
from agentview.statistics import Interval
from agentview.summary import AgentSummary
from agentview.text import clean

_SHOWN_POINTS = 400
"""Points drawn a row; of more runs, every n-th by rank."""


def pass_rates(agents: Sequence[AgentSummary]) -> Markup:
    """Pass rate by agent with Wilson 95 % intervals."""

    def plot(figure: Figure) -> None:
        axes = figure.subplots()
        for row, agent in enumerate(agents):
            _rate(axes, row, agent)
        _rows(axes, agents)
        axes.set_xlim(-0.03, 1.46)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])

    return draw("rates", "Pass rate by agent with 95 % intervals", 0.6 + 0.58 * len(agents), plot)


def _rate(axes: Axes, row: int, agent: AgentSummary) -> None:
    rate, colour = agent.rate, agent_colour(agent.index)
    if rate.value is None or rate.low is None or rate.high is None:
        axes.annotate(rate.reason, (0.0, row), va="center", color=MUTED)
        return
    axes.plot([rate.low, rate.high], [row, row], color=colour, linewidth=4.5, alpha=0.32, solid_capstyle="round")
    axes.plot([rate.value], [row], "o", color=colour, markersize=7, markeredgecolor=PAPER, markeredgewidth=1.2)
    axes.annotate(
        f"{100 * rate.value:.0f} %", (1.46, row), xytext=(-36, 0), textcoords="offset points", va="center", ha="right", weight="bold"
    )
    axes.annotate(f"{agent.resolved}/{rate.n}", (1.46, row), va="center", ha="right", color=MUTED)


def difference(found: Interval, one: str, other: str) -> Markup:
    """The paired difference of two pass rates as one interval around zero."""
    low, high = (found.low, found.high) if found.low is not None and found.high is not None else (found.value or 0, found.value or 0)
    reach = max(0.25, *(abs(v) for v in (low, high))) * 1.15

    def plot(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axvline(0, color=INK, linewidth=1)
        axes.plot(
            [low, high], [0, 0], color=GOOD if low > 0 else BAD if high < 0 else MUTED, linewidth=4.5, alpha=0.4, solid_capstyle="round"
        )
        axes.plot([found.value or 0], [0], "o", color=INK, markersize=7, markeredgecolor=PAPER, markeredgewidth=1.2)
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-1, 1.9)
        axes.set_yticks([])
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if value else "0")
        axes.set_xlabel("points")
        for x, text, side in ((0, f"← {_short(other)} better", "left"), (1, f"{_short(one)} better →", "right")):
            axes.annotate(text, (x, 1), xycoords="axes fraction", ha=side, va="top", color=MUTED)

    return draw("difference", f"Pass rate of {clean(one)} minus {clean(other)}", 1.15, plot)


def totals(agents: Sequence[AgentSummary]) -> Markup:
    """Total reward by agent: every run as a point, the middle half as a box, the median as a line."""

    def plot(figure: Figure) -> None:
        axes = figure.subplots()
        for row, agent in enumerate(agents):
            _distribution(axes, row, agent.totals, agent_colour(agent.index))
        _rows(axes, agents)
        _unit(axes)

    return draw("totals", "Total reward by agent", 0.55 + 0.44 * len(agents), plot)


def process_by_verdict(runs: Sequence[Reward]) -> Markup:
    """Process reward of resolved and of unresolved runs, side by side."""
    groups = [("resolved", GOOD), ("unresolved", BAD)]

    def plot(figure: Figure) -> None:
        axes = figure.subplots()
        for row, (verdict, colour) in enumerate(groups):
            values = tuple(sorted(r.process for r in runs if r.verdict == verdict and r.process is not None))
            _distribution(axes, row, values, colour)
        axes.set_yticks(range(2), [f"{v}\n{sum(r.verdict == v for r in runs)} runs" for v, _ in groups])
        axes.set_ylim(1.6, -0.6)
        _unit(axes)
        axes.set_xlabel("process reward, outcome hidden")

    return draw("process", "Process reward of resolved and unresolved runs", 1.75, plot)


def _distribution(axes: Axes, row: int, values: Sequence[float], colour: str) -> None:
    if not values:
        axes.annotate("no run with a reward", (0.02, row), va="center", color=MUTED)
        return
    shown = values[:: max(1, len(values) // _SHOWN_POINTS)]
    axes.plot(shown, [row + 0.21 * _spread(i) for i in range(len(shown))], "o", color=colour, markersize=3, alpha=0.45, markeredgewidth=0)
    if len(values) >= 5:
        axes.boxplot(
            [list(values)],
            positions=[row],
            orientation="horizontal",
            widths=0.5,
            showfliers=False,
            showcaps=False,
            patch_artist=True,
            boxprops={"facecolor": "none", "edgecolor": MUTED, "linewidth": 0.9},
            whiskerprops={"color": MUTED, "linewidth": 0.9},
            medianprops={"color": INK, "linewidth": 2},
            manage_ticks=False,
        )


def _spread(index: int) -> float:
    """Low-discrepancy jitter in [-1, 1]: the golden ratio's multiples, so neighbours stand apart and nothing is random."""
    return 2 * ((index * 0.6180339887498949) % 1) - 1


def _unit(axes: Axes) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])


def _short(name: str) -> str:
    whole = clean(name)
    return whole if len(whole) <= 22 else whole[:21] + "…"


def _rows(axes: Axes, agents: Sequence[AgentSummary]) -> None:
    axes.set_yticks(range(len(agents)), [_short(a.name) + ("\ncontrol" if a.control else "") for a in agents])
    axes.set_ylim(len(agents) - 0.4, -0.6)
    first = next((i for i, a in enumerate(agents) if a.control), None)
    if first:
        axes.axhline(first - 0.5, color=LINE, linewidth=1, linestyle=(0, (2, 2)))
