"""A disk that is full, met by a real engine of the test's own whose storage is a small one."""

import ctypes
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest
from agentsandbox.errors import ImageUnavailable
from agentsandbox.images.build import build
from agentsandbox.images.pull import pull
from docker.errors import DockerException
from trajtests.fake_registry import Registry
from trajtests.image_cases import silent

pytestmark = [pytest.mark.soak, pytest.mark.docker]

SIZE_MB = 64
MB = 1_000_000


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, int]]:
    """A client of an engine with ``SIZE_MB`` of space, which DOCKER_HOST names meanwhile, and the engine's process id.

    It has a network and mounts of its own: an engine without a bridge removes the bridge of others where it sees one.
    """
    if os.geteuid() or not all(map(shutil.which, ("dockerd", "unshare", "ip"))):
        pytest.skip("needs root, dockerd, unshare and ip, to start an engine of its own")
    folder = tmp_path_factory.mktemp("engine")
    address = f"unix://{folder}/d.sock"
    (folder / "root").mkdir()
    script = (
        f"ip link set lo up && mount -t tmpfs -o size={SIZE_MB}m none {folder}/root && exec dockerd --data-root {folder}/root "
        f"--exec-root {folder}/exec --pidfile {folder}/pid -H {address} --bridge=none --iptables=false --ip6tables=false --ip-forward=false"
    )
    with (folder / "log").open("w") as log, pytest.MonkeyPatch.context() as patch:
        daemon = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-ec", script], stdout=log, stderr=log)
        try:
            client = _answering(address, daemon)
            patch.setenv("DOCKER_HOST", address)
            yield client, daemon.pid
            client.close()
        finally:
            daemon.terminate()
            daemon.wait(60)


@contextmanager
def _registry(pid: int) -> Iterator[Registry]:
    """A registry that listens in the network of a process."""
    registry = Registry()

    def enter() -> None:
        with open(f"/proc/{pid}/ns/net") as network:
            assert ctypes.CDLL(None, use_errno=True).setns(network.fileno(), 0) == 0
        registry.__enter__()

    thread = threading.Thread(target=enter)  # the thread changes its network, not the process
    thread.start()
    thread.join()
    try:
        yield registry
    finally:
        registry.__exit__(None, None, None)


def _answering(address: str, daemon: subprocess.Popen[bytes]) -> Any:
    for _ in range(120):
        try:
            client = docker.DockerClient(base_url=address, timeout=60)
            client.ping()
            return client
        except (DockerException, OSError):
            assert daemon.poll() is None, "the engine of the test ended"
            time.sleep(0.5)
    raise AssertionError("the engine of the test does not answer")


def _used(pid: int, client: Any) -> int:
    space = os.statvfs(f"/proc/{pid}/root{client.info()['DockerRootDir']}")
    return (space.f_blocks - space.f_bfree) * space.f_frsize


def test_a_pull_that_fills_the_disk_is_one_error_and_leaves_nothing(small: tuple[Any, int]) -> None:
    client, pid = small
    lines: list[str] = []
    before = _used(pid, client)
    with _registry(pid) as registry:
        reference = registry.add("big:1", [{"a": os.urandom(5 * MB)}, {"b": os.urandom(80 * MB)}])
        with pytest.raises(ImageUnavailable, match="no space left on device") as caught:
            pull(reference, lines.append)
        assert (caught.value.problem, caught.value.reference, "prune" in caught.value.remedy) == ("no_space", reference, True)
        assert not [line for line in lines if "trying again" in line]
        assert client.images.list(all=True) == []
        assert _used(pid, client) < before + MB
        good = registry.add("good:1", [{"a": os.urandom(MB)}])
        pull(good, silent)
        client.api.remove_image(good)


def test_a_build_that_fills_the_disk_is_one_error_and_leaves_nothing(small: tuple[Any, int], tmp_path: Path) -> None:
    client, pid = small
    before = _used(pid, client)
    (tmp_path / "part").write_bytes(os.urandom(20 * MB))
    (tmp_path / "Dockerfile").write_text("FROM scratch\n" + "".join(f"COPY part /part{i}\n" for i in range(4)))
    with pytest.raises(ImageUnavailable, match="the disk is full") as caught:
        build(client, tmp_path, "big:1", silent)
    assert (caught.value.problem, caught.value.reference) == ("no_space", "big:1")
    assert client.images.list(all=True) == []
    assert _used(pid, client) < before + MB
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY part /part\n")
    build(client, tmp_path, "good:1", silent)
    client.api.remove_image("good:1")
