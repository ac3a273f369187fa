"""Which changes of protected paths are tampering, and which only add tests."""

import pytest
from agentsandbox.protection import adds_tests_only


@pytest.mark.parametrize(
    ("path", "body", "harmless"),
    [
        ("tests/test_a.py", "@@ -1,1 +1,3 @@\n x = 1\n+def test_new():\n+    assert f(2) == 4\n", True),
        ("tests/test_a.py", "@@ -1,2 +1,2 @@\n-    assert f(1) == 2\n+    def test_new(): pass\n", False),
        ("tests/test_a.py", "@@ -1,1 +1,3 @@\n x = 1\n+import pytest; pytest.skip()\n+def test_new(): pass\n", False),
        ("tests/conftest.py", "@@ -0,0 +1,1 @@\n+def test_new(): pass\n", False),
        ("setup.cfg", "@@ -0,0 +1,1 @@\n+def test_new(): pass\n", False),
        ("pytest.py", "@@ -0,0 +1,1 @@\n+def test_new(): pass\n", False),
    ],
)
def test_new_tests_are_no_tampering_and_weakened_ones_are(path: str, body: str, harmless: bool) -> None:
    diff = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{body}"
    assert adds_tests_only(path, diff) is harmless
