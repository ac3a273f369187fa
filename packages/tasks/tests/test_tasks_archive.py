"""Trees: the same bytes for the same content, and nothing from outside the archive's folder."""

import io
import tarfile

from agenttasks.libraries.archive import needed, pack, read_sdist, unpack
from agenttasks.libraries.library import Library
from hypothesis import given
from hypothesis import strategies as st

names = st.text("abc", min_size=1, max_size=5)
trees = st.dictionaries(st.lists(names, min_size=1, max_size=3).map("/".join), st.binary(max_size=50), max_size=6)


@given(trees)
def test_packing_is_reversible_and_does_not_depend_on_order(tree: dict[str, bytes]) -> None:
    assert unpack(pack(tree)) == tree
    assert pack(dict(reversed(tree.items()))) == pack(tree)


def test_members_that_point_elsewhere_are_left_out() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in ("top/kept.py", "top/../escaped.py", "/top/absolute.py", "loose.py"):
            tar.addfile(tarfile.TarInfo(name))
        link = tarfile.TarInfo("top/link.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert set(read_sdist(buffer.getvalue())) == {"kept.py"}


def test_a_tree_holds_sources_tests_and_licence_with_a_test_configuration_of_its_own() -> None:
    library = Library("x", "1", "", "MIT", "", "", sources=("x",), tests=("tests",), also=("LICENSE",), exclude=("tests/big/*",))
    paths = [
        "x/a.py",
        "x/a.pyc",
        "x.egg-info/SOURCES.txt",
        "tests/test_a.py",
        "tests/big/data",
        "LICENSE",
        "tox.ini",
        "docs/a.md",
        "xy/b.py",
    ]
    tree = needed(dict.fromkeys(paths, b""), library)
    assert set(tree) == {"x/a.py", "tests/test_a.py", "LICENSE", "pytest.ini"}
    assert b"testpaths = tests" in tree["pytest.ini"]
