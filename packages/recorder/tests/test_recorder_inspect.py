"""Inspect: archives and documents, samples and epochs, scores, errors of tools, and what is cut off."""

import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.containers.archive import entries
from agentrecorder.convert import ConversionFailure, Converted, UnknownFormat, convert
from agentrecorder.run import Run

RunOf = Callable[..., Run]
HEADER: dict[str, Any] = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m-1"}, "plan": {}}


def call(key: str, function: Any = "bash", **arguments: Any) -> dict[str, Any]:
    return {"id": key, "function": function, "arguments": arguments}


def assistant(text: Any, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "source": "generate", "tool_calls": list(calls), **more}


def tool(key: str, text: str, **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": key, "function": "bash", "content": text, **more}


ASK = {"role": "user", "content": "Mend it.", "source": "input"}


def sample(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "s-1", "epoch": 1, "input": "Mend it.", "target": "", "messages": list(messages), **more}


def log(*samples: Any, **more: Any) -> dict[str, Any]:
    return {**HEADER, "samples": list(samples), **more}


def packed(path: Path, *samples: dict[str, Any], method: int = zipfile.ZIP_DEFLATED, header: str = "header.json") -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("_journal/start.json", json.dumps({"version": 2, "eval": HEADER["eval"], "plan": {}}))
        for one in samples:
            archive.writestr(f"samples/{one['id']}_epoch_{one['epoch']}.json", json.dumps(one))
        if header == "header.json":
            archive.writestr(header, json.dumps(HEADER))
    return path


def counts(run: Run) -> tuple[int, int, int, int]:
    return run.turns, run.calls, run.results, run.malformed


def test_calls_answers_and_errors_of_tools(run_of: RunOf) -> None:
    slow = {"type": "timeout", "message": "took too long"}
    run = run_of(
        log(
            sample(
                {"role": "system", "content": "You are."},
                ASK,
                assistant([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Look."}], call("c1", cmd="ls"), call("c2")),
                tool("c2", "", error=slow),
                tool("c1", "The output of your call to bash was too long to be displayed."),
                assistant("", call("c3", {"name": "python", "arguments": {}}), {**call("c4"), "parse_error": "no JSON"}),
                assistant("Done."),
            )
        )
    )
    assert counts(run) == (3, 4, 2, 1)
    turn = run.steps[2]
    assert (turn["message"], turn["reasoning"], json.loads(turn["tool_calls"][0]["arguments"])) == ("Look.", "hm", {"cmd": "ls"})
    assert [(seen["tool_call_id"], seen["error"], seen["truncated"]) for seen in turn["observations"]] == [
        ("c2", "took too long", False),
        ("c1", None, True),
    ]
    assert (run.version, run.model, run.task_id) == ("2", "m-1", "s-1")


@pytest.mark.parametrize(
    ("scores", "claimed"),
    [
        ({"match": {"value": "C"}}, True),
        ({"match": {"value": "I"}}, False),
        ({"match": {"value": "P"}}, None),
        ({"match": {"value": 1.0}}, True),
        ({"match": {"value": 0.5}}, None),
        ({"match": {"value": False}}, False),
        ({"a": {"value": "C"}, "b": {"value": "I"}}, None),
        ({"a": {"value": {"x": 1}}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_scores_claim_where_they_agree(run_of: RunOf, scores: Any, claimed: bool | None) -> None:
    assert run_of(log(sample(ASK, assistant("Done."), scores=scores))).claimed is claimed


def test_every_sample_and_epoch_is_a_run(write: Callable[..., Path], runs_of: Any) -> None:
    runs = runs_of(write(log(sample(ASK, assistant("a")), sample(ASK, assistant("b"), epoch=2), sample(ASK, id=7))))
    assert [(run.task_id, run.turns) for run in runs] == [("s-1", 1), ("s-1", 1), ("7", 0)]


@pytest.mark.parametrize("more", [{"samples": None, "status": "cancelled"}, {"samples": []}])
def test_a_log_without_samples_holds_no_runs(write: Callable[..., Path], more: dict[str, Any]) -> None:
    assert list(convert(write({**log(), **more}))) == []


def test_an_example_in_the_question_is_no_turn(run_of: RunOf) -> None:
    shown = {"role": "assistant", "content": "4"}
    asked = [{"role": "user", "content": "2+2"}, shown, {"role": "user", "content": "3+3"}]
    run = run_of(log(sample(*asked, assistant("6"), input=asked)))
    assert run.turns == 1
    assert [step["flags"] for step in run.steps] == [[], ["copied_context"], [], []]


def test_attachments_are_put_back(run_of: RunOf) -> None:
    run = run_of(log(sample({**ASK, "content": "attachment://ab"}, assistant("attachment://gone"), attachments={"ab": "the long text"})))
    assert [step["message"] for step in run.steps] == ["the long text", "attachment://gone"]


def test_a_nan_in_the_results_is_read(write: Callable[..., Path], runs_of: Any) -> None:
    (run,) = runs_of(write(json.dumps({"results": {"value": float("nan")}, **log(sample(ASK, assistant("a")))})))
    assert run.turns == 1


def test_usage_stands_in_the_events_and_the_scorers_is_not_the_agents(run_of: RunOf) -> None:
    def model(key: str, span: str) -> dict[str, Any]:
        usage = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 42, "input_tokens_cache_read": 30}
        answer = {"choices": [{"message": {"id": key, "role": "assistant", "content": "a"}}], "usage": usage, "time": 1.5}
        return {"event": "model", "span_id": span, "output": answer}

    events = [
        {"event": "span_begin", "id": "a", "type": "agent"},
        model("m1", "a"),
        {"event": "span_begin", "id": "b", "type": "scorers"},
        {"event": "span_begin", "id": "c", "parent_id": "b", "type": "scorer"},
        model("m2", "c"),
    ]
    run = run_of(log(sample(ASK, assistant("a", id="m1"), events=events, model_usage={"m-1": {"input_tokens": 99, "output_tokens": 9}})))
    assert run.steps[1]["usage"] == {"prompt_tokens": 40, "completion_tokens": 2, "cached_tokens": 30, "cost_usd": None, "seconds": 1.5}
    assert (run.totals.prompt_tokens, run.totals.completion_tokens) == (40, 2)


def test_what_a_compaction_took_out_of_the_conversation_is_put_back(run_of: RunOf) -> None:
    ask, first, second = {**ASK, "id": "m0"}, assistant("a", call("c1"), id="m1"), assistant("b", id="m3")
    seen, summary = tool("c1", "x", id="m2"), {"role": "user", "content": "so far", "id": "m9"}

    def model(output: dict[str, Any], span: str = "a", **given: Any) -> dict[str, Any]:
        return {"event": "model", "span_id": span, "output": {"choices": [{"message": output}]}, **given}

    other = assistant("aside", id="m7")
    events = [
        model(first, input_refs=[[0, 1]]),
        model(other, "sub"),
        model(assistant("b0", id="m4"), input=[ask, first, seen]),
        {"event": "compaction"},
        model(second, input=[summary]),
    ]
    run = run_of(log(sample(ask, summary, second, events=[model(second), *events], message_pool=[ask])))
    assert run.turns == 3
    assert run.notes == ["1 x call of a model outside the conversation"]


def test_how_a_sample_ended(write: Callable[..., Path], runs_of: Any) -> None:
    path = write(
        log(sample(ASK, error={"message": "boom"}), sample(ASK, limit={"type": "token", "limit": 5}), sample(), status="cancelled")
    )
    runs = runs_of(path)
    assert [run.exit for run in runs] == ["boom", "token", "cancelled"]
    assert runs[2].steps[0]["message"] == "Mend it."


def test_a_bad_sample_costs_itself_alone(write: Callable[..., Path]) -> None:
    found = list(convert(write(log(17, sample(ASK, assistant("a"), {"role": "ghost"})))))
    assert isinstance(found[0], ConversionFailure)
    assert isinstance(found[1], Converted)
    assert found[1].run.turns == 1
    assert [left.where for left in found[1].run.left] == ["message 3"]


def test_a_document_that_is_cut_off_yields_what_is_there(write: Callable[..., Path]) -> None:
    text = json.dumps(log(sample(ASK, assistant("a")), sample(ASK, assistant("b"), assistant("c"))))
    found = list(convert(write(text[: text.index('"c"')])))
    runs = [one.run for one in found if isinstance(one, Converted)]
    assert [run.turns for run in runs] == [1, 2]
    assert runs[1].left
    assert "truncated" in runs[1].steps[-1]["flags"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_holds_a_run_for_each_sample(tmp_path: Path, runs_of: Any, method: int) -> None:
    runs = runs_of(packed(tmp_path / "x.eval", sample(ASK, assistant("a")), sample(ASK, assistant("b"), epoch=2), method=method))
    assert [run.turns for run in runs] == [1, 1]
    assert (runs[0].exit, runs[0].model) == ("success", "m-1")


def test_an_archive_that_was_never_finished_has_its_journal(tmp_path: Path, runs_of: Any) -> None:
    (run,) = runs_of(packed(tmp_path / "x.eval", sample(ASK, assistant("a")), header=""))
    assert (run.turns, run.model, run.exit) == (1, "m-1", "")


def test_an_archive_that_is_cut_off_yields_what_is_there(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "x.eval",
        sample(ASK, assistant("a")),
        sample(ASK, assistant("b" * 9), assistant("c"), epoch=2),
        method=zipfile.ZIP_STORED,
    )
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"bbbbbbbbb") + 40])
    runs = [one.run for one in convert(path) if isinstance(one, Converted)]
    assert [run.turns for run in runs] == [1, 1]
    assert "truncated" in runs[1].steps[-1]["flags"]


def test_entries_packed_with_zstandard_are_read(tmp_path: Path, runs_of: Any) -> None:
    arrow = pytest.importorskip("pyarrow")
    path = tmp_path / "x.eval"
    path.write_bytes(
        _zip({"header.json": HEADER, "samples/s-1_epoch_1.json": sample(ASK, assistant("a"))}, 93, arrow.Codec("zstd").compress)
    )
    (run,) = runs_of(path)
    assert run.turns == 1


def test_entries_packed_in_a_way_that_is_not_known_are_lost_and_named(tmp_path: Path) -> None:
    path = tmp_path / "x.eval"
    whole = _zip({"header.json": HEADER}, 8, lambda data: zlib.compress(data, wbits=-15))
    path.write_bytes(whole + _zip({"samples/s-1_epoch_1.json": sample(ASK)}, 98, bytes))
    (lost,) = convert(path)
    assert isinstance(lost, ConversionFailure)
    assert "method 98" in lost.reason


def test_an_archive_of_something_else_is_not_taken(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(UnknownFormat):
        list(convert(tmp_path / "x.zip"))
    (tmp_path / "y.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(UnknownFormat):
        list(convert(tmp_path / "y.zip"))


def test_of_two_entries_with_one_name_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "one")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", "two")
    assert [entry.unpack() for entry in entries(path, memoryview(path.read_bytes()))] == [b"two"]


def _zip(files: dict[str, Any], method: int, pack: Callable[[bytes], Any]) -> bytes:
    """Entries without the directory at the end, as a run that was killed leaves them."""
    made = b""
    for name, value in files.items():
        data = json.dumps(value).encode()
        small = bytes(pack(data))
        made += struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 63, 0, method, 0, 0, zlib.crc32(data), len(small), len(data), len(name), 0)
        made += name.encode() + small
    return made
