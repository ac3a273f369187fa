"""What a box cannot reach, and that nothing of it is left."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from agentsandbox.backends import choose
from agentsandbox.errors import BackendUnavailable, BoxLost, SandboxError
from agentsandbox.owned_folders import remove_folder
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.rollout import Limits
from trajschema.task import Environment

CONNECT = (
    "import socket\ntry:\n    socket.create_connection(('{}', {}), 2)\n    print('reached')\nexcept OSError as e:\n    print('refused')\n"
)


def test_nothing_of_the_hosts_environment_is_seen(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    with_secret = box.call("shell", {"command": "env; tr '\\0' '\\n' < /proc/self/environ; python -m pytest --version"})
    assert "s3cret" not in with_secret.content
    assert "LC_ALL=C.UTF-8" in with_secret.content


def test_a_box_opened_with_a_secret_around_does_not_hold_it(strong_backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    with strong_backend.open(Limits(), Environment()) as box:
        assert "s3cret" not in box.call("shell", {"command": "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'"}).content


def test_no_library_of_the_host_is_seen_where_the_answer_may_stand(strong_backend: Backend) -> None:
    if strong_backend.name != "bubblewrap":
        pytest.skip("an image holds nothing of the host")
    with strong_backend.open(Limits(output_bytes=1_000_000), Environment()) as box:
        found = box.call(
            "shell", {"command": "find / -name '*.py' -not -path '/proc/*' -not -path '/opt/box/*' -not -path '*/bin/*' 2>/dev/null"}
        ).content.splitlines()
    assert len(found) > 500
    standard = (f"{sys.base_prefix}/lib/python3.", "/usr/lib/python3.", "/usr/share/go-")
    assert [path for path in found if not path.startswith(standard) or "-packages/" in path] == []


def test_no_network(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server, strong_backend.open(Limits(), Environment()) as box:
        port = server.getsockname()[1]
        box.load(tar({f"c{i}.py": CONNECT.format(host, port) for i, host in enumerate(("127.0.0.1", "172.17.0.1"))}))
        assert (
            box.call("shell", {"command": "python c0.py; python c1.py; ls /sys/class/net 2>/dev/null | grep -v lo"}).content
            == "refused\nrefused\n"
        )


def test_only_the_folders_of_the_box_can_be_written(strong_backend: Backend) -> None:
    with strong_backend.open(Limits(disk_mb=8), Environment()) as box:
        for folder in ("/", "/usr/bin", "/etc", "/opt", "/var", "/dev"):
            assert box.call("shell", {"command": f"echo x > {folder}/evil"}).exit_code != 0
        for folder in ("/testbed", "/tmp", "/home/agent"):
            assert box.call(
                "shell", {"command": f"echo 'echo ran' > {folder}/run && sh {folder}/run && chmod +x {folder}/run && {folder}/run"}
            ).exit_code in (0, 126)
        full = box.call("shell", {"command": "head -c 20000000 /dev/zero > big; ls -l big | awk '{print $5}'"})
        assert int(full.content.split()[-1]) <= 8 << 20


def test_the_agent_is_not_root_and_gains_nothing(strong_backend: Backend) -> None:
    with strong_backend.open(Limits(), Environment()) as box:
        asked = "id -u; grep -E '^Cap|NoNewPrivs' /proc/self/status | awk '{print $2}'"
        user, *held = box.call("shell", {"command": asked}).content.split()
        assert int(user) >= 1000
        assert held == [*["0" * 16] * 5, "1"]


def test_the_server_is_out_of_reach(strong_backend: Backend) -> None:
    attack = (
        "import os, signal\np = 1\nfor s in (9, 15, 2, 19):\n    os.kill(p, s)\n"
        "for n in range(64):\n    try:\n        os.open(f'/proc/{p}/fd/{n}', os.O_WRONLY); print('opened', n)\n    except OSError: pass\n"
        "try:\n    open(f'/proc/{p}/mem', 'rb'); print('memory')\nexcept OSError: pass\n"
    )
    with strong_backend.open(Limits(), Environment()) as box:
        box.call("file_write", {"path": "a.py", "content": attack})
        assert box.call("shell", {"command": "python a.py"}).content == ""
        box.call("file_write", {"path": "test_a.py", "content": attack + "def test(): pass\n"})
        assert box.call("shell", {"command": "python -m pytest -q -s test_a.py"}).content.startswith(".")


def test_memory_is_limited_and_the_box_lives_on(strong_backend: Backend) -> None:
    with strong_backend.open(Limits(memory_mb=256), Environment()) as box:
        observation = box.call("shell", {"command": "python -c \"x = bytearray(600 << 20); print('got', 'it')\""})
        assert "got it" not in observation.content
        assert box.call("shell", {"command": "echo on"}).content == "on\n"


def test_processes_are_limited(strong_backend: Backend) -> None:
    with strong_backend.open(Limits(pids=40), Environment()) as box:
        if "pids" in box.provenance.not_enforced:
            pytest.skip("this backend says that it cannot limit processes here")
        box.call("shell", {"command": "for i in $(seq 200); do sleep 20 & done; wait", "timeout_s": 2})
        assert box.call("shell", {"command": "echo on"}).content == "on\n"


def test_plain_processes_forbid_themselves_what_the_kernel_can(backend: Backend) -> None:
    if backend.name != "local":
        pytest.skip("for plain processes only")
    with subprocess.Popen(["sleep", "30"]) as other, backend.open(Limits(), Environment()) as box:
        left = " ".join(box.provenance.not_enforced)
        try:
            assert "reading" in left
            if "writing" not in left:
                target = os.path.join(os.path.dirname(__file__), "evil")
                assert box.call("shell", {"command": f"echo x > {target}"}).exit_code != 0
            if "signals" not in left:
                assert box.call("shell", {"command": f"kill {other.pid}"}).exit_code != 0
                assert other.poll() is None
            box.call("file_write", {"path": "c.py", "content": CONNECT.format("127.0.0.1", 9)})
            assert box.call("shell", {"command": "python c.py"}).content == "refused\n"
        finally:
            other.terminate()


def test_a_closed_box_is_gone_with_its_processes(backend: Backend) -> None:
    mark = str(300 + os.getpid() % 1000 + len(backend.name) * 1000)
    box = backend.open(Limits(), Environment())
    box.call("shell", {"command": f"(setsid sleep {mark} &) ; sleep {mark} & echo"})
    assert _soon(lambda: _running(f"sleep {mark}"))
    box.close()
    box.close()
    assert _soon(lambda: not _running(f"sleep {mark}"))
    with pytest.raises(BoxLost, match="closed"):
        box.diff()


CLIENT = """
import sys, time
from pathlib import Path
from agentsandbox.backends import choose
from trajschema.rollout import Limits
from trajschema.task import Environment
box = choose(sys.argv[1], environments=Path(sys.argv[2]), label="sandboxtest", allow_local=True).open(Limits(), Environment())
box.call("shell", {"command": f"(setsid sleep {sys.argv[3]} &)"})
print("open", flush=True)
box.call("shell", {"command": f"sleep {sys.argv[3]}"}, timeout_s=300)
"""


def test_boxes_of_a_killed_client_go(backend: Backend, environments: Path) -> None:
    mark = str(2000 + os.getpid() % 1000 + len(backend.name) * 1000)
    arguments = [sys.executable, "-c", textwrap.dedent(CLIENT), backend.name, str(environments), mark]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"open\n"
        client.send_signal(signal.SIGKILL)
    assert _soon(lambda: not _running(f"sleep {mark}"))
    backend.reap()
    assert backend.reap() == 0


def test_reap_leaves_the_boxes_of_the_living(backend: Backend) -> None:
    with backend.open(Limits(), Environment()) as box:
        backend.reap()
        assert box.call("shell", {"command": "echo on"}).content == "on\n"


def test_a_folder_that_two_threads_remove_is_gone_and_no_error(tmp_path: Path) -> None:
    for attempt in range(20):
        folder = tmp_path / f"box-{attempt}"
        for i in range(20):
            (folder / f"{i}").mkdir(parents=True)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(remove_folder, [folder] * 4))
    assert list(tmp_path.iterdir()) == []


def test_a_box_that_dies_is_lost_and_stays_lost(backend: Backend) -> None:
    box = backend.open(Limits(), Environment())
    threading.Timer(0.3, box._destroy).start()  # type: ignore[attr-defined]
    with contextlib.closing(box), pytest.raises(BoxLost):
        box.call("shell", {"command": "sleep 20"})
    with pytest.raises(BoxLost):
        box.call("shell", {"command": "echo"})


def test_an_engine_that_goes_away_is_an_error_and_no_hang(environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    try:
        choose("docker", environments=environments)
    except BackendUnavailable as e:
        pytest.skip(str(e))
    if not engine.startswith("unix://"):
        pytest.skip("the engine is not on a local socket")
    proxy = Proxy(str(tmp_path / "docker.sock"), engine.removeprefix("unix://"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    backend = choose("docker", environments=environments, label="sandboxtest")
    box = backend.open(Limits(), Environment())
    threading.Timer(0.3, proxy.stop).start()
    with pytest.raises(BoxLost) as lost:
        box.call("shell", {"command": "sleep 20"})
    assert lost.value.remedy
    with pytest.raises(SandboxError, match="engine"):
        backend.open(Limits(), Environment())


class Proxy:
    """Stands between client and engine, and can go away."""

    def __init__(self, path: str, target: str) -> None:
        self._target = target
        self._sockets = [socket.socket(socket.AF_UNIX)]
        self._sockets[0].bind(path)
        self._sockets[0].listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        for s in self._sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._sockets[0].accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(self._target)
                self._sockets += [client, engine]
                for a, b in ((client, engine), (engine, client)):
                    threading.Thread(target=_pump, args=(a, b), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_several_threads_each_with_boxes(backend: Backend, tar: Callable[..., bytes]) -> None:
    seen: dict[int, str] = {}

    def work(n: int) -> None:
        with backend.open(Limits(), Environment()) as box:
            box.load(tar({"n.txt": str(n)}))
            seen[n] = box.call("shell", {"command": "cat n.txt; ls"}).content

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {n: f"{n}n.txt\n" for n in range(4)}


def test_a_box_outlives_the_thread_that_opened_it(backend: Backend) -> None:
    opened: list[Sandbox] = []
    thread = threading.Thread(target=lambda: opened.append(backend.open(Limits(), Environment())))
    thread.start()
    thread.join()
    time.sleep(0.2)
    with opened[0] as box:
        assert box.call("shell", {"command": "echo on"}).content == "on\n"


def test_auto_takes_the_strongest_that_works(backend: Backend, environments: Path) -> None:
    order = ["docker", "bubblewrap", "local"]
    assert order.index(choose(environments=environments).name) <= order.index(backend.name)


def test_a_backend_that_is_not_there_says_what_to_do(monkeypatch: pytest.MonkeyPatch, environments: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(BackendUnavailable, match="start docker"):
        choose("docker", environments=environments)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BackendUnavailable, match="install"):
        choose("bubblewrap", environments=environments)
    with pytest.raises(BackendUnavailable, match=r"docker: .*bubblewrap: .*local: "):
        choose(environments=environments)


def _running(command: str) -> bool:
    wanted = command.replace(" ", "\0").encode() + b"\0"
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as f:
            if f.read() == wanted:
                return True
    return False


def _soon(condition: Callable[[], bool]) -> bool:
    for _ in range(100):
        if condition():
            return True
        time.sleep(0.05)
    return False
