"""Ways out of a box, tried for real. None leads anywhere, and the next box is none the worse."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agentsandbox.sandbox import Backend
from agentsandbox.server.isolation import seccomp
from trajschema.rollout import Limits
from trajschema.task import Environment

PRELUDE = """
import contextlib, ctypes, os, platform, resource, signal, socket, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == "aarch64"
def gave(name, result):
    if result is not None and result is not False and result != -1: print(name)
@contextlib.contextmanager
def refused():
    with contextlib.suppress(OSError, ValueError): yield
def opens(path, how="rb"):
    with refused():
        open(path, how).close()
        return True
def reads(path):
    with refused(), open(path, "rb") as f: return f.read(1) or None
"""

KERNEL = """
os.makedirs("m")
gave("mount", libc.mount(b"none", b"m", b"tmpfs", 0, None))
gave("bind mount", libc.mount(b"/etc", b"m", None, 4096, None))
gave("umount", libc.umount2(b"m", 0))
for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
    if os.fork() == 0:
        gave(f"unshare {flag:#x}", libc.unshare(flag))
        sys.stdout.flush()
        os._exit(0)
    os.wait()
gave("user namespace by clone", libc.syscall(220 if arm else 56, 0x10000000 | 17, 0, 0, 0, 0))
gave("clone3", libc.syscall(435, 0, 0))
gave("chroot", libc.chroot(b"m"))
gave("pivot_root", libc.syscall(41 if arm else 155, b"m", b"m"))
for name in ("mnt", "net", "pid", "user"):
    with refused():
        gave(f"setns {name}", libc.setns(os.open(f"/proc/1/ns/{name}", 0), 0))
for name, number, arguments in (
    ("add_key", 217 if arm else 248, (b"user", b"a", b"b", 1, -3)),
    ("session keys", 219 if arm else 250, (0, -3, 0)),
    ("user keys", 219 if arm else 250, (0, -4, 1)),
    ("bpf", 280 if arm else 321, (0, ctypes.create_string_buffer(128), 128)),
    ("perf", 241 if arm else 298, (ctypes.create_string_buffer(128), 0, -1, -1, 0)),
    ("userfaultfd", 282 if arm else 323, (1,)),
    ("io_uring", 425, (4, ctypes.create_string_buffer(256))),
    ("fsopen", 430, (b"tmpfs", 0)),
    ("open_tree", 428, (-100, b".", 1)),
    ("kernel log", 116 if arm else 103, (10, None, 0)),
    ("module", 105 if arm else 175, (b"x" * 64, 64, b"")),
    ("swap", 224 if arm else 167, (b"m", 0)),
):
    gave(name, libc.syscall(number, *arguments))
with refused():
    socket.sethostname(socket.gethostname())
    print("hostname")
for major, minor in ((1, 1), (254, 0), (8, 0), (10, 229)):
    with refused():
        os.mknod("node", 0o20666, os.makedev(major, minor))
        print("device node")
for identity in (os.setuid, os.setgid):
    with refused():
        identity(0)
        if os.geteuid() == 0 or os.getegid() == 0: print("root")
with refused():
    os.setgroups([0])
    print("groups")
with refused():
    os.nice(-5)
    print("priority")
with refused():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print("file size")
"""

FILES = """
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/modprobe",
             "/proc/sys/net/ipv4/ip_forward", "/proc/sys/fs/binfmt_misc/register", "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity",
             "/proc/acpi/wakeup", "/proc/scsi/scsi", "/proc/1/mem", "/sys/power/state", "/sys/kernel/uevent_helper",
             "/sys/kernel/mm/ksm/run",
             "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs",
             "/sys/fs/cgroup/memory/release_agent", "/etc/passwd", "/etc/shadow", "/etc/ld.so.preload", "/dev/mem", "/dev/sda", "/dev/vda",
             "/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/vsock", "/dev/loop-control", "/dev/kmsg", "/usr/bin/python3", "/run/x"):
    gave("write " + path, opens(path, "r+b"))
