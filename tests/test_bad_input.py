"""What goes wrong outside: one clear error that names the item and the remedy, nothing stored is lost, and a re-run completes."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from trajtests.marks import soak_but
from trajtests.projects import REAL, WARM, Project, make_project

pytestmark = pytest.mark.timeout(600)
FEW = {"run": [{"name": "oracle"}, {"name": "noop"}]}
PAIR = {**REAL, "count": 2}
NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}


def stored(project: Project, asset: str) -> dict[str, str]:
    return {name: item.path for name, item in project.lake.stored(asset).items()}


def test_an_unknown_key_stops_before_anything_is_done(project: Project) -> None:
    project.configure(tasks={"cuont": 3})
    done = project.trajhub("run")
    assert done.returncode == 2
    assert "unknown key 'tasks.cuont'; did you mean 'count'?" in done.stderr
    assert not (project.data / "lake").exists()


@pytest.mark.soak
def test_a_library_that_cannot_be_had_is_named_and_one_that_was_needs_no_network(project: Project, tmp_path: Path) -> None:
    tasks = {**REAL, "libraries": ["inflection"], "count": 1}
    project.configure(agents=FEW, tasks=tasks, sandbox={"backend": "auto"})
    (project.data / "store").unlink()
    project.environment = NO_INDEX
    done = project.trajhub("run")
    assert done.returncode == 1
    assert "inflection" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    project.environment = {}
    shutil.rmtree(project.data / "store", ignore_errors=True)
    (project.data / "store").symlink_to(WARM / "store")
    assert project.run()["problems"] == {}
    other = make_project(tmp_path / "other", agents={"run": [{"name": "noop"}]}, tasks=tasks)
    other.environment = NO_INDEX
    assert other.run()["stages"]["task_pool"]["computed"] == 1


@pytest.mark.parametrize("assets", soak_but(1, [("rewards",), ("trajectories", "rewards", "task_pool")]), ids=len)
def test_damaged_files_are_named_and_recomputed(finished: Project, assets: tuple[str, ...]) -> None:
    tasks = [name for name in stored(finished, "task_pool") if name != "all"]
    damaged = dict(zip(tasks, assets, strict=False))
    others = {a: {n: p for n, p in stored(finished, a).items() if n not in damaged} for a in ("rollouts", "outcomes")}
    for task, asset in damaged.items():
        file = Path(stored(finished, asset)[task])
        data = file.read_bytes()
        file.write_bytes(data[: len(data) // 2] + b"\0" * (len(data) - len(data) // 2))
    finished.configure(pairs={"min_margin": 0.2})
    said = []
    while (done := finished.trajhub("run")).returncode:
        assert "is damaged" in done.stdout
        said.append(done.stdout)
    assert len(said) <= len(damaged)
    for task, asset in damaged.items():
        assert any(f"{asset}/{task}" in text for text in said), said
    assert finished.computed(finished.run()) == {}
    for name, files in others.items():
        assert files.items() <= stored(finished, name).items(), "what was stored is not lost"


def test_a_second_run_at_the_same_time_is_refused_with_the_owner_named(finished: Project) -> None:
    finished.configure(agents={**FEW, "max_steps": 11})
    first = finished.start("run", "--json")
    lock = finished.data / "lock.json"
    while not lock.exists() and first.poll() is None:
        time.sleep(0.02)
    second = finished.trajhub("run")
    assert second.returncode == 1
    assert f"process {first.pid}" in second.stderr
    assert "wait for it, or stop it" in second.stderr
    out, err = first.communicate(timeout=280)
    assert first.returncode == 0, out + err


def test_labels_with_unknown_ids_are_named_and_the_others_count(finished: Project) -> None:
    runs = [r["trajectory_id"] for item in finished.lake.stored("trajectories").values() for r in finished.lake.read(item).to_pylist()]
    lines = [{"annotator": "a", "unit": "trajectory", "target_id": run, "value": i / len(runs)} for i, run in enumerate(runs)]
    lines.append({"annotator": "a", "unit": "trajectory", "target_id": "no-such-run", "value": 0.5})
    (finished.folder / "labels.jsonl").write_text("\n".join([*map(json.dumps, lines), "{not json", '{"annotator": "b"}']) + "\n")
    summary = finished.run()
    assert finished.computed(summary) == {"calibration_report": 1, "release": 1}
    (report,) = finished.lake.read(finished.lake.stored("calibration_report")["all"]).to_pylist()
    assert report["status"] == "calibrated"
    assert report["used"] == len(runs)
    told = " ".join(report["problems"])
    assert "no-such-run" in told
    assert f"{len(lines) + 1}" in told
    assert f"{len(lines) + 2}" in told


@pytest.mark.soak
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")
def test_a_full_disk_is_one_clear_error_and_a_re_run_completes(finished: Project, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("this machine does not allow a tmpfs to be mounted")
    try:
        finished.environment = {"TRAJHUB__LAKE": f"file://{small}"}
        shutil.copytree(finished.data / "lake" / "task_pool", small / "task_pool")
        (small / "filler").write_bytes(b"\0" * 400_000)
        full = finished.trajhub("run")
        assert full.returncode == 1
        assert "is full" in full.stdout + full.stderr
        assert "free some room and run again" in full.stdout + full.stderr
        assert "Traceback" not in full.stdout + full.stderr
        kept = {p.name for p in small.glob("*/*.parquet")}
        (small / "filler").unlink()
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        assert finished.run()["problems"] == {}
        assert kept <= {p.name for p in small.glob("*/*.parquet")}
    finally:
        subprocess.run(["umount", "-l", small], check=False)


class Relay:
    """A socket in front of the engine's that can be cut, as an engine that goes away."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open: list[socket.socket] = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect("/var/run/docker.sock")
            self.open += [client, engine]
            for source, target in ((client, engine), (engine, client)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.path.unlink()
        for end in self.open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def engine_answers() -> bool:
    return Path("/var/run/docker.sock").exists() and subprocess.run(["docker", "version"], capture_output=True).returncode == 0


@pytest.mark.soak
def test_an_engine_that_goes_away_mid_run_is_named_and_the_next_run_does_the_rest(project: Project, tmp_path: Path) -> None:
    if not engine_answers():
        if os.environ.get("CI") == "true":
            pytest.fail("no Docker engine answers, and CI must have one")
        pytest.skip("no Docker engine answers on this machine")
    relay = Relay(tmp_path / "docker.sock")
    project.configure(agents=FEW, tasks=PAIR, sandbox={"backend": "docker"}, orchestration={"workers": 1})
    project.environment = {"DOCKER_HOST": f"unix://{relay.path}"}
    process = project.start("run")
    while not project.lake.stored("rollouts") and process.poll() is None:
        time.sleep(0.05)
    kept = stored(project, "rollouts")
    relay.cut()
    out, err = process.communicate(timeout=280)
    assert process.returncode == 1, out + err
    assert "docker" in (out + err).lower()
    assert "Traceback" not in out
    project.environment = {}
    assert project.run()["problems"] == {}
    assert kept.items() <= stored(project, "rollouts").items()
