"""One writer: a living owner is respected and named, a dead one is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from resources.lock import Lock, Locked

HOLD = """
import sys, time
from pathlib import Path
from resources.lock import Lock
Lock(Path(sys.argv[1])).take("run-1")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "lock.json")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_process_is_refused_with_the_owner_named(tmp_path: Path, holder) -> None:
    with pytest.raises(Locked, match=rf"process {holder.pid} .* wait for it, or stop it"):
        Lock(tmp_path / "lock.json").take()


def test_the_lock_of_a_killed_process_is_broken_and_its_run_is_told(tmp_path: Path, holder) -> None:
    holder.kill()
    holder.wait()
    lock = Lock(tmp_path / "lock.json")
    broken = lock.take()
    assert broken is not None
    assert broken.run_id == "run-1"
    lock.release()
    assert lock.writer() is None


def test_taking_it_twice_in_one_process_is_free(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock.json")
    assert lock.take() is None
    assert lock.take() is None
    lock.release()


def test_a_garbled_lock_is_not_forever(tmp_path: Path) -> None:
    (tmp_path / "lock.json").write_text("{half")
    lock = Lock(tmp_path / "lock.json")
    lock.take()
    lock.release()
