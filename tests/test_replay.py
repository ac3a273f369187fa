"""What the graph recorded comes out again when it is replayed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from agentrecorder.convert import Converted, convert
from agentsandbox.eventlog import EventLog, trajectory_of
from trajschema.event import AgentTurn, SessionEnd, SessionStart, ToolResult, UserTurn
from trajschema.rollout import Limits, Provenance
from trajschema.trajectory import Observation, ToolCall
from trajtests.projects import REAL, Project, make_project

pytestmark = pytest.mark.timeout(900)


def test_the_recorder_reads_what_the_sandbox_writes_as_the_sandbox_does(tmp_path: Path) -> None:
    calls = tuple(ToolCall(tool_call_id=f"call_{n}", name="shell", raw_name="shell", arguments='{"command": "é"}') for n in (1, 2))
    answers = [ToolResult(observation=Observation(tool_call_id=c.tool_call_id, content="\udcff", exit_code=1)) for c in calls]
    place = Provenance(backend="docker", limits=Limits())
    with EventLog(tmp_path / "log.jsonl") as log:
        log.emit(SessionStart(task_id="t-1", problem_statement="mend it", provenance=place, at=1.0))
        log.emit(AgentTurn(message="so", tool_calls=calls))
        log.emit(answers[0])
        log.emit(UserTurn(message="well?"))
        log.emit(answers[1])
        log.emit(SessionEnd(exit="submitted", final_diff="diff", at=2.0))
    written = (tmp_path / "log.jsonl").read_bytes()
    own = trajectory_of(written)
    (read,) = convert(tmp_path / "log.jsonl")
    assert isinstance(read, Converted)
    assert read.run.trajectory(read.sha256, 0).model_copy(update={"agent": own.agent}) == own
    assert [len(s.observations) for s in own.steps] == [0, 2, 0]
    cut = trajectory_of(written[: written.rindex(b"{") + 20])
    assert cut.steps[-1].flags == ("truncated",)
    assert "cut off" in cut.unread[0]


def replayed(project: Project, source: Path, *arguments: str) -> list[dict]:
    """The reports of ``agentsandbox replay``."""
    command = [sys.executable, "-m", "agentsandbox", "replay", str(source), *arguments, "--json"]
    done = subprocess.run(command, env=project.environ(), cwd=project.folder, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return list(json.loads(done.stdout))


def differences(reports: list[dict]) -> list[str]:
    """What is not the same, with its diff."""
    calls = [call for report in reports for step in report["steps"] for call in step["calls"]]
    ends = [report["end"] for report in reports]
    return [f"{call['tool']}: {call['status']} {call['why']}\n{call['diff']}" for call in [*calls, *ends] if call["status"] != "same"]


@pytest.mark.soak
def test_trajectories_of_the_lake_and_of_the_release_replay_the_same(finished: Project) -> None:
    for source, count in ((finished.data / "lake", "4"), (finished.data / "release", "2")):
        reports = replayed(finished, source, "--count", count)
        assert len(reports) == int(count)
        assert differences(reports) == []
        assert sum(report["counts"]["same"] for report in reports) > len(reports)


@pytest.mark.soak
def test_fifty_trajectories_replay_the_same(tmp_path: Path) -> None:
    agents = {"run": [{"name": "oracle"}, {"name": "random", "attempts": 2}, {"name": "noisy", "attempts": 2}, {"name": "localising"}]}
    project = make_project(tmp_path / "fifty", tasks={**REAL, "count": 9, "seed": 7}, agents=agents)
    project.run()
    reports = replayed(project, project.data / "lake", "--count", "50")
    assert len(reports) == 50
    assert differences(reports) == []