for path in ("/proc/1/environ", "/proc/1/mem", "/proc/1/maps", "/proc/1/root/etc/passwd", "/proc/1/cwd/etc/passwd", "/proc/kcore",
             "/proc/kmsg",
             "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/etc/shadow", "/dev/mem", "/dev/vda", "/var/run/docker.sock",
             "/run/docker.sock", "/run/containerd/containerd.sock", "/root/.ssh/id_rsa", "/root/.bashrc", "/sys/firmware/dmi/tables/DMI",
             "/sys/kernel/debug/x", "/sys/kernel/security/lsm"):
    gave("read " + path, reads(path))
for n in range(64):
    gave(f"descriptor {n} of the server", opens(f"/proc/1/fd/{n}"))
    gave(f"descriptor {n} of the server", opens(f"/proc/1/fd/{n}", "wb"))
gave("the host's file", opens(HOST_FILE))
gave("the host's process", reads(f"/proc/{HOST_PID}/environ"))
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline"):
        with refused(), open(f"/proc/{pid}/{name}", "rb") as f:
            if SECRET in f.read().decode("utf-8", "replace"): print("secret of", pid)
    with refused(): gave(f"root of {pid}", os.listdir(f"/proc/{pid}/root/..") != os.listdir("/") or None)
"""

PROCESSES = """
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206
for pid in (1, HOST_PID):
    gave(f"trace {pid}", libc.ptrace(PTRACE_SEIZE, pid, 0, 0))
    gave(f"attach {pid}", libc.ptrace(PTRACE_ATTACH, pid, 0, 0))
    with refused():
        gave(f"take a descriptor of {pid}", libc.syscall(438, os.pidfd_open(pid), 0, 0))
    with refused():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0))
        print("limits of", pid)
    word = ctypes.create_string_buffer(8)
    with refused():
        local = (ctypes.c_void_p * 2)(ctypes.addressof(word), 8)
        remote = (ctypes.c_void_p * 2)(0x400000, 8)
        gave(f"memory of {pid}", libc.process_vm_readv(pid, local, 1, remote, 1, 0))
with refused():
    os.kill(HOST_PID, 0)
    print("signal the host")
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV, signal.SIGHUP, signal.SIGALRM):
    with refused(): os.kill(1, number)
subprocess.run("find / -xdev -perm /6000 -type f 2>/dev/null > suid", shell=True)
for program in open("suid").read().split():
    if program.rsplit("/", 1)[-1] in ("su", "mount", "newgrp", "pkexec", "sudo"):
        if b"uid=0" in subprocess.run([program], input=b"id\\n", capture_output=True, timeout=5, start_new_session=True).stdout:
            print(program)
"""


@pytest.fixture(scope="module")
def host() -> Iterator[subprocess.Popen[bytes]]:
    """A process of this machine with a secret in its environment."""
    with subprocess.Popen(["sleep", "300"], env={**os.environ, "SECRET_TOKEN": "s3cret-of-the-host"}) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("attack", [KERNEL, FILES, PROCESSES], ids=["kernel", "files", "processes"])
def test_no_way_out(
    strong_backend: Backend,
    attack: str,
    host: subprocess.Popen[bytes],
    tmp_path: Path,
    tar: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = tmp_path / "of-the-host"
    secret.write_text("s3cret")
    monkeypatch.setenv("SECRET_TOKEN", "s3cret-of-the-host")
    told = f"HOST_FILE, HOST_PID, SECRET = {str(secret)!r}, {host.pid}, 's3cret-of-the-' + 'host'\n"
    with strong_backend.open(Limits(), Environment()) as box:
        box.load(tar({"a.py": PRELUDE + told + attack}))
        tried = box.call("shell", {"command": "python a.py"})
        assert (tried.content, tried.exit_code) == ("", 0)
        assert host.poll() is None
        assert box.call("shell", {"command": "echo on"}).content == "on\n"
    _next_box_works(strong_backend, tar)


PLAIN = """
os.makedirs("m")
gave("mount", libc.mount(b"none", b"m", b"tmpfs", 0, None))
gave("unshare", libc.unshare(0x10000000))
gave("chroot", libc.chroot(b"m"))
gave("keys", libc.syscall(219 if arm else 250, 0, -4, 0))
gave("io_uring", libc.syscall(425, 4, ctypes.create_string_buffer(256)))
gave("capabilities", int([l for l in open("/proc/self/status") if l.startswith("CapEff")][0].split()[1], 16) or None)
for path in ("/proc/sys/kernel/core_pattern", HOST_FILE, "/etc/passwd"):
    gave("write " + path, opens(path, "r+b"))
