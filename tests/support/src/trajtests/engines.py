"""A container engine of a test's own, beside the one of the machine: it can be killed and started again, and all of it counted."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import DockerException

_START_LIMIT_S = 60


@dataclass
class Engine:
    """An engine with its data, sockets, mounts, network and control groups in places of its own. Needs root and ``dockerd``.

    The network is its own because an engine without a bridge removes the bridge of others where it sees one.
    """

    root: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="agentsandbox-engine-")))
    _place: subprocess.Popen[bytes] | None = None
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """For ``DOCKER_HOST``."""
        return f"unix://{self.root}/d.sock"

    @property
    def client(self) -> Any:
        """A new client."""
        return docker.DockerClient(base_url=self.address, timeout=60)

    def start(self) -> None:
        """Start it and wait until it answers; skip the test if it does not."""
        places = {"host": self.address, "data-root": self.root / "data", "exec-root": self.root / "exec", "pidfile": self.root / "pid"}
        options = [f"--{name}={value}" for name, value in places.items()]
        options += ["--bridge=none", "--iptables=false", f"--cgroup-parent=/{self.root.name}", "--log-level=error"]
        (self.root / "pid").unlink(missing_ok=True)
        if self._place is None:
            self._place = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
            assert self._place.stdout is not None
            self._place.stdout.readline()
        enter = ["nsenter", f"--target={self._place.pid}", "--net", "--mount"]
        with (self.root / "log").open("ab") as log:
            self._process = subprocess.Popen([*enter, "dockerd", *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        began = time.monotonic()
        while time.monotonic() - began < _START_LIMIT_S and self._process.poll() is None:
            with contextlib.suppress(DockerException, OSError), contextlib.closing(self.client) as client:
                client.ping()
                return
            time.sleep(0.1)
        pytest.skip(f"a second engine does not start here: {(self.root / 'log').read_text()[-500:]}")

    def kill(self) -> None:
        """End the engine itself at once; what it started goes on."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        (self.root / "exec/containerd/containerd.pid").unlink(missing_ok=True)  # it died with the engine, but looks alive until collected

    def stop(self) -> None:
        """End it in an orderly way."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)

    def remove(self) -> None:
        """Stop it and remove all that it left."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        for pid in _running(str(self.root)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._place is not None:  # its mounts go with it
            self._place.kill()
            self._place.communicate()
        for group in Path("/sys/fs/cgroup").glob(f"**/{self.root.name}"):
            with contextlib.suppress(OSError):
                group.rmdir()
        shutil.rmtree(self.root, ignore_errors=True)

    def holds(self) -> dict[str, Any]:
        """All that boxes could leave: containers, volumes, images with their layers, shims, control groups, mounted layers."""
        assert self._place is not None
        mounts = Path(f"/proc/{self._place.pid}/mounts").read_text().splitlines()
        with contextlib.closing(self.client) as client:
            used = client.df()
            return {
                "containers": len(client.api.containers(all=True)),
                "volumes": len(used["Volumes"] or []),
                "images": sorted(image["Id"] for image in used["Images"]),
                "layer bytes": used["LayersSize"],
                "shims": len(_running(f"containerd-shim*{self.root}")),
                "control groups": sorted(p.name for p in Path("/sys/fs/cgroup").glob(f"*/{self.root.name}/*") if p.is_dir()),
                "mounts": sum(f"{self.root}/data/overlay2/" in line for line in mounts),
            }


def _running(pattern: str) -> list[int]:
    """Processes with a command line that holds ``pattern``, in which * stands for anything."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
            if int(pid) != os.getpid() and fnmatch(line, f"*{pattern}*"):
                found.append(int(pid))
    return found
