"""Rules of custom rubrics: functions registered in Python, or offered by installed packages as entry points.

An entry point ``my_rubric = "my_package:my_function"`` in the group ``agentreward.rules`` makes the function the rule of
``my_rubric`` wherever the package is installed, so that a rubric set in a YAML file can name it and never holds code.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from numbers import Real

from pydantic import ValidationError
from trajschema.score import RUBRICS, Evidence

from agentreward.errors import InvalidRubrics
from agentreward.rubrics import RubricSet
from agentreward.rules.facts import Facts, RuleScore
from agentreward.rules.rubrics import RULES, Rule

GROUP = "agentreward.rules"

DEFAULT_RULES: Mapping[str, Rule] = {rubric: RULES[rubric] for rubric in RUBRICS}
"""Rules of the default rubrics, in their order."""

_registered: dict[str, Rule] = {}


def register_rule(rubric_id: str) -> Callable[[Rule], Rule]:
    """Decorator: the function judges each action for ``rubric_id``, from what is known of it (``Facts``) to a ``RuleScore``.

    A step with several actions has the mean of their scores. Registering again replaces.

    Raises:
        InvalidRubrics: ``rubric_id`` is ``gate`` or has a rule in this package; those are part of what a reward means.
    """
    if rubric_id in (*RULES, "gate"):
        raise InvalidRubrics(f"{rubric_id!r} has a rule already; give the rubric another id")

    def register(rule: Rule) -> Rule:
        _registered[rubric_id] = rule
        return rule

    return register


def rules_of(rubrics: RubricSet) -> dict[str, Rule]:
    """Rubric id → rule. Rubrics with a rule in this package have it whoever leads; of the others, those that a rule judges.

    ``goal_progress`` is there in any case: the process score reads from it which steps advance.

    Raises:
        InvalidRubrics: a rubric with evaluator ``rule`` has none.
    """
    found: dict[str, Rule] = {"goal_progress": RULES["goal_progress"]}
    for rubric in rubrics.rubrics:
        if rubric.id in RULES:
            found[rubric.id] = RULES[rubric.id]
        elif rubric.evaluator == "rule":
            found[rubric.id] = _checked(rubric.id, _registered.get(rubric.id) or _installed(rubric.id))
    return found


def _installed(rubric_id: str) -> Rule:
    for point in entry_points(group=GROUP, name=rubric_id):
        rule: Rule = point.load()
        return rule
    raise InvalidRubrics(
        f"rubric {rubric_id!r} is judged by rule and has none; decorate a function with @register_rule({rubric_id!r}), "
        f"install a package with an entry point {rubric_id!r} in {GROUP!r}, or set evaluator to 'model'"
    )


def _checked(rubric_id: str, rule: Rule) -> Rule:
    def checked(facts: Facts) -> RuleScore:
        try:
            given = rule(facts)
        except Exception as error:
            name = getattr(rule, "__qualname__", repr(rule))
            what = f"the rule {name} of {rubric_id!r} raised {type(error).__name__}: {error}"
            raise InvalidRubrics(f"{what}; give every action a RuleScore") from error
        if not isinstance(given, RuleScore) or not isinstance(given.score, Real) or not 0 <= given.score <= 1:
            raise InvalidRubrics(f"the rule of {rubric_id!r} returned {given!r}; return RuleScore(score, rule_id) with a score from 0 to 1")
        try:
            Evidence(rule_id=given.rule, steps=given.steps, quote=given.quote)
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            raise InvalidRubrics(f"the rule of {rubric_id!r} returned {given!r}: {wrong['loc'][0]}: {wrong['msg']}") from error
        return given._replace(score=float(given.score))

    return checked
