"""Keys that are right both ways: edits of real files, and whose code each of them changes: no more than that, and no less."""

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from agentrecorder.adapters import adapter_module
from trajtests.projects import copy_checkout

from resources.agent_code import READING, agent_codes
from resources.incremental.code import REGISTRIES, WIRING, WORDS_COUNT, Sources
from resources.incremental.keys import CacheKeyBuilder, stage_code
from resources.lake import Key, Lake
from resources.settings import Settings
from resources.stages import AGENTS, BY_NAME, STAGES

SETTINGS = Settings.model_validate(
    {
        "agents": {
            "run": [
                *({"name": name} for name in ("oracle", "random", "noisy", "localising")),
                {"name": "sonnet", "model": "claude-sonnet-5-5", "provider": "anthropic"},
                {"name": "mine:agent"},
            ]
        }
    }
)
FORMATS = ("claude-code", "codex-cli", "chat", "openai-responses")
EVERYBODY = {"rollouts", "oracle", "random", "noisy", "localising", "sonnet", "mine:agent"}
BOXES = {"task_pool", "outcomes", *EVERYBODY}
SEARCHERS = {"rollouts", "random", "noisy", "localising"}


@dataclass(frozen=True)
class Edit:
    """A text in a file, and what replaces it; an empty ``old`` appends."""

    file: str
    old: str
    new: str

    def apply(self, checkout: Path) -> None:
        path = checkout / self.file
        text = path.read_text(encoding="utf-8")
        assert self.old in text, f"{self.file} no longer holds {self.old!r}"
        path.write_text(text.replace(self.old, self.new, 1) if self.old else text + self.new, encoding="utf-8")


ASSETS, RESOURCES = "assets", "resources"
GRADER, LLM = "packages/grader/src/agentgrader", "packages/llm/src/agentllm"
RECORDER, RELEASE = "packages/recorder/src/agentrecorder", "packages/release/src/agentrelease"
REWARD, ROLLOUT = "packages/reward/src/agentreward", "packages/rollout/src/agentrollout"
SANDBOX, TASKS = "packages/sandbox/src/agentsandbox", "packages/tasks/src/agenttasks"
SCHEMA, VIEW = "schema/src/trajschema", "packages/view/src/agentview"

