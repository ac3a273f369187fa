"""Names of modules and paths of their files, either from the other."""

from collections.abc import Sequence

from agentgrader.calls import Function


def root_of(module: str, path: str) -> str:
    """The folder that a module of that name is found from, where its file is at ``path``; empty for the workdir or none."""
    stem = path.removesuffix("/__init__.py").removesuffix(".py")
    inner = module.replace(".", "/")
    return stem[: -len(inner)].rstrip("/") if stem.endswith(inner) else ""


def module_at(path: str, root: str) -> str:
    """Dotted name of the module at ``path``, found from the folder ``root``."""
    inner = path.removeprefix(f"{root}/") if root else path
    return inner.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")


def places_of(functions: Sequence[Function], root: str) -> list[list[str]]:
    """[module, key] of functions, found from the folder ``root``."""
    return [[module_at(path, root), key] for path, key in functions]
