"""Every limit on every backend: what is not contained is said to be not enforced, and what is said to be is not contained."""

import shutil
import socket
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from agentsandbox.sandbox import Backend, Sandbox
from agentsandbox.settings import fitted
from trajschema.rollout import Limits
from trajschema.task import Environment, Needs
from trajschema.trajectory import Observation


@dataclass(frozen=True)
class Flood:
    """An attempt to exceed a limit, and how one sees that it came through."""

    limit: str
    limits: Limits
    script: str
    exceeded: Callable[[Observation], bool]
    tries: int = 1


MEMORY = """
import subprocess, sys, time
hold = "x = b'x' * (150 << 20); print('held', flush=True); input()"
held = [subprocess.Popen([sys.executable, "-c", hold], stdin=-1, stdout=-1) for _ in range(3)]
said = [p.stdout.readline() for p in held]
time.sleep(0.2)
print(sum(line == b"held\\n" and p.poll() is None for line, p in zip(said, held)))
for p in held: p.kill()
"""
PROCESSES = """
import subprocess
started = []
try:
    while len(started) < 80: started.append(subprocess.Popen(["sleep", "60"]))
except OSError: pass
print(len(started))
for p in started: p.kill()
"""
DISK = """
import os
for name in "ab":
    try:
        with open(name, "wb", 0) as f:
            for _ in range(6): f.write(bytes(1 << 20))
    except OSError: pass
print(sum(os.path.getsize(n) for n in "ab"))
"""
INODES = """
import os
try:
    for n in range(3000): os.mkdir(str(n))
except OSError: pass
print(len(os.listdir(".")))
"""
PROCESSOR = """
import os, time
read, write = os.pipe()
for _ in range(2):
    if os.fork() == 0:
        end = time.time() + 1
        while time.time() < end: pass
        os.write(write, b"%9.3f\\n" % time.process_time())
        os._exit(0)
for _ in range(2): os.wait()
print(sum(map(float, os.read(read, 99).split())))
"""
DAEMON = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1.6)
    open("late", "w").close()
time.sleep(60)
"""

FLOODS = (
    Flood("memory_mb", Limits(memory_mb=256), MEMORY, lambda seen: _number(seen) == 3),
    Flood("pids", Limits(pids=40), PROCESSES, lambda seen: _number(seen) > 40),
    Flood("disk_mb", Limits(disk_mb=8), DISK, lambda seen: _number(seen) > 8 << 20),
    Flood("inodes", Limits(inodes=1000), INODES, lambda seen: _number(seen) > 1000),
    Flood("cpus", Limits(cpus=0.1), PROCESSOR, lambda seen: _number(seen) > 0.25, tries=4),
    Flood("call_timeout_s", Limits(call_timeout_s=1), DAEMON, lambda seen: seen.error is None),
    Flood("output_bytes", Limits(output_bytes=1000), "print('flood' * 10_000_000)", lambda seen: len(seen.content) > 1200),
)


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.limit)
def test_a_limit_is_enforced_or_said_not_to_be(backend: Backend, flood: Flood, tar: Callable[..., bytes]) -> None:
    with backend.open(flood.limits, Environment()) as box:
        box.load(tar({"flood.py": textwrap.dedent(flood.script)}))
        exceeded = any(flood.exceeded(box.call("shell", {"command": "python flood.py"})) for _ in range(flood.tries))
        assert exceeded == _says_not_enforced(box, flood.limit)
        assert getattr(box.provenance.limits, flood.limit) == getattr(flood.limits, flood.limit)
        if flood.limit == "call_timeout_s":
            assert box.call("shell", {"command": "sleep 0.8; ls"}, timeout_s=9).content == "flood.py\n"
        assert box.call("shell", {"command": "echo on"}).content == "on\n"
    _next_box_works(backend, tar)


@pytest.fixture
def hosts_sockets() -> Iterator[list[str]]:
    """Servers of this machine that answer hello: Python expressions that make a socket connected to each."""
    tcp = socket.create_server(("0.0.0.0", 0))
    tcp6 = socket.create_server(("::", 0), family=socket.AF_INET6) if socket.has_ipv6 else None
    folder = tempfile.mkdtemp(dir="/tmp")  # the name of a socket is short, and a folder of pytest's may lie deep
    name, path = f"\0{folder}", f"{folder}/host.sock"
    unix = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    for s, address in zip(unix, (name, path), strict=True):
        s.bind(address)
        s.listen()
    serving = [tcp, *unix, *([tcp6] if tcp6 else [])]
    for s in serving:
        threading.Thread(target=_greet, args=(s,), daemon=True).start()
    port = tcp.getsockname()[1]
    yield [
        *(f"socket.create_connection(({host!r}, {port}), 1)" for host in ("127.0.0.1", "172.17.0.1", _own_address())),
        *([f"socket.create_connection(('::1', {tcp6.getsockname()[1]}), 1)"] if tcp6 else []),
        f"unix({name!r})",
        f"unix({path!r})",
    ]
    for s in serving:
        s.shutdown(socket.SHUT_RDWR)  # ends the thread that accepts
        s.close()
    shutil.rmtree(folder)


CONNECT = """
import socket
def unix(address):
    s = socket.socket(socket.AF_UNIX)
    s.connect(address)
    return s
