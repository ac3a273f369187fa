"""Labels of people, from a file of JSON lines."""

from pathlib import Path

from pydantic import ValidationError
from trajschema.ids import content_id
from trajschema.label import HumanLabel
from trajschema.record import UnknownSchemaVersion, first_problem


def read_labels(path: Path) -> tuple[list[HumanLabel], list[str]]:
    """Labels in order of the file, and one problem for each line that is no label, with its number.

    A label without an id gets one from its content. Where one annotator labels the same thing again, the later line counts
    and the earlier one is a problem. A file that is not there is one problem and no labels.
    """
    try:
        lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    except OSError as error:
        return [], [f"{path.name}: cannot be read ({error.strerror}); put labels there as JSON lines, one HumanLabel a line"]
    found: dict[tuple[str, str, str, int | None], tuple[int, HumanLabel]] = {}
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        label = _label(line)
        if isinstance(label, str):
            problems.append(f"{path.name} line {number}: {label}")
            continue
        key = (label.annotator, label.unit, label.target_id, label.step_id)
        if key in found:
            problems.append(f"{path.name} line {found[key][0]}: labelled again by {label.annotator} in line {number}; the later one counts")
            del found[key]
        found[key] = (number, label)
    return [label for _, label in found.values()], problems


def _label(line: str) -> HumanLabel | str:
    """The label of a line, or what is wrong with it."""
    try:
        label = HumanLabel.model_validate_json(line)
    except ValidationError as error:
        return first_problem(error)
    except UnknownSchemaVersion as error:
        return str(error)
    return label if label.label_id else label.model_copy(update={"label_id": content_id(label)})
