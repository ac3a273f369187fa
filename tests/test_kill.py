"""kill -9 at random moments: the next run ends with what an undisturbed run ends with, nothing twice, nothing missing, no box left."""

import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from trajruntime.process_owner import parse_owner
from trajtests.projects import REAL, Project, make_project

KILLS = 10
AGENTS = {"run": [{"name": n} for n in ("oracle", "noop", "random", "noisy", "localising")], "max_steps": 12}
COMPARED = {
    "rollouts": ("rollout_id", "exit", "final_diff"),
    "outcomes": ("rollout_id", "verdict", "fail_to_pass_fixed", "pass_to_pass_broken", "diff_sha256"),
    "trajectories": ("trajectory_id", "rollout_id"),
    "rule_scores": ("trajectory_id", "step_id", "rubric_id", "score"),
    "rewards": ("trajectory_id", "process", "outcome", "total"),
    "preference_pairs": ("pair_id", "margin", "kind"),
}


def contents(project: Project) -> dict[str, list[tuple[object, ...]]]:
    """Stage → what its rows say, clocks left out."""
    found = {}
    for stage, columns in COMPARED.items():
        rows = [tuple(r[c] for c in columns) for item in project.lake.stored(stage).values() for r in project.lake.read(item).to_pylist()]
        found[stage] = sorted(rows, key=repr)
    return found


def orphans() -> list[str]:
    """Containers and box processes of ours whose owner is dead. Others may be at work on this machine."""
    listing = ["docker", "ps", "-a", "--filter", "label=trajhub.owner", "--format", '{{.ID}} {{.Label "trajhub.owner"}}']
    containers = [line.split(" ", 1) for line in subprocess.run(listing, capture_output=True, text=True).stdout.splitlines()]
    found = [name for name, who in containers if (known := parse_owner(who)) is None or known.is_dead()]
    processes = subprocess.run(["pgrep", "-P", "1", "-f", "agentsandbox.*server|bwrap .*testbed"], capture_output=True, text=True)
    return found + processes.stdout.split()


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_kills_change_nothing(tmp_path: Path) -> None:
    undisturbed = make_project(tmp_path / "undisturbed", agents=AGENTS, tasks=REAL)
    began = time.monotonic()
    undisturbed.run()
    length = time.monotonic() - began
    wanted = contents(undisturbed)
    assert all(wanted[stage] for stage in ("rollouts", "outcomes", "trajectories", "rule_scores", "rewards"))

    killed = make_project(tmp_path / "killed", agents=AGENTS, tasks=REAL)
    moments = random.Random(20)
    kills = 0
    while kills < KILLS:
        process = subprocess.Popen(
            killed.start_command("run", "--json"),
            cwd=killed.folder,
            env=killed.environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.3, 0.5 * length))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        else:  # it was through: begin anew, so that every kill hits a run at work
            shutil.rmtree(killed.data / "lake")
        process.wait()
    killed.configure(agents=AGENTS, tasks=REAL)
    assert killed.run()["problems"] == {}

    assert contents(killed) == wanted
    for stage, rows in contents(killed).items():
        assert len(rows) == len(set(rows)), f"{stage} holds something twice"
    assert not list(killed.data.glob("lake/*/.*.tmp"))
    assert killed.computed(killed.run()) == {}
    assert orphans() == []
