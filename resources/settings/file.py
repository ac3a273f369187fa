"""Reading ``trajhub.yaml``: what is wrong in it is one error that names the key and the remedy."""

import difflib
import os
from pathlib import Path
from typing import Any

import yaml
from agentreward.errors import InvalidRubrics
from pydantic import BaseModel, ValidationError

from resources.settings.project import Settings

FILE_VARIABLE = "TRAJHUB_CONFIG"
"""Environment variable that names the settings file; ``trajhub.yaml`` in the current folder otherwise."""


class SettingsError(Exception):
    """The settings cannot be used: names the file, the key and the remedy."""


def settings_file() -> Path:
    """The file that :func:`load` reads."""
    return Path(os.environ.get(FILE_VARIABLE, "trajhub.yaml")).resolve()


def load(file: Path | None = None) -> Settings:
    """Settings from ``file`` (all defaults where there is none) and the environment.

    Raises:
        SettingsError: no YAML mapping, an unknown key (the nearest known one is named), a value out of range, or no rubric set where
            one is named.
    """
    file = (file or settings_file()).resolve()
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        values = yaml.safe_load(text) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{file}: cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: a mapping of settings is expected, found {type(values).__name__}")
    values = {name: value for name, value in values.items() if name not in ("root", "file_name")}
    try:
        settings = Settings(**values, root=file.parent, file_name=file.name)
        _ = settings.rubric_set  # one that cannot be read is found here, and not in the middle of a run
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(file, problem) for problem in error.errors())) from error
    except InvalidRubrics as error:
        raise SettingsError(f"{file}: rubrics.file: {error}") from error
    return settings


def _explain(file: Path, problem: Any) -> str:
    where = [str(part) for part in problem["loc"]]
    if problem["type"] != "extra_forbidden":
        return f"{file}: {'.'.join(where)}: {problem['msg']} (found {problem.get('input')!r})"
    known = _keys_at(where[:-1])
    near = difflib.get_close_matches(where[-1], known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(sorted(known))}"
    return f"{file}: unknown key {'.'.join(where)!r}; {hint}"


def _keys_at(path: list[str]) -> list[str]:
    model: type[BaseModel] = Settings
    for part in path:
        field = model.model_fields.get(part)
        if field is None:
            continue
        annotation = field.annotation
        inner = getattr(annotation, "__args__", (annotation,))[0]
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return [name for name, field in model.model_fields.items() if not field.exclude]
