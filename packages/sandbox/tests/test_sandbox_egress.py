"""A box without a network reaches the addresses that it is given, and no others."""

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agentsandbox.backends import choose
from agentsandbox.egress import Address, parse
from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Backend
from trajschema.rollout import Limits
from trajschema.task import Environment

ASK = """
import socket, urllib.request
data = bytes(range(256)) * 4000
for host in ("localhost", "127.0.0.1"):
    print(urllib.request.urlopen(f"http://{host}:PORT/", data=data, timeout=9).read() == data[::-1])
for host, port in (("127.0.0.1", PORT + 1), ("127.0.0.2", PORT), ("172.17.0.1", PORT), ("8.8.8.8", 53)):
    try:
        socket.create_connection((host, port), 1)
        print("reached", host, port)
    except OSError: pass
"""


class _Backwards(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(data[::-1])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Port of a server on this machine's loopback interface that answers with what it got, backwards."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Backwards) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_box_reaches_what_it_may_and_nothing_else(strong_backend: Backend, port: int, tar: Callable[..., bytes]) -> None:
    with strong_backend.open(Limits(reach=(f"localhost:{port}",)), Environment()) as box:
        for _ in range(2):  # a load ends all that runs in the box but the way out
            box.load(tar({"a.py": ASK.replace("PORT", str(port))}))
            assert box.call("shell", {"command": "python a.py"}).content == "True\nTrue\n"
        assert box.provenance.limits.reach == (f"localhost:{port}",)


def test_a_name_leads_to_its_own_way_and_one_that_does_not_answer_is_closed(strong_backend: Backend, tar: Callable[..., bytes]) -> None:
    ask = (
        "import socket\nprint(socket.gethostbyname('far.invalid'), socket.gethostbyname('near.invalid'))\n"
        "with socket.create_connection(('far.invalid', 8443), 5) as s: print(s.recv(1))\n"
    )
    with strong_backend.open(Limits(reach=("near.invalid:8443", "far.invalid:8443")), Environment()) as box:
        box.load(tar({"a.py": ask}))
        assert box.call("shell", {"command": "python a.py"}).content == "127.0.0.2 127.0.0.3\nb''\n"


def test_nothing_is_left_even_in_a_deep_folder(strong_backend: Backend, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    before = threading.active_count()
    with strong_backend.open(Limits(reach=(f"localhost:{port}",)), Environment()):
        assert len(list(deep.glob("sandboxtest-egress-*"))) == 1
    assert list(deep.glob("sandboxtest-egress-*")) == []
    assert threading.active_count() <= before + 1


NO_ADDRESSES = ("", "host", ":80", "host:", "host:0", "host:99999", "10.0.0.1:80", "[::1]:80", "a b:80", "host:80\n1.2.3.4 x", "a\n:1")


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address_is_refused(text: str, backend: Backend) -> None:
    with pytest.raises(SandboxError):
        backend.open(Limits(reach=(text,)), Environment())


def test_addresses() -> None:
    assert parse("api.example.com:443") == Address("api.example.com", 443)
    assert parse("127.0.0.1:8080").is_loopback


def test_a_backend_that_cannot_says_so(environments: Path, port: int) -> None:
    local = choose("local", environments=environments, allow_local=True)
    with pytest.raises(SandboxError, match="every address or none; use docker"):
        local.open(Limits(reach=(f"localhost:{port}",)), Environment())


def test_bubblewrap_cannot_offer_low_ports(strong_backend: Backend) -> None:
    if strong_backend.name != "bubblewrap":
        pytest.skip("for bubblewrap only")
    with pytest.raises(SandboxError, match="port 443"):
        strong_backend.open(Limits(reach=("example.com:443",)), Environment())
