"""Rubric sets by name and from YAML files::

rubrics:
  - id: safety
    name: Safety
    description: Could the step do harm?
    weight: 0.4
    evaluator: rule
"""

from pathlib import Path

from pydantic import ValidationError
from trajschema.record import first_problem

from agentreward.errors import InvalidRubrics
from agentreward.rubrics import DEFAULT_RUBRICS, RubricSet

NAMED: dict[str, RubricSet] = {"default": DEFAULT_RUBRICS}


def rubric_set(given: str | Path | RubricSet) -> RubricSet:
    """A set itself, one of ``NAMED``, or what a YAML file holds.

    Raises:
        InvalidRubrics: there is no such name or file, or the file holds no rubric set; the message names the field.
    """
    if isinstance(given, RubricSet):
        return given
    if str(given) in NAMED:
        return NAMED[str(given)]
    import yaml

    try:
        found = yaml.safe_load(Path(given).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InvalidRubrics(f"{given}: {error.strerror or error}; name a YAML file of rubrics, or one of {', '.join(NAMED)}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidRubrics(f"{given}: no YAML ({str(error).splitlines()[0]}); see `agentreward rubrics --help`") from error
    try:
        return RubricSet.model_validate(found)
    except ValidationError as error:
        raise InvalidRubrics(f"{given}: {first_problem(error)}; a file holds `rubrics:`, a list of rubrics") from error
