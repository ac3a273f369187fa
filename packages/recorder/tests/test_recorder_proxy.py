"""The recording proxy between real clients and a server on loopback: the client sees what the server did, and all of it is written."""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from agentrecorder.convert import Converted, convert
from agentrecorder.proxy.server import RecordingProxy
from agentrecorder.run import Run

KEY = "sk-test-0123456789abcdef"


@dataclass(frozen=True)
class Answer:
    """What the server does with one request: sends its pieces, perhaps slowly, and perhaps hangs up before the last."""

    pieces: tuple[bytes, ...]
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    hang_up: bool = False
    pause: float = 0.0
    length: int | None = None
    """What it says that the body's length is; without it, pieces come as chunks."""
    gate: threading.Event | None = None
    """Before the last piece the server waits for it."""


@dataclass
class Server:
    """A stand-in for a model's server. ``asked``: path, headers and body of each request; ``waited``: whether a gate opened in time."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    url: str = ""
    waited: list[bool] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on loopback; each request takes the next of its answers."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            state.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answer = state.answers[min(len(state.asked), len(state.answers)) - 1]
            self.close_connection = True
            if answer.hang_up and not answer.pieces:
                return
            self.send_response(answer.status)
            self.send_header("content-type", answer.kind)
            chunked = answer.length is None
            self.send_header(*(("transfer-encoding", "chunked") if chunked else ("content-length", str(answer.length))))
            self.send_header("request-id", f"req-{len(state.asked)}")
            self.send_header("connection", "close")
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            try:
                for number, piece in enumerate(answer.pieces, 1):
                    if answer.gate is not None and number == len(answer.pieces):
                        state.waited.append(answer.gate.wait(20))
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                    self.wfile.flush()
                    time.sleep(answer.pause)
                if chunked and not answer.hang_up:
                    self.wfile.write(b"0\r\n\r\n")
            except OSError:
                return

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    state.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield state
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where exchanges are written."""
    return tmp_path / "exchanges.jsonl"


@pytest.fixture
def proxy(server: Server, log: Path) -> Iterator[RecordingProxy]:
    """The proxy before that server."""
    with RecordingProxy(log, {"anthropic": server.url, "openai": f"{server.url}/v1"}) as running:
        yield running


@pytest.fixture
def claude(proxy: RecordingProxy) -> Iterator[anthropic.Anthropic]:
    """Anthropic's client at the proxy."""
    with anthropic.Anthropic(api_key=KEY, base_url=proxy.base_urls["ANTHROPIC_BASE_URL"], max_retries=0) as client:
        yield client


@pytest.fixture
def gpt(proxy: RecordingProxy) -> Iterator[openai.OpenAI]:
    """OpenAI's client at the proxy."""
    with openai.OpenAI(api_key=KEY, base_url=proxy.base_urls["OPENAI_BASE_URL"], max_retries=0) as client:
        yield client


def whole(value: Any, **more: Any) -> Answer:
    return Answer((json.dumps(value).encode(),), **more)


def stream(*events: Any, **more: Any) -> Answer:
    """Server-sent events; a dict with a type is named by it, as both makers do."""
    pieces = []
    for event in events:
        text = event if isinstance(event, str) else json.dumps(event)
        name = f"event: {event['type']}\n" if isinstance(event, dict) and "type" in event else ""
        pieces.append(f"{name}data: {text}\n\n".encode())
    return Answer(tuple(pieces), kind="text/event-stream", **more)


def message(*blocks: dict[str, Any], stop: str = "end_turn") -> dict[str, Any]:
    used = {"input_tokens": 5, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 3, "output_tokens": 7}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-t",
        "content": list(blocks),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": used,
    }


def failure(status: int, kind: str) -> Answer:
    return whole({"type": "error", "error": {"type": kind, "message": "wait"}}, status=status, headers=(("retry-after-ms", "1"),))


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


CALL = {"type": "tool_use", "id": "tu_1", "name": "bash", "input": {"command": "ls"}}
STREAMED = (
    {"type": "message_start", "message": message() | {"stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "where "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "is it?"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "ping"},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "I look"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": " first. é"}},
    {"type": "content_block_stop", "index": 1},
    {"type": "content_block_start", "index": 2, "content_block": {**CALL, "input": {}}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"command'}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '": "ls"}'}},
    {"type": "content_block_stop", "index": 2},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": {"output_tokens": 11}},
    {"type": "message_stop"},
)


