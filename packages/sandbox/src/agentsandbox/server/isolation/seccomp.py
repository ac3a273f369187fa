"""A seccomp filter: system calls that no box needs, refused to the server and to everything that it starts.

It closes what namespaces leave open: socket families that no network namespace holds back (virtual machine sockets reach the
hypervisor), key rings, io_uring (which opens sockets past any filter), mounting, new namespaces, the kernel's rarer interfaces.
It refuses the plain ways to leave word for another box in what of a shared file is in memory; reading against a clock remains.
And it keeps the server from being slowed or pinned to one core by what it serves, which has the same user.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Collection, Iterable

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT, _SECOND_ARGUMENT_AT = 0, 4, 16, 24  # offsets in struct seccomp_data
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_X32 = 0x40000000  # x86-64's second table of calls starts here
_NEW_NAMESPACE = 0x7E020000  # every CLONE_NEW flag
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_CLONE = {"x86_64": 56, "aarch64": 220}
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_SCHEDULING = {  # sched_setparam, sched_setscheduler, sched_setaffinity, sched_setattr: the first argument is a process
    "x86_64": (142, 144, 203, 314),
    "aarch64": (118, 119, 122, 274),
}
_PRIORITY = {"x86_64": 141, "aarch64": 140}  # setpriority: what kind of number the second argument is, counted from 0
_IO_PRIORITY = {"x86_64": 251, "aarch64": 30}  # ioprio_set: the same, counted from 1
_MISSING = (425, 426, 427, 435)  # io_uring in three calls; clone3, whose flags no filter can read: callers fall back to clone
_CACHED = {  # fadvise64, mincore, preadv2, readahead, cachestat: what of a file is in memory, which all boxes of a host share
    "x86_64": (221, 27, 327, 187, 451),
    "aarch64": (223, 232, 286, 213, 451),
}
_REFUSED_EVERYWHERE = (428, 429, 430, 431, 432, 433, 442, 443)  # open_tree … fspick, mount_setattr, quotactl_fd
_REFUSED = {
    # mount, umount2, pivot_root, chroot, unshare, setns, swapon, swapoff, reboot, syslog, acct, quotactl, init_module,
    # delete_module, finit_module, kexec_load, kexec_file_load, bpf, perf_event_open, userfaultfd, name_to_handle_at,
    # open_by_handle_at, fanotify_init, add_key, request_key, keyctl; on x86-64 also iopl and ioperm
    "x86_64": (165, 166, 155, 161, 272, 308, 167, 168, 169, 103, 163, 179, 175,
               176, 313, 246, 320, 321, 298, 323, 303,
               304, 300, 248, 249, 250, 172, 173),
    "aarch64": (40, 39, 41, 51, 97, 268, 224, 225, 142, 116, 89, 60, 105,
                106, 273, 104, 294, 280, 241, 282, 264,
                265, 262, 217, 218, 219),
}  # fmt: skip

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand."""


def refuse(internet: bool) -> None:
    """Install the filter for this process and all that it starts, for good. Without ``internet`` no internet socket either.

    Raises:
        OSError: the kernel has no seccomp, or the processor is none that the filter knows.
    """
    machine = os.uname().machine
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine}; known: {', '.join(_ARCHITECTURES)}")
    packed = b"".join(struct.pack("=HBBI", *i) for i in program(machine, internet, {os.getpid(), os.getpgrp()} - {0}))
    code = ctypes.create_string_buffer(packed, len(packed))
    whole = struct.pack("@HP", len(packed) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.create_string_buffer(whole), 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def program(machine: str, internet: bool, server: Collection[int] = ()) -> list[Instruction]:
    """The filter as classic BPF. ``server`` are the numbers of the server's process and group, as it sees them itself."""
    own = [i for number in server for i in _when(_JUMP_EQUAL, number, [_refusal(errno.EPERM)])]
    families = [_UNIX, _NETLINK, *([_INET, _INET6] if internet else [])]
    return [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        *_unless(_JUMP_EQUAL, _ARCHITECTURES[machine], _refusal(errno.ENOSYS)),
        (_LOAD, 0, 0, _NUMBER_AT),
        *_when(_JUMP_AT_LEAST, _X32, [_refusal(errno.ENOSYS)]),
        *_each((*_MISSING, *_CACHED[machine]), errno.ENOSYS),
        *_each((*_REFUSED_EVERYWHERE, *_REFUSED[machine]), errno.EPERM),
        *_when(_JUMP_EQUAL, _SOCKET[machine], [_argument(), *_allowing(families), _refusal(errno.EAFNOSUPPORT)]),
        *_when(_JUMP_EQUAL, _PRLIMIT[machine], [_argument(), *_allowing([0]), _refusal(errno.EPERM)]),  # its own limits only
        *(i for number in _SCHEDULING[machine] for i in _when(_JUMP_EQUAL, number, [_argument(), *own, _permission()])),
        *_when(_JUMP_EQUAL, _PRIORITY[machine], _others(own, user=2)),
        *_when(_JUMP_EQUAL, _IO_PRIORITY[machine], _others(own, user=3)),
        *_when(_JUMP_EQUAL, _CLONE[machine], [_argument(), *_when(_JUMP_ANY_BIT, _NEW_NAMESPACE, [_refusal(errno.EPERM)])]),
        _permission(),
    ]


def _others(own: list[Instruction], user: int) -> list[Instruction]:
    """A priority for other processes and groups than the server's, and for no user as a whole."""
    return [_argument(), *_when(_JUMP_EQUAL, user, [_refusal(errno.EPERM)]), (_LOAD, 0, 0, _SECOND_ARGUMENT_AT), *own, _permission()]


def _when(test: int, operand: int, then: list[Instruction]) -> list[Instruction]:
    return [(test, 0, len(then), operand), *then]


def _unless(test: int, operand: int, then: Instruction) -> list[Instruction]:
    return [(test, 1, 0, operand), then]


def _each(numbers: Iterable[int], error: int) -> list[Instruction]:
    return [i for number in numbers for i in _when(_JUMP_EQUAL, number, [_refusal(error)])]


def _allowing(values: Iterable[int]) -> list[Instruction]:
    return [i for value in values for i in _when(_JUMP_EQUAL, value, [_permission()])]


def _permission() -> Instruction:
    return (_RETURN, 0, 0, _ALLOW)


def _argument() -> Instruction:
    return (_LOAD, 0, 0, _FIRST_ARGUMENT_AT)


def _refusal(error: int) -> Instruction:
    return (_RETURN, 0, 0, _REFUSE | error)
