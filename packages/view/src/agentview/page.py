"""How every page is made: templates that escape all that they are given, and refuse a name that they do not know."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from agentview.text import clean


@cache
def environment() -> Environment:
    """Templates of this package, with the filters ``clean`` and ``number``."""
    made = Environment(
        loader=PackageLoader("agentview"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(clean=clean, number=_number)
    return made


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
