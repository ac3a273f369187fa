"""Every field of the contract says what it holds."""

from pydantic import BaseModel
from trajschema.generate import json_schemas


def test_every_property_has_a_description() -> None:
    import json

    bare = []
    for name, text in json_schemas().items():
        schema = json.loads(text)
        for title, part in [(name, schema), *schema.get("$defs", {}).items()]:
            for field, spec in part.get("properties", {}).items():
                if "description" not in spec and field != "kind":
                    bare.append(f"{title}.{field}")
    assert bare == []


def test_records_are_models() -> None:
    from trajschema.generate import RECORDS

    assert all(issubclass(model, BaseModel) for model in RECORDS.values())
