"""Real chat rows, rollouts and sessions of command line agents: counted apart from the adapters, and every item accounted for."""

from pathlib import Path

import pytest
from agentrecorder.adapters import adapters
from agentrecorder.containers.source import LogSource
from agentrecorder.convert import Converted, convert

COUNTS = {
    "messages/swe-smith/ft_xml_example.jsonl": (3, 103, 103, 100),
    "messages/adp/swe-gym_openhands_sampled_trajectories/sample_sft.json": (5, 96, 88, 83),
    "messages/adp/swe-gym_openhands_sampled_trajectories/sample_sft_sweagent.json": (5, 96, 88, 83),
    "messages/adp/swe-play-trajectories/sample_sft.json": (5, 128, 128, 123),
    "messages/adp/swe-play-trajectories/sample_sft_openhands.json": (5, 128, 128, 123),
    "messages/adp/swe-smith/sample_sft_openhands.json": (5, 121, 121, 116),
    "messages/adp/mini-coder/sample_sft.json": (1, 9, 9, 7),
    "adp/datasets/mini-coder/sample_raw.json": (1, 8, 8, 7),
    "adp/datasets/codeactinstruct/sample_raw.json": (5, 18, 11, 11),
    "adp/datasets/toucan_1_5m/sample_raw.json": (1, 3, 1, 1),
    "messages/nemo-gym/claude_code_agent/data/example_math_rollouts.jsonl": (5, 12, 7, 7),
    "messages/nemo-gym/deepswe/data/example_rollouts.jsonl": (5, 5, 5, 5),
    "messages/nemo-gym/swebench/data/example_rollouts.jsonl": (5, 0, 0, 0),
    "cli-agents/claude-code/claude-code-log/edge_cases.jsonl": (1, 4, 3, 1),
    "cli-agents/claude-code/bookminder/fixtures/minimal_session.jsonl": (1, 4, 2, 1),
    "cli-agents/agent-history-fixtures/forks/claude_forked_session.jsonl": (1, 5, 2, 2),
    "cli-agents/agent-history-fixtures/compaction/claude/session_with_compaction.jsonl": (1, 6, 3, 3),
    "cli-agents/agent-history-fixtures/compaction/codex/session_with_compaction.jsonl": (1, 6, 2, 2),
    "cli-agents/agent-history-fixtures/rejections/codex_with_escalation.jsonl": (1, 7, 4, 2),
    "cli-agents/agent-history-fixtures/rejections/gemini_with_tool_error.jsonl": (1, 5, 4, 4),
    "cli-agents/codex/openagents.sample.jsonl": (1, 3, 2, 2),
    "cli-agents/opencode": (5, 39, 110, 110),
}
"""File → runs, turns, calls and answers to them."""


@pytest.mark.parametrize("name", COUNTS)
def test_a_real_log_holds_what_was_counted_and_each_run_is_a_trajectory(corpus: Path, name: str) -> None:
    found = list(convert(corpus / name))
    converted = [one for one in found if isinstance(one, Converted)]
    runs = [one.run for one in converted]
    assert len(converted) == len(found)
    assert (len(runs), *(sum(getattr(run, key) for run in runs) for key in ("turns", "calls", "results"))) == COUNTS[name]
    for one in converted:
        record = one.run.trajectory(one.sha256, one.index)
        assert len(record.steps) == len(one.run.steps)


def test_no_real_log_is_claimed_by_two_formats(corpus: Path) -> None:
    for path in sorted(corpus.rglob("*")):
        if path.is_file() or path.name == "opencode":
            with LogSource(path) as source:
                assert len([adapter.name for adapter in adapters() if adapter.version(source) is not None]) <= 1, path
