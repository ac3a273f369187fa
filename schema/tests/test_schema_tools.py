"""One table says which canonical tool an agent's own tool is."""

from typing import get_args

import pytest
from trajschema.tools import canonical_tool
from trajschema.trajectory import Tool


@pytest.mark.parametrize("tool", get_args(Tool))
def test_a_canonical_name_is_itself(tool: Tool) -> None:
    assert canonical_tool(tool, "{}") == tool


@pytest.mark.parametrize(
    ("name", "arguments", "tool"),
    [
        ("Bash", "{}", "shell"),
        ("str_replace_editor", '{"command": "view", "path": "a"}', "file_read"),
        ("str_replace_editor", '{"command":"create"}', "file_write"),
        ("edit", '{"command": "view"}', "file_read"),
        ("file_editor", "{}", "file_edit"),
        ("Edit", '{"new_string": "\\"command\\": \\"view\\""}', "file_edit"),
        ("credit_check", '{"command": "view"}', "other"),
        ("ask_user", "{}", "other"),
    ],
)
def test_an_editor_is_what_its_command_says(name: str, arguments: str, tool: Tool) -> None:
    assert canonical_tool(name, arguments) == tool