for attempt in ATTEMPTS:
    try:
        if eval(attempt).recv(5) == b"hello": print("reached", attempt)
    except OSError: pass
for family, kind in ((2, 3), (10, 3), (16, 3), (17, 3), (38, 5), (40, 1), (44, 3)):
    try:
        s = socket.socket(family, kind)
        if family != 16: print("opened", family)  # netlink speaks of this network namespace alone
    except OSError: pass
try:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"x", ("8.8.8.8", 53))
    print("sent")
except OSError: pass
try: print("resolved", socket.getaddrinfo("example.com", 80))
except OSError: pass
"""


def test_the_network_is_cut_or_said_not_to_be(backend: Backend, hosts_sockets: list[str], tar: Callable[..., bytes]) -> None:
    with backend.open(Limits(), Environment()) as box:
        box.load(tar({"c.py": CONNECT.replace("ATTEMPTS", repr(hosts_sockets))}))
        reached = box.call("shell", {"command": "python c.py"})
        assert reached.exit_code == 0
        assert bool(reached.content) == _says_not_enforced(box, "network")
        assert all(line.startswith("reached unix(") for line in reached.content.splitlines())
    _next_box_works(backend, tar)


def test_the_network_is_there_for_a_box_that_may_use_it(
    strong_backend: Backend, hosts_sockets: list[str], tar: Callable[..., bytes]
) -> None:
    if strong_backend.name == "docker":
        pytest.skip("the engine may have no bridge")
    with strong_backend.open(Limits(network=True), Environment()) as box:
        box.load(tar({"c.py": CONNECT.replace("ATTEMPTS", repr(hosts_sockets[:1]))}))
        assert "reached" in box.call("shell", {"command": "python c.py"}).content


def test_a_task_gets_what_it_needs_and_the_record_says_so(backend: Backend) -> None:
    given = Limits(pids=50, disk_mb=16)
    place = Environment(needs=Needs(disk_mb=32, pids=20))
    assert fitted(given, place) == Limits(pids=50, disk_mb=32)
    with backend.open(given, place) as box:
        assert box.provenance.limits == Limits(pids=50, disk_mb=32)
        assert box.call("shell", {"command": "head -c 20000000 /dev/zero > big; wc -c < big"}).content == "20000000\n"


def test_a_flood_of_output_from_the_background_does_not_hold_up_the_box(backend: Backend, tar: Callable[..., bytes]) -> None:
    with backend.open(Limits(), Environment()) as box:
        assert box.call("shell", {"command": "yes & sleep 0.2; echo done"}).error is None
        assert box.call("shell", {"command": "echo on"}).content == "on\n"
        box.load(tar({"a": "b"}))
        assert box.diff() == ""


def test_a_fork_bomb_ends_with_its_call(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    with strong_backend.open(Limits(pids=64), Environment()) as box:
        if _says_not_enforced(box, "pids"):
            pytest.skip("this backend says that it cannot limit processes here")
        box.call("shell", {"command": "bomb() { bomb | bomb & }; bomb; sleep 60", "timeout_s": 1})
        box.load(tar({"a": "b"}))
        assert box.call("shell", {"command": "ls; ls -d /proc/[0-9]* | wc -l"}).content.split()[0] == "a"
    _next_box_works(strong_backend, tar)


def test_folders_filled_to_the_brim_leave_the_server_alive(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    with strong_backend.open(Limits(), Environment()) as box:
        for folder in ("/testbed", "/var/base", "/tmp", "/home/agent", "/dev/shm"):
            box.call("shell", {"command": f"head -c 999999999 /dev/zero > {folder}/full"})
        assert box.call("shell", {"command": "echo on"}).content == "on\n"
        assert box.call("file_write", {"path": "new", "content": "x" * 10_000}).error
        box.load(tar({"a": "b"}))
        assert box.call("shell", {"command": "cat a"}).content == "b"
    _next_box_works(strong_backend, tar)


def _number(seen: Observation) -> float:
    """The number that a script printed last; 0 if it was killed before."""
    last = seen.content.strip().rpartition("\n")[2]
    return float(last) if last.replace(".", "", 1).isdigit() else 0.0


def _says_not_enforced(box: Sandbox, limit: str) -> bool:
    return any(entry.split()[0] == limit for entry in box.provenance.not_enforced)


def _next_box_works(backend: Backend, tar: Callable[..., bytes]) -> None:
    with backend.open(Limits(), Environment()) as box:
        box.load(tar({"test_one.py": "def test_one(): pass\n"}))
        assert box.call("shell", {"command": "python -m pytest -q"}).exit_code == 0


def _greet(server: socket.socket) -> None:
    while True:
        try:
            with server.accept()[0] as caller:
                caller.sendall(b"hello")
        except OSError:
            return


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(s.getsockname()[0])
