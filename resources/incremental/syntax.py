"""What a source file does, whatever it looks like: a digest of its syntax tree without what changes nothing, and its imports.

Left out: comments, layout and the order of imports; docstrings, but for those of pydantic models, which become part of a JSON
Schema that a model may be told; annotations of variables outside classes and of functions, unless a decorator may read them
(pydantic, typer and Dagster do); overloads and what stands under ``if TYPE_CHECKING``; and the messages of
exceptions: string literals with spaces inside ``raise`` and inside exception classes. Annotations in classes stay, because they are fields.

The digest is of our own rendering of the tree, which leaves out empty fields, so that all versions of Python agree on it.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_HARMLESS = {
    *("property", "cached_property", "setter", "classmethod", "staticmethod", "abstractmethod", "override"),
    *("cache", "lru_cache", "contextmanager", "asynccontextmanager", "hookimpl", "wraps"),
}
"""Decorators that read no annotations."""
_ANNOTATING = {"typing", "collections.abc"}
"""Modules whose names serve annotations, and mean the same in whichever file they are imported."""
_SKIPPED = {"ctx", "kind", "type_comment", "type_ignores", "annotation", "returns", "decorator_list"}
_ERRORS = ("Error", "Exception", "Warning")
DATA_FILE = re.compile(r"[\w.-]+\.(?:j2|json|toml|yaml|txt|css|js|cjs|mjs)")
Import = tuple[int, str, str]
"""Dots before the name, the module, and a name out of it (empty for a plain import)."""


@dataclass(frozen=True)
class Syntax:
    """What of a source file counts. ``digest`` has 32 hexadecimal digits."""

    digest: str
    imports: tuple[Import, ...]
    files: tuple[str, ...]
    """Texts in it that look like names of data files."""


def read_syntax(source: str | bytes, *, wording: bool) -> Syntax:
    """The syntax of a file. ``wording``: whether the texts of its errors count, as where an agent reads them.

    A file that cannot be parsed has the digest of its bytes.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        data = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
        return Syntax(hashlib.sha256(data).hexdigest()[:32], (), ())
    rendering = _Rendering(wording)
    rendering.block(tree.body)
    digest = hashlib.sha256("\n".join(rendering.parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return Syntax(digest, tuple(rendering.imports), tuple(rendering.files))


class _Rendering:
    """Walks a tree and writes down, in ``parts``, all that counts."""

    def __init__(self, wording: bool) -> None:
        self.parts: list[str] = []
        self.imports: dict[Import, None] = {}
        self.files: dict[str, None] = {}
        self._wording = wording
        self._in_error = self._in_class = False

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Statements in their order, runs of imports sorted."""
        run: list[str] = []
        for statement in self._counting(body):
            if isinstance(statement, ast.Import | ast.ImportFrom):
                run.extend(self._imported(statement))
                continue
            self._sorted(run)
            self.node(statement)
        self._sorted(run)

    def node(self, node: ast.AST) -> None:
        """One node and all below it."""
        match node:
            case ast.Constant():
                self._constant(node.value)
            case ast.JoinedStr() if self._in_error and any(_is_words(part) for part in node.values):
                self.parts.append("words")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.ClassDef():
                self._class(node)
            case ast.Raise():
                self._fields(node, in_error=not self._wording)
            case _:
                self._fields(node, in_error=self._in_error)

    def _fields(self, node: ast.AST, *, in_error: bool) -> None:
        outer, self._in_error = self._in_error, in_error
        self.parts.append(type(node).__name__)
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None or value == [] or (name in _SKIPPED and not (name == "annotation" and isinstance(node, ast.AnnAssign))):
                continue
            self.parts.append(f".{name}")
            if name in ("body", "orelse", "finalbody") and isinstance(value, list):
                self.block(value)
            elif isinstance(value, list):
                for item in value:
                    self._value(item)
            else:
                self._value(value)
        self.parts.append("/")
        self._in_error = outer

    def _value(self, value: object) -> None:
        if isinstance(value, ast.AST):
            self.node(value)
        else:
            self.parts.append(repr(value))

    def _constant(self, value: object) -> None:
        if isinstance(value, str) and DATA_FILE.fullmatch(value):
            self.files[value] = None
        words = self._in_error and isinstance(value, str) and _has_space(value)
        self.parts.append("words" if words else repr(value))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.node(decorator)
        if not {_last_name(decorator) for decorator in node.decorator_list} <= _HARMLESS:
            for annotated in (node.returns, *(one.annotation for one in ast.walk(node.args) if isinstance(one, ast.arg))):
                self._value(annotated)
        outer, self._in_class = self._in_class, False
        self._fields(node, in_error=self._in_error)
        self._in_class = outer

    def _class(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.node(decorator)
        bases = [_last_name(base) for base in node.bases]
        if "BaseModel" in bases:
            self.parts.append(repr(ast.get_docstring(node)))
        error = not self._wording and any(base.endswith(_ERRORS) for base in bases)
        outer, self._in_class = self._in_class, True
        self._fields(node, in_error=error or self._in_error)
        self._in_class = outer

    def _counting(self, body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in body:
            match statement:
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    continue
                case ast.If() if _last_name(statement.test) == "TYPE_CHECKING":
                    yield from self._counting(statement.orelse)
                case ast.FunctionDef() if "overload" in map(_last_name, statement.decorator_list):
                    continue
                case ast.AnnAssign() if not self._in_class:
                    if statement.value is not None:
                        yield ast.Assign([statement.target], statement.value)
                case _:
                    yield statement

    def _imported(self, statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
        for alias in statement.names:
            if isinstance(statement, ast.Import):
                self.imports[0, alias.name, ""] = None
                yield f"import {alias.name} as {alias.asname}"
            else:
                module = statement.module or ""
                self.imports[statement.level, module, alias.name] = None
                if module not in _ANNOTATING or statement.level or alias.asname:
                    yield f"from {'.' * statement.level}{module} import {alias.name} as {alias.asname}"

    def _sorted(self, run: list[str]) -> None:
        self.parts.extend(sorted(run))
        run.clear()


def _last_name(node: ast.expr) -> str:
    """``b`` of ``b``, ``a.b``, ``a.b(…)`` and ``a.b[…]``."""
    match node:
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return _last_name(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _has_space(text: str) -> bool:
    return any(letter.isspace() for letter in text)


def _is_words(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and _has_space(node.value)
