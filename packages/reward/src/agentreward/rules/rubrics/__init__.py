"""Rules of rubrics, one module each: a function from what is known of an action (``Facts``) to its score (``RuleScore``).

Every module of this folder is imported here, so a file with one function under ``@rubric_rule("its_id")`` is all that a new rule needs;
it is in force wherever a rubric set names that id.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from agentreward.rules.facts import Facts, RuleScore

Rule = Callable[[Facts], RuleScore]
RULES: dict[str, Rule] = {}
"""Rubric id → rule."""


def rubric_rule(rubric_id: str) -> Callable[[Rule], Rule]:
    """Decorator: the function judges each action for ``rubric_id``.

    Raises:
        ValueError: another module of this folder has a rule for it.
    """

    def add(rule: Rule) -> Rule:
        if rubric_id in RULES:
            raise ValueError(f"{rule.__module__} and {RULES[rubric_id].__module__} are both rules of {rubric_id!r}; keep one")
        RULES[rubric_id] = rule
        return rule

    return add


for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
