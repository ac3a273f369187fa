"""A log of any agent, read by one package and scored by the other, with a pipe between them and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

SHELL = {"name": "bash", "arguments": json.dumps({"command": "python -m pytest -q"})}
EDIT = {"name": "str_replace", "arguments": json.dumps({"path": "calc.py", "old_str": "a - b", "new_str": "a + b"})}
CHAT = [
    {"role": "user", "content": "Fix add in calc.py."},
    {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function", "function": SHELL}]},
    {"role": "tool", "tool_call_id": "c1", "content": "calc.py:2: return a - b\n1 failed, 2 passed in 0.1s"},
    {"role": "assistant", "content": "", "tool_calls": [{"id": "c2", "type": "function", "function": EDIT}]},
    {"role": "tool", "tool_call_id": "c2", "content": "edited"},
    {"role": "assistant", "content": "", "tool_calls": [{"id": "c3", "type": "function", "function": SHELL}]},
    {"role": "tool", "tool_call_id": "c3", "content": "3 passed in 0.1s"},
]


def test_a_converted_log_is_scored_from_a_pipe(tmp_path: Path) -> None:
    log = tmp_path / "session.json"
    log.write_text(json.dumps({"messages": CHAT}))
    read = subprocess.run([sys.executable, "-m", "agentrecorder", "convert", str(log)], capture_output=True, check=False)
    assert read.returncode == 0, read.stderr.decode()
    command = [sys.executable, "-m", "agentreward", "score", "--rules-only", "--json", "-"]
    scored = subprocess.run(command, input=read.stdout, capture_output=True, check=False)
    assert scored.returncode == 0, scored.stderr.decode()
    result = json.loads(scored.stdout)
    assert (result["total_score"], result["missing_reason"]) == (None, "no outcome")
    assert result["process_score"] > 0.5
    rules = [step["evidence"]["goal_progress"][0]["rule_id"] for step in result["steps"]]
    assert rules == ["tests.first_look", "edit.failure_had_been_seen", "tests.all_pass_now"]
