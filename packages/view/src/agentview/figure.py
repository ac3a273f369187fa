"""Matplotlib figures as inline SVG that takes its colours and type from the page, the same bytes each time."""

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.figure import Figure

INK, MUTED, LINE, PAPER = "#010101", "#020202", "#030303", "#040404"
"""Stand-ins for the page's colours: they are exchanged for CSS variables, so a figure is right in light and dark."""
GOOD, BAD = "#050505", "#060606"
_VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", PAPER: "--card", GOOD: "--good", BAD: "--bad"}
AGENT_COLOURS = 8
WIDTH = 4.7
"""Inches: narrow, so that the type stays readable on a phone."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "agentview",
    "text.parse_math": False,
    "font.size": 8.5,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "x",
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.bottom": False,
    "ytick.left": False,
}


def agent_colour(index: int) -> str:
    """Stand-in for the colour of the agent at ``index``."""
    return f"#0700{index % AGENT_COLOURS:02x}"


def draw(name: str, description: str, height: float, plot: Callable[[Figure], None]) -> Markup:
    """SVG of what ``plot`` draws on a figure of ``height`` inches. ``name`` keeps ids apart on one page."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        plot(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return Markup(_inline(buffer.getvalue(), name, description))


def _inline(svg: str, name: str, description: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r'<svg [^>]*viewBox="([^"]+)"[^>]*>',
        lambda m: f'<svg viewBox="{m[1]}" role="img" aria-label="{escape(description)}">',
        svg,
        count=1,
    )
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(?:xlink:)?href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r"font-family: [^;\"]+;?|font: ([\d.]+px) [^;\"]+", lambda m: f"font-size: {m.group(1)}" if m.group(1) else "", svg)
    svg = re.sub(r"#0700(0\d)", lambda m: f"var(--a{int(m.group(1), 16)})", svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return svg