MUST: dict[str, tuple[Edit, set[str]]] = {
    "a task states less of a failure": (Edit(f"{TASKS}/validation/statement.py", "SHOWN = 5", "SHOWN = 3"), {"task_pool"}),
    "a bug is proved by one run": (Edit(f"{TASKS}/validation/validate.py", "BUG_RUNS = 2", "BUG_RUNS = 1"), {"task_pool"}),
    "a library is pinned to another release": (
        Edit(f"{TASKS}/libraries/libraries.toml", "version = ", "other = 1\nversion = "),
        {"task_pool"},
    ),
    "an image holds another package": (Edit(f"{SANDBOX}/images/base_recipe.py", '"ripgrep", ', ""), BOXES),
    "a tool answers in other words": (Edit(f"{SANDBOX}/server/tools/reading.py", "%d above, %d below", "%d before, %d after"), BOXES),
    "a tool refuses in other words": (Edit(f"{SANDBOX}/server/tools/toolbox.py", "no such file", "there is no such file"), BOXES),
    "a tool shows fewer matches": (Edit(f"{SANDBOX}/server/tools/search.py", "SHOWN = 50", "SHOWN = 40"), BOXES),
    "a tool is described in other words": (
        Edit(f"{SANDBOX}/tools.py", "End the work and hand in", "Finish the work and hand in"),
        {"task_pool", "outcomes", "release", *EVERYBODY},
    ),
    "a turn without a call is answered in other words": (Edit(f"{ROLLOUT}/tool_loop.py", "Call a tool; when", "Use one; when"), EVERYBODY),
    "a loop allows one more malformed turn": (Edit(f"{ROLLOUT}/tool_loop.py", "malformed: int = 3", "malformed: int = 4"), EVERYBODY),
    "a model's opening": (
        Edit(f"{ROLLOUT}/models/prompt.py", "You have {view.steps} turns.", "Take {view.steps} turns."),
        {"rollouts", "sonnet"},
    ),
    "a model's old answers are folded otherwise": (
        Edit(f"{ROLLOUT}/models/prompt.py", "text if lines == 1", "text if lines < 3"),
        {"rollouts", "sonnet"},
    ),
    "a program is offered its box otherwise": (
        Edit(f"{ROLLOUT}/external/host_runner.py", "AFTER_SUBMIT_S = 20.0", "AFTER_SUBMIT_S = 2.0"),
        {"rollouts", "mine:agent"},
    ),
    "one embedded agent wastes less": (Edit(f"{ROLLOUT}/policies/noisy.py", "WASTED = 0.35", "WASTED = 0.3"), {"rollouts", "noisy"}),
    "embedded agents search otherwise": (Edit(f"{ROLLOUT}/policies/hill_climbing.py", "PROBES = 12", "PROBES = 9"), SEARCHERS),
    "a file that an agent writes into its box": (
        Edit(f"{ROLLOUT}/ochiai_plugin.py.txt", "", "X = 1\n"),
        SEARCHERS,
    ),
    "a canary": (Edit(f"{GRADER}/canaries.py", '"failed", "passed", "failed"', '"passed", "failed", "failed"'), {"outcomes"}),
    "a reporter that is sent to node": (Edit(f"{GRADER}/frameworks/node_reporter.cjs", "", "// more\n"), {"task_pool", "outcomes"}),
    "a probe of the grader": (Edit(f"{GRADER}/probes/main.py", "", "EDITED = True\n"), {"task_pool", "outcomes"}),
    "events are folded into steps otherwise": (
        Edit(f"{SCHEMA}/fold.py", "the log holds no session_end", "there is no session_end"),
        {"trajectories"},
    ),
    "the adapter of one format": (Edit(f"{RECORDER}/adapters/codex_cli.py", '"turn_context", ', ""), {"codex-cli"}),
    "an error of an adapter, which a trajectory quotes": (
        Edit(f"{RECORDER}/rollout_log.py", "it is not in that format", "that is another format"),
        {"trajectories"},
    ),
    "what the adapters of two formats share": (
        Edit(f"{RECORDER}/adapters/shared/jsonl.py", "", "EDITED = True\n"),
        {"claude-code", "codex-cli"},
    ),
    "a rule scores otherwise": (Edit(f"{REWARD}/rules/rubrics/non_redundancy.py", "RuleScore(0.9,", "RuleScore(0.8,"), {"rule_scores"}),
    "the judge is told otherwise": (Edit(f"{REWARD}/judge/prompt.py", "Length is no merit", "Brevity is no fault"), {"judge_scores"}),
    "the schema of the judge's answer": (Edit(f"{REWARD}/judge/config.py", "One score of the judge.", "A score."), {"judge_scores"}),
    "a weight's default": (
        Edit(f"{REWARD}/aggregate/weights.py", "outcome: float = Field(0.5", "outcome: float = Field(0.6"),
        {"rewards", "release"},
    ),
    "a pair needs more margin": (
        Edit(f"{REWARD}/preferences.py", "min_margin: float = 0.05", "min_margin: float = 0.06"),
        {"preference_pairs"},
    ),
    "a column of the release": (Edit(f"{RELEASE}/exports/sft.py", '"process": reward.process,', '"step": reward.process,'), {"release"}),
    "the text of the release's card": (Edit(f"{RELEASE}/templates/card.md.j2", "## What is in it", "## Contents"), {"release"}),
    "a template that another one includes": (Edit(f"{VIEW}/templates/steps.html.j2", "", "<hr>\n"), {"release"}),
    "another version of numpy": (Edit("requirements.lock", "\nnumpy==", "\nnumpy==9."), {"calibration_report", "release"}),
    "an asset does more": (Edit(f"{ASSETS}/trajectories.py", "", "EDITED = True\n"), {"trajectories"}),
}
MUST_NOT: dict[str, Edit] = {
    "a comment": Edit(f"{REWARD}/rules/scorer.py", "", "# a comment\n"),
    "blank lines": Edit(f"{SANDBOX}/server/tools/search.py", "SHOWN = 50", "\n\nSHOWN  =  50"),
    "a docstring": Edit(f"{GRADER}/canaries.py", '"""New canaries with random names."""', '"""Draw canaries."""'),
    "a docstring of a module": Edit(f"{ROLLOUT}/models/prompt.py", '"""What a language model is told', '"""All that a model is told'),
    "a docstring of a record": Edit(f"{SCHEMA}/rollout.py", '"""Sums over the run."""', '"""Totals."""'),
    "a docstring in the box": Edit(f"{SANDBOX}/server/tools/search.py", '"""The pattern.', '"""A pattern.'),
    "an annotation of a parameter": Edit(f"{ROLLOUT}/models/prompt.py", "def folded(text: str) -> str:", "def folded(text):"),
    "an annotation of a variable": Edit(f"{SANDBOX}/tools.py", "properties: dict[str, Any] = schema", "properties = schema"),
    "the order of imports": Edit(
        f"{RELEASE}/exports/sft.py",
        "from typing import Any\n\nfrom trajschema.trajectory import Trajectory\n",
        "from trajschema.trajectory import Trajectory\nfrom typing import Any\n",
    ),
    "the wording of an error of the host": Edit(f"{SANDBOX}/sandbox.py", "the server in the box did not start", "no server has started"),
    "the wording in an error's class": Edit(f"{SANDBOX}/errors.py", "runs embedded agents only", "runs our own agents only"),
    "a command of the recorder": Edit(f"{RECORDER}/cli/convert.py", "", "EDITED = True\n"),
    "how images are built": Edit(f"{SANDBOX}/images/build.py", "agentsandbox-{os.getuid()}", "agentsandbox-build-{os.getuid()}"),
    "what is said while an image is pulled": Edit(f"{SANDBOX}/images/ensure.py", "is ready after", "was ready after"),
    "the help of a command": Edit(f"{SANDBOX}/cli/app.py", "", "EDITED = True\n"),
    "the exploit suite": Edit(f"{GRADER}/exploits/suite.py", "", "EDITED = True\n"),
    "the recording proxy": Edit(f"{RECORDER}/proxy/server.py", "", "EDITED = True\n"),
    "what the recorder offers to agents": Edit(f"{RECORDER}/mcp_tools.py", "", "EDITED = True\n"),
    "a page of explanations": Edit(f"{VIEW}/templates/explanation.html.j2", "", "<hr>\n"),
    "checks of a release": Edit(f"{RELEASE}/verifying/rows.py", "", "EDITED = True\n"),
    "the status page": Edit("pipelines/status.py", "", "EDITED = True\n"),
    "the progress": Edit(f"{RESOURCES}/progress.py", "", "EDITED = True\n"),
    "how files are written": Edit("packages/runtime/src/trajruntime/atomic.py", "", "EDITED = True\n"),
    "another version of pyarrow": Edit("requirements.lock", "\npyarrow==", "\npyarrow==9."),
    "another version of the docker client": Edit("requirements.lock", "\ndocker==", "\ndocker==9."),
    "another version of Dagster": Edit("requirements.lock", "\ndagster==", "\ndagster==9."),
}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("keys") / "checkout")


