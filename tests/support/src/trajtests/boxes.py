"""Fixtures of real backends and boxes; a ``conftest`` imports those that its tests need."""

import contextlib
import io
import os
import shutil
import signal
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from agentsandbox.backends import choose
from agentsandbox.errors import BackendUnavailable
from agentsandbox.sandbox import Backend, Sandbox
from trajschema.rollout import Limits
from trajschema.task import Environment

from trajtests.marks import soak_but

ISOLATING = tuple(name for name, program in {"docker": "docker", "bubblewrap": "bwrap"}.items() if shutil.which(program))
BACKENDS = soak_but(len(ISOLATING), [*ISOLATING, "local"]) if ISOLATING else ["local"]
"""Plain processes run the same server: beside a backend that isolates they are tried in soak."""
ENVIRONMENTS = Path(os.environ.get("TRAJHUB_TEST_ENVIRONMENTS", Path(tempfile.gettempdir()) / f"trajhub-test-environments-{os.getuid()}"))
"""Kept from run to run."""
LIMITS = Limits(call_timeout_s=10, output_bytes=4000)

signal.signal(signal.SIGINT, signal.default_int_handler)  # started in a shell's background it is ignored, also by what tests start


def backend_called(name: str) -> Backend:
    """A backend; where it does not work the test is skipped, but in CI there must be an engine."""
    try:
        backend = choose(name, environments=ENVIRONMENTS, label="sandboxtest", allow_local=True)  # type: ignore[arg-type]
        backend.open(LIMITS, Environment()).close()
    except BackendUnavailable as e:
        if name == "docker" and os.environ.get("CI") == "true":
            pytest.fail(f"no docker in CI: {e}")
        pytest.skip(f"{name}: {e}")
    return backend


@pytest.fixture(scope="session")
def environments() -> Path:
    """Folder of the Python environment, kept from run to run."""
    return ENVIRONMENTS


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend that works here."""
    return backend_called(request.param)


@pytest.fixture(scope="session")
def quick_backend() -> Backend:
    """Of the backends that isolate, the one whose boxes open in a moment; where it does not work, the strongest that does."""
    with contextlib.suppress(BackendUnavailable):
        bubblewrap = choose("bubblewrap", environments=ENVIRONMENTS, label="sandboxtest")
        bubblewrap.open(LIMITS, Environment()).close()
        return bubblewrap
    return choose(environments=ENVIRONMENTS, label="sandboxtest", allow_local=True)


@pytest.fixture(scope="session", params=["docker", "bubblewrap"])
def strong_backend(request: pytest.FixtureRequest) -> Backend:
    """The backends that isolate."""
    return backend_called(request.param)


@pytest.fixture(scope="session")
def local() -> Backend:
    """Plain processes."""
    return backend_called("local")


@pytest.fixture(scope="session")
def docker() -> Backend:
    """Containers."""
    return backend_called("docker")


@pytest.fixture(scope="session")
def bubblewrap() -> Backend:
    """Namespaces."""
    return backend_called("bubblewrap")


@pytest.fixture(scope="session")
def open_box(backend: Backend) -> Iterator[Sandbox]:
    with backend.open(LIMITS, Environment()) as box:
        yield box


@pytest.fixture(scope="session")
def command_environ(environments: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of ``a command that opens boxes``: its cache is where the tests keep the Python environment."""
    cache = tmp_path_factory.mktemp("cache")
    environments.mkdir(parents=True, exist_ok=True)
    (cache / "agentsandbox").symlink_to(environments)
    return {**os.environ, "XDG_CACHE_HOME": str(cache), "COLUMNS": "200", "NO_COLOR": "1"}


@pytest.fixture(scope="session")
def tar() -> Callable[..., bytes]:
    """Make a tar archive of path → content; a path in ``executable`` gets its run bit."""

    def make(files: Mapping[str, str | bytes], executable: tuple[str, ...] = ()) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name, content in files.items():
                data = content if isinstance(content, bytes) else content.encode()
                info = tarfile.TarInfo(name)
                info.size = len(data)
                info.mode = 0o755 if name in executable else 0o644
                archive.addfile(info, io.BytesIO(data))
        return buffer.getvalue()

    return make


@pytest.fixture
def box(open_box: Sandbox, tar: Callable[..., bytes]) -> Sandbox:
    """A box with a small repository, as new."""
    open_box.load(
        tar(
            {
                "calc.py": "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n",
                "run.sh": "#!/bin/sh\necho ran\n",
                "data.bin": bytes(range(256)),
                "tests/test_calc.py": "from calc import add, sub\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\n"
                "def test_sub():\n    assert sub(3, 1) == 2\n",
            },
            ("run.sh",),
        )
    )
    return open_box
