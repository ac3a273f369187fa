"""The addresses that a box without a network may reach.

The box keeps its empty network. It sees a folder with one Unix socket for each address; behind it a thread of this process
connects to that address and to no other. In the box a name leads to an address of the loopback interface, where a relay
listens, so that programs need not be told of any of this, and TLS stays between them and the far end.
"""

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agentsandbox import owned_folders, unixsocket
from agentsandbox.errors import SandboxError
from agentsandbox.server.isolation.relay import relay

SEEN = "/run/reach"
"""Folder with the sockets, as the box sees it."""
_LOOPBACK = "127.0.0.1"
_CONNECT_LIMIT_S = 15.0
_FIRST_FREE_PORT = 1024


@dataclass(frozen=True)
class Address:
    """A host name (or the loopback address) and a TCP port."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine's own."""
        return self.host in ("localhost", _LOOPBACK)


def parse(text: str) -> Address:
    """The address in ``host:port``.

    Raises:
        SandboxError: it is none, or a number other than 127.0.0.1 stands for the host.
    """
    host, _, port = text.rpartition(":")
    with contextlib.suppress(ValueError):
        if host != _LOOPBACK and ipaddress.ip_address(host.strip("[]")):
            raise SandboxError(f"a box reaches addresses by name, not {text!r}", "give the host a name, for example in /etc/hosts")
    if not host or not all(p.replace("-", "").isalnum() for p in host.split(".")) or not (port.isdigit() and 0 < int(port) < 1 << 16):
        raise SandboxError(f"{text!r} is no address that a box can reach", "write host:port, for example localhost:8080")
    return Address(host, int(port))


class EgressProxy:
    """The sockets of one box. Threads of this process serve them until it is closed."""

    def __init__(self, addresses: Sequence[str], prefix: str) -> None:
        """Open a proxy to ``addresses`` in a new folder whose name begins with ``prefix``.

        Raises:
            SandboxError: see :func:`parse`.
        """
        wanted = [parse(text) for text in addresses]
        hosts = sorted({a.host for a in wanted if not a.is_loopback})
        self._outer = owned_folders.owned_folder(prefix)
        self._listening: list[socket.socket] = []
        self.folder = self._outer / "sockets"
        """Folder that the box must see at :data:`SEEN`, readable for everybody; only the owner can reach it on the host."""
        self.hosts = self._outer / "hosts"
        """File that must be /etc/hosts in the box."""
        self.lowest_port = min(a.port for a in wanted)
        at = {host: f"127.0.0.{n}" for n, host in enumerate(hosts, start=2)}
        self.ways: list[list[str | int]] = [[at.get(a.host, _LOOPBACK), a.port, f"{SEEN}/{n}"] for n, a in enumerate(wanted)]
        """Address and port in the box, and the socket that they lead to, for :mod:`agentsandbox.server.isolation.relay`."""
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{number} {host}\n" for host, number in at.items()))
        self.hosts.chmod(0o644)
        for n, address in enumerate(wanted):
            self._listen(self.folder / str(n), address)

    def close(self) -> None:
        """Stop listening and remove the folder. Idempotent."""
        for s in self._listening:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()
        owned_folders.remove_folder(self._outer)

    def _listen(self, path: Path, address: Address) -> None:
        s = socket.socket(socket.AF_UNIX)
        self._listening.append(s)
        unixsocket.bind(s, path)
        path.chmod(0o666)
        s.listen()
        connect = partial(socket.create_connection, (address.host, address.port), _CONNECT_LIMIT_S)
        threading.Thread(target=relay, args=(s, partial(_patient, connect)), daemon=True).start()

    def needs_free_ports(self, backend: str) -> None:
        """Return if an ordinary user may listen on every port.

        Raises:
            SandboxError: a port is below 1024, where ``backend`` cannot listen.
        """
        if self.lowest_port < _FIRST_FREE_PORT:
            raise SandboxError(
                f"{backend} boxes cannot listen on port {self.lowest_port}", "use docker, or a proxy on this machine with a port above 1023"
            )


def _patient(connect: partial[socket.socket]) -> socket.socket:
    s = connect()
    s.settimeout(None)
    return s
