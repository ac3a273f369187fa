"""A task, runs and answers for the tests of the judge, and a reader that takes what was sent apart as a judge would."""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from agentllm.client import Client
from agentreward.judge.config import JudgeConfig
from trajschema.score import RUBRICS
from trajschema.task import Environment, Task, TaskSource
from trajschema.trajectory import Trajectory

from trajtests.llm.behaviour import Behaviour
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import says
from trajtests.reward_cases import HONEST, TASK, run, shell

K = Task(
    task_id="k",
    source=TaskSource(kind="injected"),
    repo="dates",
    base_commit="c",
    problem_statement=TASK,
    environment=Environment(),
    FAIL_TO_PASS=("tests/test_dates.py::test_hidden_month",),
    PASS_TO_PASS=(),
    gold_patch="--- the gold patch ---",
)
RUN = run(*HONEST).model_copy(update={"final_diff": "--- a/src/dates.py\n+++ b/src/dates.py\n"})
IDS = [2, 3, 4, 5, 6, 7]
CONFIG = JudgeConfig()


def judged(step: int, score: Any = 0.7, quote: str = 'It "ran the tests".') -> dict[str, Any]:
    return {"step_id": step, **{r: {"score": score, "quote": quote} for r in RUBRICS}}


def gives(value: Any) -> Behaviour:
    """A JSON answer in the words of both protocols."""
    return says(json.dumps(value))


def answer(*steps: dict[str, Any]) -> Behaviour:
    return gives({"steps": list(steps)})


ALL = answer(*(judged(i) for i in IDS))


def client(server: FakeServer, **more: Any) -> Client:
    url = server.url + ("/v1" if more.get("provider") == "openai" else "")
    return Client(**{"base_url": url, "api_key_env": server.key_env, "max_retries": 2, "timeout_s": 5.0, **more})


def long_run(steps: int, size: int = 1_024) -> Trajectory:
    """``steps`` different commands with different outputs of ``size`` characters, as a terminal prints them."""
    outputs = ("".join(f"src/module_{i}/part_{n}.py:{n * 7 + i}: value = compute({n}, '{i}')\n" for n in range(40)) for i in range(steps))
    return run(*(shell(f"grep -rn compute src/module_{i}", (text * (1 + size // 1_024))[:size]) for i, text in enumerate(outputs)))


class Sent(NamedTuple):
    """A request as a judge reads it: what we say, and what is data under which heading."""

    ours: str
    data: tuple[tuple[str, str], ...]
    ids: tuple[int, ...]
    """Steps that it is asked to score."""


def prompt_of(body: dict[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    return str(content if isinstance(content, str) else content[0]["text"])


def taken_apart(body: dict[str, Any]) -> Sent:
    """By the rules in the system text alone: the first line names the mark; a line that begins with it is a heading."""
    first, *lines = prompt_of(body).split("\n")
    mark = first.removeprefix("The mark is ")
    data: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith(mark + " "):
            data.append((line.removeprefix(mark + " "), []))
        else:
            data[-1][1].append(line)
    *pieces, (end, asked) = data
    assert end == "end of the data"
    ours = "\n".join([first, *(heading for heading, _ in data), *asked])
    return Sent(ours, tuple((heading, "\n".join(text)) for heading, text in pieces), numbers("\n".join(asked)))


def numbers(asked: str) -> tuple[int, ...]:
    """``2-4, 7`` as numbers."""
    spans = re.findall(r"(\d+)(?:-(\d+))?", asked)
    return tuple(i for a, b in spans for i in range(int(a), int(b or a) + 1))


def scores_all(body: dict[str, Any]) -> Behaviour:
    """A judge that scores what it is asked for."""
    return gives({"steps": [judged(i) for i in taken_apart(body).ids]})


def wire_size(bodies: Sequence[dict[str, Any]]) -> int:
    """Bytes of the bodies of requests: rubrics, rules, form of the answer, marks and JSON escapes all counted."""
    return sum(len(json.dumps(body, ensure_ascii=False).encode()) for body in bodies)


def text_size(trajectory: Trajectory) -> int:
    """Bytes of what a run says and saw, no key or escape of any format counted."""
    return sum(len(t.encode()) for t in texts(trajectory))


def texts(trajectory: Trajectory) -> list[str]:
    """All that a run says and saw."""
    steps = trajectory.steps
    parts = [t for s in steps for t in (s.message, s.reasoning or "")]
    parts += [t for s in steps for c in s.tool_calls for t in (c.raw_name, c.arguments)]
    parts += [t for s in steps for o in s.observations for t in (o.content, o.error or "")]
    return [*parts, trajectory.final_diff]


def read_by_model(body: dict[str, Any]) -> str:
    """What a model is charged for: system text, message, and the form of the answer where it goes by itself."""
    told = body.get("system") or [{"text": body["messages"][0]["content"]}]
    return "\n".join([told[0]["text"], prompt_of(body), json.dumps(body.get("output_config", ""))])


def pieces(text: str) -> int:
    """Words, groups of three digits at most, signs and line ends: more than any tokenizer in use would count for numbers."""
    return len(re.findall(r"[^\W\d_]+|\d{1,3}|[^\w\s]|_|\n", text))
