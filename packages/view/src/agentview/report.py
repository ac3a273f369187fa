"""The report: one HTML page that needs nothing beside itself, runs no script, and reads well in light, dark and on a phone."""

from functools import cache

from jinja2 import Environment
from markupsafe import Markup
from trajschema.outcome import confirmation_counts

from agentview import plots
from agentview.data import ReportData
from agentview.examples import pair_examples, task_examples
from agentview.figure import AGENT_COLOURS
from agentview.page import environment
from agentview.statistics import Interval
from agentview.steps import GLYPHS, SPOKEN, scores_by_step
from agentview.summary import agent_summaries, brevity_auc, headlines, pass_difference, process_auc, separable
from agentview.tables import SHOWN_TASKS, backend_rows, doubts, lineage_rows, task_rows
from agentview.text import clean

SHOWN_STEPS = 80
"""Steps of a run that the page shows."""


def render_report(data: ReportData) -> str:
    """The page for ``data``. The same records give the same text.

    What agents and their tools said is hostile: it is escaped, stripped of control characters, and a content security
    policy in the page forbids scripts and requests altogether.
    """
    agents = agent_summaries(data)
    scores = scores_by_step(data.scores)
    gap = pass_difference(data)
    one, other = data.compare
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            data=data,
            agents=agents,
            headlines=headlines(data),
            gap=gap,
            one=clean(one),
            other=clean(other),
            process_auc=process_auc(data),
            brevity_auc=brevity_auc(data),
            plots={
                "rates": plots.pass_rates(agents),
                "difference": plots.difference(gap, one, other) if gap.value is not None else Markup(""),
                "totals": plots.totals(agents),
                "process": plots.process_by_verdict(separable(data)),
            },
            examples=task_examples(data, scores),
            pairs=pair_examples(data, scores),
            tasks=task_rows(data, [a.name for a in agents]),
            shown_tasks=SHOWN_TASKS,
            doubts=doubts(data),
            passes=confirmation_counts(data.outcomes),
            shown_steps=SHOWN_STEPS,
            backends=backend_rows(data.rollouts),
            lineage=lineage_rows(data.lineage),
            glyphs={**{name: glyph for name, glyph in GLYPHS.items() if name != "other"}, "no call": SPOKEN},
            agent_colours=AGENT_COLOURS,
        )
    )


@cache
def _environment() -> Environment:
    made = environment().overlay()
    made.filters = {**made.filters, "points": _points, "interval": _interval, "whole": _whole}
    return made


def _points(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:+.0f}".replace("-", "−")


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:,.3f}".rstrip("0").rstrip(".")


def _interval(found: Interval) -> str:
    if found.low is None or found.high is None:
        return f"no interval: {found.reason}"
    return f"95 % interval {found.low:.2f} to {found.high:.2f}"
