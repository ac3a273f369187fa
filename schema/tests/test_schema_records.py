"""Records are frozen, take no unknown field, carry a known version and say what each field holds."""

import importlib
import pkgutil
from typing import Any

import pytest
import trajschema
from pydantic import BaseModel, ValidationError
from trajschema.event import EVENT, SessionEnd
from trajschema.generate import RECORDS
from trajschema.label import HumanLabel
from trajschema.record import SCHEMA_VERSION, Part, Record, UnknownSchemaVersion
from trajschema.rollout import Agent, rollout_id

LABEL: dict[str, Any] = {"annotator": "a", "unit": "pair", "target_id": "p", "value": 0.5}


def subclasses(model: type[BaseModel]) -> list[type[BaseModel]]:
    return [sub for direct in model.__subclasses__() for sub in (direct, *subclasses(direct))]


for module in pkgutil.iter_modules(trajschema.__path__):
    importlib.import_module(f"trajschema.{module.name}")
PARTS = [m for m in subclasses(Part) if m.__module__.startswith("trajschema.")]


@pytest.mark.parametrize("model", PARTS, ids=lambda m: m.__name__)
def test_a_record_and_its_parts_are_frozen(model: type[BaseModel]) -> None:
    value = model.model_construct()
    for field in model.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(value, field, None)


@pytest.mark.parametrize("model", PARTS, ids=lambda m: m.__name__)
def test_an_unknown_field_is_refused_by_name(model: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"surprise": 1})
    assert ("surprise",) in [e["loc"] for e in caught.value.errors() if e["type"] == "extra_forbidden"]


@pytest.mark.parametrize("model", PARTS, ids=lambda m: m.__name__)
def test_every_class_says_what_it_is(model: type[BaseModel]) -> None:
    assert (model.__doc__ or "").strip()


def test_every_record_is_listed() -> None:
    assert set(RECORDS.values()) == set(subclasses(Record))


@pytest.mark.parametrize("model", RECORDS.values(), ids=RECORDS.keys())
def test_an_unknown_schema_version_is_refused_with_the_remedy(model: type[BaseModel]) -> None:
    with pytest.raises(UnknownSchemaVersion) as caught:
        model.model_validate({"schema_version": "trajhub-0.9"})
    for part in (model.__name__, "trajhub-0.9", SCHEMA_VERSION, "install the trajschema release"):
        assert part in str(caught.value)
    with pytest.raises(UnknownSchemaVersion):
        model.model_validate_json('{"schema_version": "trajhub-0.9"}')


def test_a_version_left_out_is_the_current_one() -> None:
    assert HumanLabel.model_validate(LABEL).schema_version == SCHEMA_VERSION


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_value_outside_the_unit_interval_is_refused(value: float) -> None:
    with pytest.raises(ValidationError, match="value"):
        HumanLabel.model_validate(LABEL | {"value": value})


def test_text_that_has_no_utf8_form_is_refused_before_it_reaches_a_table() -> None:
    with pytest.raises(ValidationError, match="unicode"):
        HumanLabel.model_validate(LABEL | {"annotator": "\ud800"})


def test_an_event_is_read_by_its_kind() -> None:
    event = EVENT.validate_json('{"kind": "session_end", "exit": "limit", "at": 1.5}')
    assert event == SessionEnd(exit="limit", at=1.5)
    with pytest.raises(ValidationError, match="kind"):
        EVENT.validate_json('{"kind": "session_pause"}')


def test_an_attempt_has_one_id_and_every_part_of_it_counts() -> None:
    agent = Agent(name="random")
    same = rollout_id("t", agent, 0, 7)
    assert same == rollout_id("t", Agent(name="random", version="1"), 0, 7)
    others = {
        rollout_id("u", agent, 0, 7),
        rollout_id("t", Agent(name="random", parameters='{"p":1}'), 0, 7),
        rollout_id("t", agent, 1, 7),
        rollout_id("t", agent, 0, 8),
    }
    assert len(others | {same}) == 5
