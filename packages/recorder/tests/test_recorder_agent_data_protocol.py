"""Agent Data Protocol: actions are turns, and observations answer them by order, whoever is said to speak."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.adapters.agent_data_protocol import AgentDataProtocol
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run

RunOf = Callable[..., Run]


def seen(text: str, source: str = "environment", name: str | None = None) -> dict[str, Any]:
    return {"class_": "text_observation", "content": text, "name": name, "source": source}


def api(function: str, **kwargs: Any) -> dict[str, Any]:
    return {"class_": "api_action", "function": function, "kwargs": kwargs, "description": "Let me."}


def code(text: str, language: str = "bash") -> dict[str, Any]:
    return {"class_": "code_action", "language": language, "content": text, "description": "Look."}


def message(text: str) -> dict[str, Any]:
    return {"class_": "message_action", "content": text, "description": None}


def row(*items: Any, **details: Any) -> dict[str, Any]:
    return {"id": "row-1", "content": list(items), "details": details}


def counts(run: Run) -> tuple[int, int, int]:
    return run.turns, run.calls, run.results


def test_actions_are_turns_with_their_description_as_message(run_of: RunOf) -> None:
    run = run_of(
        row(seen("Mend it.", "user"), code("ls"), seen("a.py"), api("edit", path="a.py"), seen("ok"), message("<finish> Done. </finish>"))
    )
    assert counts(run) == (3, 2, 2)
    look, edit, end = run.steps[1:]
    assert (look["message"], look["tool_calls"][0]["raw_name"], look["tool_calls"][0]["name"]) == ("Look.", "bash", "shell")
    assert json.loads(look["tool_calls"][0]["arguments"]) == {"command": "ls"}
    assert json.loads(edit["tool_calls"][0]["arguments"]) == {"path": "a.py"}
    assert (end["message"], run.task_id) == ("<finish> Done. </finish>", "row-1")


def test_where_no_row_names_the_environment_a_user_after_a_call_is_it(run_of: RunOf) -> None:
    run = run_of([row(seen("Mend it.", "user"), code("ls"), seen("a.py", "user"), message("Shall I?"), seen("Yes.", "user"))])
    assert counts(run) == (2, 1, 1)
    assert [step["source"] for step in run.steps] == ["user", "agent", "agent", "user"]


def test_where_rows_name_the_environment_a_user_is_a_person(write: Callable[..., Path], runs_of: Any) -> None:
    talk, work = runs_of(
        write([row(seen("Write it.", "user"), code("x = 1", "python"), seen("Shorter, please.", "user")), row(code("ls"), seen("a.py"))])
    )
    assert counts(talk) == (1, 1, 0)
    assert [step["source"] for step in talk.steps] == ["user", "agent", "user"]
    assert counts(work) == (1, 1, 1)


def test_calls_in_a_row_pair_by_order_and_one_without_an_answer_is_the_first(run_of: RunOf) -> None:
    run = run_of(
        row(seen("Mend it.", "user"), code("a"), code("b"), seen("1"), seen("2"), code("c"), code("d"), seen("4"), seen("left over"))
    )
    answered = {call["arguments"]: [o["content"] for o in step["observations"]] for step in run.steps for call in step["tool_calls"]}
    assert answered == {'{"command":"a"}': ["1"], '{"command":"b"}': ["2"], '{"command":"c"}': ["4"], '{"command":"d"}': ["left over"]}
    assert counts(run) == (4, 4, 4)
    short = run_of(row(seen("Mend it.", "user"), code("a"), code("b"), seen("2")))
    assert [len(step["observations"]) for step in short.steps] == [0, 0, 1]


def test_the_declaration_of_tools_is_the_systems(run_of: RunOf) -> None:
    run = run_of(
        row(
            seen("tool_declare", name="system"),
            seen("Ask.", "user"),
            message("I search."),
            api("search", q="x"),
            seen("found", name="search"),
        )
    )
    assert counts(run) == (2, 1, 1)
    assert run.steps[0]["source"] == "system"


def test_a_web_page_is_an_observation(run_of: RunOf) -> None:
    page = {"class_": "web_observation", "html": "<p>", "axtree": "[1] paragraph", "url": "u", "image_observation": None}
    run = run_of(row(seen("Look.", "user"), api("goto", url="u"), page))
    assert run.steps[1]["observations"][0]["content"] == "[1] paragraph"


@pytest.mark.parametrize(
    ("details", "claimed"),
    [
        ({"resolved": "False"}, None),
        ({"resolved": True}, True),
        ({"target": False}, False),
        ({"exit_status": "submitted"}, None),
        ({"score": 1}, True),
    ],
)
def test_details_claim_by_a_verdict_and_not_by_an_exit_status(run_of: RunOf, details: dict[str, Any], claimed: bool | None) -> None:
    assert run_of(row(seen("Mend it.", "user"), message("Done."), **details)).claimed is claimed


def test_details_name_model_patch_and_a_persons_opinion(run_of: RunOf) -> None:
    run = run_of(
        row(
            seen("Mend it.", "user"), message("Done."), model_name="m", generated_patch="diff", exit_status="submitted", feedback="negative"
        )
    )
    assert (run.model, run.final_diff, run.exit, run.feedback, run.claimed) == ("m", "diff", "submitted", "negative", None)


def test_an_item_of_another_class_is_left(run_of: RunOf) -> None:
    run = run_of(row(seen("Mend it.", "user"), {"class_": "dance"}, 7, message("Done.")))
    assert (run.taken, [left.where for left in run.left]) == (2, ["item 2", "item 3"])


@pytest.mark.parametrize("value", [{"content": "x"}, {"content": [{"type": "text"}]}, [{"class_": "api_action"}], {"messages": []}])
def test_other_formats_are_not_taken(write: Callable[..., Path], value: Any) -> None:
    with LogSource(write(json.dumps(value))) as source:
        assert AgentDataProtocol().version(source) is None
