"""What the kernel lets a plain process forbid itself and its children, without namespaces: capabilities, and Landlock."""

from __future__ import annotations

import ctypes
import os

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # system calls, the same on every architecture
_VERSION, _PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38
_READS = 0b1101  # execute, read file, read folder
_WRITES_BY_ABI = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}  # first ABI → all file rights that it knows
_SCOPES = 0b11  # abstract sockets, signals; ABI 6
_CAPABILITY_VERSION = 0x20080522
_PR_CAPBSET_DROP = 24
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/shm")

FILES, SIGNALS = "files", "signals"


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """Version of Landlock in this kernel; 0 for none."""
    return max(0, int(_libc().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))))


def available(version: int) -> set[str]:
    """What a kernel with this version can forbid: writing outside of a folder, signals to other processes."""
    return {name for name, first in ((FILES, 1), (SIGNALS, 6)) if version >= first}


def confine(writable: str) -> None:
    """From here on this process and its children write below ``writable`` only, signal and trace only each other, and reach
    no abstract Unix socket of others; as far as the kernel can.

    Raises:
        OSError: the kernel knows Landlock and refuses.
    """
    version = abi()
    if not version:
        return
    rights = max(r for first, r in _WRITES_BY_ABI.items() if version >= first)
    writes = rights & ~_READS
    wanted = _Ruleset(writes, 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    libc = _libc()
    ruleset = _checked(libc.syscall(_CREATE, ctypes.byref(wanted), ctypes.c_size_t(size), ctypes.c_uint32(0)))
    for path in (writable, *_DEVICES):
        _allow(libc, ruleset, path, writes)
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(libc.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0)))
    os.close(ruleset)


def drop_capabilities() -> None:
    """Give up every capability for good. A process of root then owns root's files and has no other power.

    Raises:
        OSError: the kernel refuses.
    """
    drop_bounding_set()
    libc = _libc()
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _checked(libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")


def drop_bounding_set() -> None:
    """Give up every capability that a program could bring, as far as this process may."""
    libc = _libc()
    number = 0
    while libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    if not os.path.exists(path):
        return
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        for_file = rights & (1 << 1 | 1 << 14 | 1 << 15)  # write file, truncate, ioctl: the rights that a file can have
        rule = _PathBeneath(rights if os.path.isdir(path) else for_file, fd)
        _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0)))
    finally:
        os.close(fd)


def _checked(result: int, what: str = "Landlock") -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
