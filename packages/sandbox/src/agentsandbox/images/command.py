"""``agentsandbox images``: see, build, pull and remove images."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from agentsandbox.cache import default_folder
from agentsandbox.errors import SandboxError
from agentsandbox.images import show
from agentsandbox.images.budget import prune
from agentsandbox.images.ensure import ensure_image, ensure_recipe
from agentsandbox.images.inventory import listed
from agentsandbox.images.recipe import Recipe


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line without its first word. Returns the exit status: 1 if it failed, 2 if it was not understood."""
    arguments = _parser().parse_args(argv)
    work: Callable[[argparse.Namespace], str] = arguments.work
    try:
        print(work(arguments))
    except SandboxError as e:
        print(f"images: {e.what}\n  {e.remedy}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as e:
        print(f"images: {e}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agentsandbox images", description="Images that boxes are made of.")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="where recipes and last uses are kept (%(default)s)")
    parser.set_defaults(work=_list, all=False)
    commands = parser.add_subparsers(metavar="list|build|pull|prune", help="list without one")
    listing = commands.add_parser("list", help="show images with size, last use and origin")
    listing.add_argument("--all", action="store_true", help="foreign images too")
    listing.set_defaults(work=_list)
    building = commands.add_parser("build", help="build a recipe, or the base image")
    building.add_argument("recipe", nargs="?", type=Path, help="JSON file of a recipe; the base image without one")
    building.set_defaults(work=_build)
    pulling = commands.add_parser("pull", help="get an image from a registry")
    pulling.add_argument("reference")
    pulling.set_defaults(work=_pull)
    pruning = commands.add_parser("prune", help="remove the least recently used images that the folder has a record of")
    pruning.add_argument("--budget-gb", type=float, default=0.0, help="what may stay, 10⁹ bytes (default: nothing that is not in use)")
    pruning.add_argument("--dry-run", action="store_true", help="only say what would go")
    pruning.set_defaults(work=_prune)
    return parser


def _list(arguments: argparse.Namespace) -> str:
    return show.table(listed(arguments.folder, arguments.all))


def _build(arguments: argparse.Namespace) -> str:
    if arguments.recipe is None:
        return show.line(ensure_image(folder=arguments.folder, progress=_say))
    return show.line(ensure_recipe(_recipe(arguments.recipe), folder=arguments.folder, progress=_say))


def _recipe(file: Path) -> Recipe:
    try:
        return Recipe.from_json(file.read_text(encoding="utf-8"))
    except OSError as e:
        raise SandboxError(f"the recipe {file} cannot be read: {e.strerror}", "name the JSON file of a recipe") from e
    except ValueError as e:
        raise SandboxError(f"{file} is no recipe: {e}", "see `agentsandbox.images.Recipe` for its fields") from e


def _pull(arguments: argparse.Namespace) -> str:
    return show.line(ensure_image(arguments.reference, folder=arguments.folder, progress=_say))


def _prune(arguments: argparse.Namespace) -> str:
    if arguments.budget_gb < 0:
        raise ValueError("--budget-gb: at least 0 is expected")
    return show.pruned(prune(arguments.folder, arguments.budget_gb, dry_run=arguments.dry_run), arguments.dry_run)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
