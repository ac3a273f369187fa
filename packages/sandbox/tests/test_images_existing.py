"""Images that others made, after the shape of SWE-bench's: the code in /testbed, Python below /opt, root owns all."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agentsandbox.backends import choose
from agentsandbox.errors import ImageUnavailable
from agentsandbox.images import ensure_image
from agentsandbox.images.ledger import Ledger
from agentsandbox.images.probe import read
from trajschema.rollout import Limits
from trajschema.task import Environment
from trajtests.image_cases import cleaned, engine, made
from trajtests.image_trees import tree_of

pytestmark = pytest.mark.docker

PYTHON = "mkdir -p /opt/miniconda3/bin && mv /usr/bin/python3.11 /opt/miniconda3/bin/python3.11"
LINKS = "rm /usr/bin/python3 /usr/bin/python && ln -s python3.11 /opt/miniconda3/bin/python3"
VENV = "/opt/miniconda3/bin/python3 -m venv --without-pip --system-site-packages /opt/miniconda3/envs/testbed"
CODE = """\
set -e; cd /testbed; git init -q .; git config user.name a; git config user.email a@b
echo "secret fix" > fix.txt; git add .; git commit -qm "the future"; git rm -q fix.txt
printf 'import where\\n\\n\\ndef test_it():\\n    assert where.HERE == "env"\\n' > test_it.py
echo "*.so" > .gitignore; mkdir -p bin sub; echo "echo ran" > bin/run; chmod 755 bin/run; ln -s bin/run link; ln test_it.py sub/hard.txt
git add .; git commit -qm base; git tag v1; git remote add origin http://example.org/x
echo built > built.so; mkdir sub/.git; echo inner > sub/.git/x; touch -d 2001-01-01 test_it.py; chmod 600 bin/run; chmod u+x bin/run
"""
OLD = """\
#!/bin/sh
if [ "$1" = -c ]; then echo "3.6 2.31"; else echo "the old one ran: $*"; fi
"""
SITE = "/opt/miniconda3/envs/testbed/lib/python3.11/site-packages/where.py"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with engine() as found, cleaned(found):
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def reference(client: Any) -> str:
    base = ensure_image().name
    text = (
        f"FROM {base}\nCOPY code.sh /code.sh\nRUN {PYTHON} && {LINKS} && {VENV} && echo 'HERE = \"env\"' > {SITE}\n"
        "RUN sh /code.sh && rm /code.sh\nENV PATH=/opt/miniconda3/bin:/usr/bin:/bin TASK_MARK=1\nWORKDIR /testbed\n"
        'ENTRYPOINT ["/bin/false"]\n'
    )
    return made(client, text, {"code.sh": CODE})


def _files(tree: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
        return {m.name: m for m in archive}


def test_its_code_comes_without_history_owners_and_times(reference: str, folder: Path) -> None:
    tree = tree_of(reference, folder=folder)
    files = _files(tree)
    assert sorted(files) == [".gitignore", "bin", "bin/run", "built.so", "link", "sub", "sub/hard.txt", "test_it.py"]
    assert {(m.uid, m.uname, m.mtime) for m in files.values()} == {(0, "", 0)}
    assert (files["link"].linkname, files["bin/run"].mode, files["test_it.py"].size) == ("bin/run", 0o700, files["sub/hard.txt"].size)
    assert tree_of(reference, folder=folder) == tree


def test_a_box_lives_in_it_and_its_own_environment_runs_the_tests(reference: str, folder: Path) -> None:
    backend = choose("docker", environments=folder, label="sandboxtest")
    with backend.open(Limits(), Environment(image=reference)) as box:
        box.load(tree_of(reference, folder=folder))
        look = "command -v python; echo $TASK_MARK; bin/run; cat built.so; git log --oneline | wc -l; git tag; whoami"
        said = box.call("shell", {"command": look})
        assert said.content.split("\n")[:-1] == ["/opt/miniconda3/envs/testbed/bin/python", "1", "ran", "built", "1", "agent"]
        assert box.call("shell", {"command": "python -m pytest -q test_it.py"}).exit_code == 0
        assert box.call("shell", {"command": "python -m pytest -q test_it.py"}).exit_code == 0
        box.call("file_write", {"path": "new.py", "content": "x = 1\n"})
        assert "new.py" in box.diff()
    (entry,) = Ledger(folder).entries().values()
    assert (entry.origin, entry.python) == ("foreign", "/opt/miniconda3/envs/testbed/bin/python3")


@pytest.mark.soak
def test_an_environment_that_is_too_old_runs_beside_the_server(reference: str, client: Any, folder: Path) -> None:
    env = "/opt/miniconda3/envs/testbed/bin"
    text = f"FROM {reference}\nRUN rm {env}/python*\nCOPY old {env}/python3\nRUN chmod 755 {env}/python3 && ln -s python3 {env}/python\n"
    old = made(client, text, {"old": OLD})
    image = ensure_image(old, folder=folder)
    assert (image.python, image.older) == ("/opt/miniconda3/bin/python3", f"{env}/python3")
    with choose("docker", environments=folder, label="sandboxtest").open(Limits(), Environment(image=old)) as box:
        box.load(tree_of(old, folder=folder))
        assert box.call("shell", {"command": "python -m pytest -q"}).content == "the old one ran: -m pytest -q\n"


def test_a_folder_that_is_not_there(reference: str, folder: Path) -> None:
    with pytest.raises(ImageUnavailable, match="has no folder /nowhere"):
        tree_of(reference, "/nowhere", folder=folder)
    with pytest.raises(ImageUnavailable, match="is no folder"):
        tree_of(reference, "/etc/passwd", folder=folder)


def test_what_a_probe_says() -> None:
    found = read("path /a:/b\nhas bash\npython 3.8 2.31 /a/python3\npython 3.12 none /opt/with space/python3\n")
    assert (found.path, found.tools) == ("/a:/b", frozenset({"bash"}))
    assert [(i.path, i.version, i.glibc) for i in found.interpreters] == [
        ("/a/python3", (3, 8), "2.31"),
        ("/opt/with space/python3", (3, 12), ""),
    ]
    with pytest.raises(ImageUnavailable, match="it has no git"):
        found.server("x")
