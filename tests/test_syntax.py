"""The syntax of a source file: what counts of it, and what does not."""

import pytest

from resources.incremental.syntax import read_syntax

ALIKE = {
    "comments and layout": ("x = f(1,2)  # two\n", "# one\n\nx = f(\n    1,\n    2,\n)\n"),
    "a docstring": ('"""One."""\ndef f():\n    """Two."""\n    return 1\n', "def f():\n    return 1\n"),
    "a string below a field": ('class A:\n    x = 1\n    """Says what."""\n', "class A:\n    x = 1\n"),
    "annotations of a function": ("def f(x: int, *y: str) -> int:\n    return x\n", "def f(x, *y):\n    return x\n"),
    "annotations under a decorator that reads none": ("@cache\ndef f(x: int): ...\n", "@cache\ndef f(x): ...\n"),
    "annotations of variables": ("def f():\n    x: list[int] = []\n    y: int\n", "def f():\n    x = []\n"),
    "what only a type checker runs": ("if TYPE_CHECKING:\n    import a\nx = 1\n", "x = 1\n"),
    "an overload": ("@overload\ndef f(x: int) -> int: ...\ndef f(x): return x\n", "def f(x): return x\n"),
    "the order of imports": ("import b, a\nfrom c import e, d\n", "from c import (d, e)\nimport a\nimport b\n"),
    "an import for annotations": ("from typing import Any\nx = 1\n", "x = 1\n"),
    "the wording of an error": ("raise A('not here', x)\n", "raise A('it is nowhere', x)\n"),
    "the wording of an error with values": ("raise A(f'{x} is not here')\n", "raise A(f'there is no {x} or {y}')\n"),
    "the wording in a class of errors": (
        "class A(ValueError):\n    def __init__(self, x):\n        super().__init__(f'no {x} here')\n",
        "class A(ValueError):\n    def __init__(self, x):\n        super().__init__(f'{x} is nowhere')\n",
    ),
}
UNLIKE = {
    "a constant": ("x = 1\n", "x = 2\n"),
    "the type of a constant": ("x = 1\n", "x = True\n"),
    "an operator": ("x = a < b\n", "x = a <= b\n"),
    "the order of statements": ("f()\ng()\n", "g()\nf()\n"),
    "a default": ("def f(x=1): ...\n", "def f(x=2): ...\n"),
    "a field of a class": ("class A:\n    x: int = 1\n", "class A:\n    x: float = 1\n"),
    "annotations that a decorator may read": ("@app.command()\ndef f(x: int): ...\n", "@app.command()\ndef f(x: str): ...\n"),
    "a decorator": ("@cache\ndef f(): ...\n", "def f(): ...\n"),
    "the docstring of a model, which its schema carries": (
        'class A(BaseModel):\n    """One."""\n',
        'class A(BaseModel):\n    """Two."""\n',
    ),
    "where a name comes from": ("from a import x\n", "from b import x\n"),
    "which error is raised": ("raise A('not here')\n", "raise B('not here')\n"),
    "a word in an error that may be a value": ("raise Ended('limit', 'no more')\n", "raise Ended('crash', 'no more')\n"),
    "a text that is returned": ("def f():\n    return 'not here'\n", "def f():\n    return 'it is nowhere'\n"),
    "a branch beside what only a type checker runs": ("if TYPE_CHECKING:\n    x = 1\nelse:\n    x = 2\n", "if TYPE_CHECKING:\n    x = 1\n"),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE)
def test_what_changes_nothing_is_left_out(one: str, other: str) -> None:
    assert read_syntax(one, wording=False).digest == read_syntax(other, wording=False).digest


@pytest.mark.parametrize(("one", "other"), UNLIKE.values(), ids=UNLIKE)
def test_what_may_change_something_counts(one: str, other: str) -> None:
    assert read_syntax(one, wording=False).digest != read_syntax(other, wording=False).digest


def test_the_wording_of_errors_counts_where_it_is_asked_for() -> None:
    texts = ("raise A('not here')\n", "raise A('it is nowhere')\n")
    assert len({read_syntax(text, wording=True).digest for text in texts}) == 2


def test_imports_are_found_wherever_they_stand_but_for_those_of_a_type_checker() -> None:
    source = "from . import a\nif TYPE_CHECKING:\n    import b\ndef f():\n    from c.d import e as x\n    import g.h\n"
    assert set(read_syntax(source, wording=False).imports) == {(1, "", "a"), (0, "c.d", "e"), (0, "g.h", "")}


def test_a_file_that_cannot_be_parsed_counts_as_it_is() -> None:
    assert read_syntax("def", wording=False).digest != read_syntax("def ", wording=False).digest