def exchanges(proxy: RecordingProxy, log: Path, count: int) -> list[dict[str, Any]]:
    """What is written, once it is so many lines: the last comes just after the client has its answer."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and log.read_bytes().count(b"\n") < count:
        time.sleep(0.01)
    found = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(found) == count
    return sorted(found, key=lambda exchange: int(exchange["exchange"]))


def runs(log: Path) -> list[Run]:
    found = list(convert(log))
    assert all(isinstance(one, Converted) for one in found)
    return [one.run for one in found if isinstance(one, Converted)]


def ask(client: anthropic.Anthropic, *messages: Any, **more: Any) -> anthropic.types.Message:
    return client.messages.create(model="claude-t", max_tokens=100, messages=list(messages), **more)


USER = {"role": "user", "content": "mend it"}


def test_an_answer_passes_and_is_written_without_the_key(
    server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path
) -> None:
    server.answers = [whole(message(text(f"your key is {KEY}")))]
    said = ask(claude, USER, system="You mend.", extra_body={"temperature": 0.5}, metadata={"user_id": KEY})
    assert said.content[0].text == f"your key is {KEY}"
    path, headers, body = server.asked[0]
    assert path == "/v1/messages"
    assert any(KEY in value for value in headers.values())
    assert body["messages"] == [USER]
    (written,) = exchanges(proxy, log, 1)
    assert KEY not in log.read_text()
    assert written["request"] == body | {"metadata": {"user_id": "[key]"}}
    assert written["answer"]["content"] == [text("your key is [key]")]
    assert written["usage"]["output_tokens"] == 7
    assert (written["protocol"], written["status"], written["problem"], written["streamed"]) == ("anthropic-messages", 200, "", False)
    assert (written["retry"], written["request_id"]) == (0, "req-1")
    assert 0 <= written["seconds_to_first_byte"] <= written["seconds"]


def test_a_stream_passes_as_it_comes_and_is_put_together(
    server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path
) -> None:
    begun = threading.Event()
    server.answers = [stream(*STREAMED, gate=begun, pause=0.02)]
    kinds = []
    with claude.messages.stream(model="claude-t", max_tokens=100, messages=[USER]) as events:
        for event in events:
            begun.set()
            kinds.append(event.type)
        final = events.get_final_message()
    assert server.waited == [True]
    assert kinds.count("content_block_delta") == 6
    (written,) = exchanges(proxy, log, 1)
    assert written["answer"]["content"] == [
        {"type": "thinking", "thinking": "where is it?", "signature": ""},
        text("I look first. é"),
        CALL,
    ]
    assert written["answer"]["stop_reason"] == final.stop_reason == "tool_use"
    assert written["usage"] == message()["usage"] | {"output_tokens": 11}
    assert written["seconds_to_first_byte"] < written["seconds"]


@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit_error"), (529, "overloaded_error")])
def test_a_refusal_reaches_the_client_and_each_retry_is_written(
    server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path, status: int, kind: str
) -> None:
    server.answers = [failure(status, kind), failure(status, kind), whole(message(text("done")))]
    with pytest.raises(anthropic.APIStatusError) as refused:
        ask(claude, USER)
    assert refused.value.status_code == status
    assert ask(claude.with_options(max_retries=2), USER).content[0].text == "done"
    written = exchanges(proxy, log, 3)
    assert [(one["status"], one["retry"]) for one in written] == [(status, 0), (status, 0), (200, 1)]
    assert written[0]["answer"]["error"]["type"] == kind
    (run,) = runs(log)
    assert (run.turns, run.steps[-1]["message"]) == (1, "done")
    assert run.aside == {f"call that failed (status {status})": 2}


def test_half_a_stream_breaks_off_for_the_client_too(server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path) -> None:
    server.answers = [stream(*STREAMED[:8], hang_up=True)]
    with (
        pytest.raises((anthropic.APIConnectionError, Exception)) as broken,
        claude.messages.stream(model="claude-t", max_tokens=100, messages=[USER]) as events,
    ):
        list(events)
    assert "peer closed connection" in str(broken.value) or "incomplete" in str(broken.value)
    (written,) = exchanges(proxy, log, 1)
    assert "broke off" in written["problem"]
    assert written["answer"]["content"][1] == text("I look")
    (run,) = runs(log)
    assert (run.steps[-1]["message"], run.steps[-1]["flags"]) == ("I look", ["truncated"])


def test_half_a_body_is_half_a_body_for_the_client_too(
    server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path
) -> None:
    body = json.dumps(message(text("done"))).encode()
    server.answers = [Answer((body[:60],), length=len(body))]
    with pytest.raises(anthropic.APIConnectionError):
        ask(claude, USER)
    (written,) = exchanges(proxy, log, 1)
    assert "broke off" in written["problem"]
    assert (written["status"], written["answer"]) == (200, body[:60].decode())


def test_a_packed_answer_passes_packed_and_is_written_plain(
    server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path
) -> None:
    packed = gzip.compress(json.dumps(message(text("done"))).encode())
    server.answers = [Answer((packed,), length=len(packed), headers=(("content-encoding", "gzip"),))]
    assert ask(claude, USER).content[0].text == "done"
    (written,) = exchanges(proxy, log, 1)
    assert written["answer"]["content"] == [text("done")]


def test_a_server_that_hangs_up_or_is_not_there_looks_so_to_the_client(
    server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path, tmp_path: Path
) -> None:
    server.answers = [Answer((), hang_up=True)]
    with pytest.raises(anthropic.APIConnectionError):
        ask(claude, USER)
    (written,) = exchanges(proxy, log, 1)
    assert (written["status"], written["answer"]) == (None, None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with RecordingProxy(tmp_path / "other", {"anthropic": nowhere}) as other:
            client = claude.with_options(base_url=other.base_urls["ANTHROPIC_BASE_URL"])
            with pytest.raises(anthropic.APIConnectionError):
                ask(client, USER)
    assert "broke off" in json.loads((tmp_path / "other").read_text())["problem"]
    (run,) = runs(log)
    assert run.turns == 0
    assert "broke off" in run.exit


def test_a_client_that_goes_away_is_written_down(server: Server, proxy: RecordingProxy, log: Path) -> None:
    server.answers = [stream(*STREAMED, pause=0.2)]
    host, port = proxy.url.removeprefix("http://").split(":")
    body = json.dumps({"model": "claude-t", "max_tokens": 9, "messages": [USER], "stream": True}).encode()
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST /anthropic/v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        said = b""
        while b"claude-t" not in said:  # the answer has begun
            said += client.recv(4096)
        assert said.startswith(b"HTTP/1.1 200")
    (written,) = exchanges(proxy, log, 1)
    assert written["problem"] == "the client went away"
    assert written["answer"]["model"] == "claude-t"


def test_a_conversation_is_one_run(server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path) -> None:
    first = message({"type": "thinking", "thinking": "hm", "signature": "s"}, text("I look."), CALL, stop="tool_use")
    server.answers = [whole(first), whole(message(text("done"))), whole(message(text("A title")))]
    result = {"type": "tool_result", "tool_use_id": "tu_1", "content": [text("a.py")], "is_error": True}
    ask(claude, USER, system=[text("You mend.")])
    marked = {"role": "user", "content": [text("mend it") | {"cache_control": {"type": "ephemeral"}}]}
    ask(claude, marked, {"role": "assistant", "content": first["content"]}, {"role": "user", "content": [result, text("go on")]})
    ask(claude, {"role": "user", "content": "Find a title."})
    exchanges(proxy, log, 3)
    run, other = runs(log)
    assert [(s["source"], s["message"]) for s in run.steps] == [
        ("system", "You mend."),
        ("user", "mend it"),
        ("agent", "I look."),
        ("user", "go on"),
        ("agent", "done"),
    ]
    turn = run.steps[2]
    assert turn["reasoning"] == "hm"
    assert turn["tool_calls"][0]["arguments"] == '{"command":"ls"}'
    assert (turn["observations"][0]["content"], turn["observations"][0]["tool_call_id"]) == ("a.py", "tu_1")
    assert turn["observations"][0]["error"]
    assert turn["usage"]["prompt_tokens"] == 98
    assert turn["usage"]["cached_tokens"] == 90
    assert (run.model, run.exit, run.claimed) == ("claude-t", "end_turn", None)
    assert [s["message"] for s in other.steps] == ["Find a title.", "A title"]


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, **more}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-t", "choices": [choice]}


def logprob(token: str) -> dict[str, Any]:
    return {"content": [{"token": token, "logprob": -0.5, "bytes": None, "top_logprobs": []}], "refusal": None}


TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
USED = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14, "prompt_tokens_details": {"cached_tokens": 6}}


def test_chat_completions_in_a_stream(server: Server, proxy: RecordingProxy, gpt: openai.OpenAI, log: Path) -> None:
    begun = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "bash", "arguments": ""}}
    server.answers = [
        stream(
            chunk({"role": "assistant", "content": "I "}, logprobs=logprob("I "), token_ids=[7]),
            chunk({"content": "look."}, logprobs=logprob("look."), token_ids=[8, 9]),
            chunk({"reasoning_content": "hm"}),
            chunk({"tool_calls": [begun]}),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"command"'}}]}),
            chunk({"tool_calls": [{"index": 0, "function": {"arguments": ': "ls"}'}}]}),
            chunk({}, "tool_calls"),
            {**chunk({}), "choices": [], "usage": USED, "prompt_token_ids": [1, 2, 3]},
            "[DONE]",
        ),
        whole(
            {
                "id": "c2",
                "object": "chat.completion",
                "created": 2,
                "model": "gpt-t",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "done"}, "finish_reason": "length"}],
                "usage": USED,
            }
        ),
    ]
    opening: list[Any] = [{"role": "system", "content": "You mend."}, {"role": "user", "content": "mend it"}]
    with gpt.chat.completions.create(model="gpt-t", messages=opening, stream=True, logprobs=True) as events:
        assert len(list(events)) == 8
    kept = {"role": "assistant", "content": "I look.", "tool_calls": [TOOL_CALL]}
    answer = {"role": "tool", "tool_call_id": "call_1", "content": "a.py"}
    assert gpt.chat.completions.create(model="gpt-t", messages=[*opening, kept, answer]).choices[0].message.content == "done"
    assert server.asked[0][0] == "/v1/chat/completions"
    written = exchanges(proxy, log, 2)
    choice = written[0]["answer"]["choices"][0]
    assert choice["message"]["tool_calls"] == [{"index": 0, **TOOL_CALL}]
    assert (choice["message"]["content"], choice["finish_reason"], choice["token_ids"]) == ("I look.", "tool_calls", [7, 8, 9])
    assert [part["token"] for part in choice["logprobs"]["content"]] == ["I ", "look."]
    assert (written[0]["usage"], written[0]["answer"]["prompt_token_ids"]) == (USED, [1, 2, 3])
    assert KEY not in log.read_text()
    (run,) = runs(log)
    assert [(s["source"], s["message"]) for s in run.steps] == [
        ("system", "You mend."),
        ("user", "mend it"),
        ("agent", "I look."),
        ("agent", "done"),
    ]
    assert run.steps[2]["observations"][0]["content"] == "a.py"
    assert run.steps[2]["reasoning"] == "hm"
    assert (run.steps[2]["usage"]["prompt_tokens"], run.steps[2]["usage"]["cached_tokens"]) == (10, 6)
    assert run.steps[3]["flags"] == ["truncated"]


def response(number: int, *output: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    used = {
        "input_tokens": 10,
        "output_tokens": 4,
        "total_tokens": 14,
        "input_tokens_details": {"cached_tokens": 6},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    head = {"id": f"resp_{number}", "object": "response", "created_at": 1, "model": "gpt-t", "status": status, "output": list(output)}
    return {**head, "usage": used, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}


def output_message(said: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": said, "annotations": []}
    return {"type": "message", "id": "m_1", "role": "assistant", "status": "completed", "content": [part]}


FUNCTION_CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "bash", "arguments": '{"command":"ls"}'}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "a.py"}


@pytest.mark.parametrize("linked", [False, True])
def test_responses_whether_their_input_grows_or_is_linked(
    server: Server, proxy: RecordingProxy, gpt: openai.OpenAI, log: Path, linked: bool
) -> None:
    first = response(1, REASONING, output_message("I look."), FUNCTION_CALL)
    events = [
        {"type": "response.created", "sequence_number": 0, "response": response(1, status="in_progress")},
        {"type": "response.completed", "sequence_number": 1, "response": first},
    ]
    server.answers = [stream(*events), whole(response(2, output_message("done")))]
    with gpt.responses.create(model="gpt-t", instructions="You mend.", input="mend it", stream=True) as told:
        assert [event.type for event in told] == ["response.created", "response.completed"]
    if linked:
        gpt.responses.create(model="gpt-t", input=[OUTPUT], previous_response_id="resp_1")  # type: ignore[list-item]
    else:
        grown: Any = [{"role": "user", "content": "mend it"}, REASONING, output_message("I look."), FUNCTION_CALL, OUTPUT]
        gpt.responses.create(model="gpt-t", instructions="You mend.", input=grown)
    exchanges(proxy, log, 2)
    (run,) = runs(log)
    assert [(s["source"], s["message"]) for s in run.steps] == [
        ("system", "You mend."),
        ("user", "mend it"),
        ("agent", "I look."),
        ("agent", "done"),
    ]
    assert run.steps[2]["reasoning"] == "hm"
    assert run.steps[2]["tool_calls"][0]["raw_name"] == "bash"
    assert run.steps[2]["observations"][0]["content"] == "a.py"
    assert run.steps[2]["usage"]["prompt_tokens"] == 10


def test_half_a_stream_of_responses_keeps_what_came(server: Server, proxy: RecordingProxy, gpt: openai.OpenAI, log: Path) -> None:
    server.answers = [
        stream(
            {"type": "response.created", "sequence_number": 0, "response": response(1, status="in_progress")},
            {"type": "response.output_item.added", "output_index": 0, "sequence_number": 1, "item": output_message("") | {"content": []}},
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "I lo", "sequence_number": 2},
            {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "ok", "sequence_number": 3},
            hang_up=True,
        )
    ]
    with (
        pytest.raises((openai.APIConnectionError, Exception)),
        gpt.responses.create(model="gpt-t", input="mend it", stream=True) as told,
    ):
        list(told)
    exchanges(proxy, log, 1)
    (run,) = runs(log)
    assert (run.steps[-1]["message"], run.steps[-1]["flags"]) == ("I look", ["truncated"])


def test_calls_at_the_same_time_are_all_written(server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path) -> None:
    server.answers = [whole(message(text("done")), pause=0.05)]
    threads = [threading.Thread(target=ask, args=(claude, {"role": "user", "content": f"task {n}"})) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one["request"]["messages"][0]["content"] for one in exchanges(proxy, log, 12)} == {f"task {n}" for n in range(12)}
    assert len(runs(log)) == 12


def test_a_call_that_asks_no_model_passes_and_is_no_turn(
    server: Server, proxy: RecordingProxy, claude: anthropic.Anthropic, log: Path
) -> None:
    server.answers = [whole({"input_tokens": 3}), whole(message(text("done")))]
    assert claude.messages.count_tokens(model="claude-t", messages=[USER]).input_tokens == 3  # type: ignore[list-item]
    ask(claude, USER)
    exchanges(proxy, log, 2)
    (run,) = runs(log)
    assert run.turns == 1
    assert run.aside == {"call that asks no model": 1}


AGENT = """
import anthropic, sys
client = anthropic.Anthropic()
said = client.messages.create(model="claude-t", max_tokens=9, messages=[{"role": "user", "content": "mend it"}])
print(said.content[0].text)
sys.exit(3)
"""


@pytest.fixture
def recorded(server: Server, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``agentrecorder record`` before that server."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
        line = [sys.executable, "-m", "agentrecorder", "record", "-o", str(tmp_path / "session.jsonl"), "--", *command]
        return subprocess.run(line, env=environ, capture_output=True, text=True, cwd=tmp_path)

    return run


def test_record_runs_an_agent_and_writes_its_trajectory(
    server: Server, recorded: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    server.answers = [whole(message(text("done")))]
    done = recorded(sys.executable, "-c", AGENT)
    assert (done.returncode, done.stdout) == (3, "done\n")
    assert "1 trajectory" in done.stderr
    trajectory = json.loads((tmp_path / "session.jsonl").read_text())
    assert [step["message"] for step in trajectory["steps"]] == ["mend it", "done"]
    assert KEY not in (tmp_path / "session.jsonl.exchanges").read_text()
    again = recorded(sys.executable, "-c", AGENT)
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_record_says_what_could_not_be_run_and_what_made_no_call(
    server: Server, recorded: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    missing = recorded("no-such-agent")
    assert missing.returncode == 2
    assert "no-such-agent" in missing.stderr
    silent = recorded("true")
    assert silent.returncode == 0
    assert "nothing was recorded" in silent.stderr
    assert list(tmp_path.iterdir()) == []
