"""The rubrics of the settings: custom rules as functions, and what scores depend on besides our own code."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentreward.errors import InvalidRubrics
from trajruntime.user_modules import source_digest

from resources.settings import Settings

if TYPE_CHECKING:
    from agentreward.rules.rubrics import Rule


def rules_of(settings: Settings) -> "Mapping[str, Rule]":
    """Rubric id → rule; custom rules are imported here.

    Raises:
        InvalidRubrics: a rubric is judged by rule and has none, or its rule cannot be imported.
    """
    from agentreward.rules import registry
    from trajruntime.user_modules import Unimportable, imported

    known = {rubric.id for rubric in settings.rubric_set.rubrics}
    for rubric_id, name in settings.rubrics.rules.items():
        if rubric_id not in known:
            raise InvalidRubrics(f"rubrics.rules: there is no rubric {rubric_id!r}; the set has {', '.join(sorted(known))}")
        try:
            rule, file = imported(name, settings.root)
        except Unimportable as error:
            raise InvalidRubrics(f"the rule of {rubric_id!r}: {error}") from error
        if not callable(rule):
            raise InvalidRubrics(
                f"the rule of {rubric_id!r}: {file} has no function {name.partition(':')[2]!r}; write one that takes Facts"
            )
        registry.register_rule(rubric_id)(rule)
    return registry.rules_of(settings.rubric_set)


def by_rule(settings: Settings) -> Any:
    """Who judges each rubric, and the sources of custom rules; ``None`` for the five rubrics."""
    if not settings.rubrics.file:
        return None
    own = [[rubric_id, name, source_digest(name, settings.root)] for rubric_id, name in sorted(settings.rubrics.rules.items())]
    return [[[rubric.id, rubric.evaluator] for rubric in settings.rubric_set.rubrics], own]


def by_judge(settings: Settings) -> Any:
    """The texts that the judge reads; ``None`` for the five rubrics."""
    return settings.rubric_set.version if settings.rubrics.file else None