@pytest.fixture(scope="module")
def before(pristine: Path) -> dict[str, str]:
    return codes(pristine)


@pytest.fixture
def checkout(pristine: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The copy, as it was again afterwards."""
    file = pristine / request.node.callspec.params["edit"].file
    kept = shutil.copy2(file, file.with_name(file.name + ".kept"))
    yield pristine
    shutil.move(kept, file)


def codes(checkout: Path) -> dict[str, str]:
    """Stage, agent or log format → hash of its code. The code of ``rollouts`` holds that of the agents."""
    sources = Sources(checkout)
    stages = {stage.name: stage_code(stage, SETTINGS, sources) for stage in STAGES}
    formats = {name: sources.fingerprint(adapter_module(name)) for name in FORMATS}
    return {**stages, **agent_codes(SETTINGS, sources), **formats}


def changed(checkout: Path, before: dict[str, str]) -> set[str]:
    return {name for name, code in codes(checkout).items() if code != before[name]}


@pytest.mark.parametrize(("edit", "expected"), MUST.values(), ids=MUST)
def test_what_an_edit_changes_is_made_anew_and_nothing_else(edit: Edit, expected: set[str], checkout: Path, before: dict[str, str]) -> None:
    edit.apply(checkout)
    assert changed(checkout, before) == expected


@pytest.mark.parametrize("edit", MUST_NOT.values(), ids=MUST_NOT)
def test_an_edit_that_changes_nothing_makes_nothing_anew(edit: Edit, checkout: Path, before: dict[str, str]) -> None:
    edit.apply(checkout)
    assert changed(checkout, before) == set()


def test_all_that_is_left_out_or_told_apart_by_name_is_there() -> None:
    known = Sources().files
    assert [name for name in itertools.chain(REGISTRIES, WIRING, WORDS_COUNT, READING, AGENTS) if name not in known] == []


def test_an_adapter_counts_only_for_tasks_with_a_log_in_its_format(pristine: Path, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    logs = {"own": ("trajhub-events", ""), "codex": ("codex-cli", "ab/cd"), "unkept": ("codex-cli", "")}
    for task, (log_format, path) in logs.items():
        lake.write("rollouts", task, Key("0" * 8, "0" * 8, "0" * 8), pa.table({"raw_log": [{"format": log_format, "path": path}]}))

    def keys() -> dict[str, Key]:
        key_builder = CacheKeyBuilder.of(BY_NAME["trajectories"], SETTINGS, lake, Sources(pristine))
        made = {task: key_builder.key(task, {"rollouts": lake.stored("rollouts")}) for task in logs}
        key_builder.save()
        return made

    first = keys()
    adapter = pristine / RECORDER / "adapters/codex_cli.py"
    kept = adapter.read_text()
    adapter.write_text(kept + "EDITED = True\n")
    for item in lake.stored("rollouts").values():
        Path(item.path).write_bytes(b"")  # its formats are noted, so it is not read again
    second = keys()
    adapter.write_text(kept)
    assert {task for task in logs if first[task] != second[task]} == {"codex"}
    assert second["codex"].differences(first["codex"]) == {"code"}


def test_every_data_file_is_named_by_a_module() -> None:
    """As a literal: what is put together when it runs would go unseen."""
    sources = Sources()
    assert set(sources.closure(*sources.files).data) == set(sources.data.values())