gave("trace", libc.ptrace(0x4206, HOST_PID, 0, 0))
gave("the host's environment", reads(f"/proc/{HOST_PID}/environ"))
with refused():
    os.kill(HOST_PID, 0)
    print("signal")
"""


def test_plain_processes_hold_what_they_claim(
    backend: Backend, host: subprocess.Popen[bytes], tmp_path: Path, tar: Callable[..., bytes]
) -> None:
    if backend.name != "local":
        pytest.skip("for plain processes only")
    told = f"HOST_FILE, HOST_PID = {str(tmp_path / 'of-the-host')!r}, {host.pid}\n"
    (tmp_path / "of-the-host").write_text("s3cret")
    with backend.open(Limits(), Environment()) as box:
        left = " ".join(box.provenance.not_enforced)
        if "writing" in left or "signals" in left:
            pytest.skip("this kernel lacks Landlock, and the record says so")
        box.load(tar({"a.py": PRELUDE + told + PLAIN}))
        tried = box.call("shell", {"command": "python a.py"})
        assert (tried.content, tried.exit_code) == ("", 0)


def test_what_runs_in_the_box_cannot_answer_for_the_server(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    forge = "import os, json\nline = json.dumps({'id': 1, 'result': {'diff': 'forged'}}).encode() + b'\\n'\n" + (
        "for fd in range(3, 256):\n    try: os.write(fd, line * 9); print('wrote', fd)\n    except OSError: pass\n"
        "import glob\nfor path in glob.glob('/proc/*/fd/*'):\n    try:\n        with open(path, 'wb', 0) as f:\n"
        "            if os.readlink(path) != '/dev/null' and f'/{os.getpid()}/' not in path: f.write(line)\n    except OSError: pass\n"
    )
    with strong_backend.open(Limits(), Environment()) as box:
        box.load(tar({"a.py": forge, "test_a.py": "def test(): import a\n"}))
        assert "wrote" not in box.call("shell", {"command": "python a.py"}).content
        assert box.call("shell", {"command": "python -m pytest -q test_a.py"}).exit_code == 0
        assert box.diff() == ""
        assert box.diff() == ""
        assert box.call("shell", {"command": "echo on"}).content == "on\n"


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_knows_each_processor(machine: str) -> None:
    strict, open_ = (seccomp.program(machine, internet) for internet in (False, True))
    assert all(0 <= jump_true < len(strict) and 0 <= jump_false < len(strict) for _, jump_true, jump_false, _ in strict)
    assert len(open_) == len(strict) + 4
    assert strict[-1][0] == open_[-1][0] == 0x06


def test_a_processor_that_the_filter_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "h", "6", "1", "pdp11")))
    with pytest.raises(OSError, match="no table of system calls for pdp11"):
        seccomp.refuse(internet=False)


def _next_box_works(backend: Backend, tar: Callable[..., bytes]) -> None:
    with backend.open(Limits(), Environment()) as box:
        box.load(tar({"test_one.py": "def test_one(): pass\n"}))
        assert box.call("shell", {"command": "python -m pytest -q"}).exit_code == 0
