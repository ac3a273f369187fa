"""Fingerprints: what an asset imports counts, what it does not import and what is wiring does not."""

import ast
from pathlib import Path

import pytest
from trajschema.score import RUBRICS

from resources.incremental.code import CHECKOUT, closure, fingerprint, imports, source_roots
from resources.stages import STAGES


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    files = {
        "assets/__init__.py": "",
        "assets/scores.py": "import numpy\nfrom atom.rules import score\nfrom resources.lake import Lake\n",
        "assets/other.py": "import atom.other\n",
        "resources/__init__.py": "",
        "resources/lake.py": "X = 1\n",
        "packages/atom/src/atom/__init__.py": "",
        "packages/atom/src/atom/rules.py": (
            "from atom import shared\nfrom . import near\n\nif TYPE_CHECKING:\n    from atom import typed\n\n"
            "def score():\n    import atom.late\n"
        ),
        "packages/atom/src/atom/shared.py": "",
        "packages/atom/src/atom/near.py": "",
        "packages/atom/src/atom/late.py": "",
        "packages/atom/src/atom/typed.py": "",
        "packages/atom/src/atom/other.py": "",
        "requirements.lock": "numpy==2.4.0 \\\n    --hash=sha256:00\npandas==3.1.1\n",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_the_closure_follows_every_form_of_import_and_stops_at_wiring(checkout: Path) -> None:
    files, libraries = closure("assets.scores", checkout=checkout)
    names = {f.stem for f in files}
    assert {"scores", "rules", "shared", "near", "late"} <= names
    assert names.isdisjoint({"lake", "other", "typed"})
    assert libraries == ["numpy"]


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("packages/atom/src/atom/rules.py", True),
        ("packages/atom/src/atom/late.py", True),
        ("packages/atom/src/atom/other.py", False),
        ("resources/lake.py", False),
    ],
)
def test_an_edit_changes_the_fingerprint_of_just_what_imports_it(checkout: Path, file: str, changes: bool) -> None:
    before = fingerprint("assets.scores", checkout=checkout)
    (checkout / file).write_text((checkout / file).read_text() + "\nY = 2\n")
    assert (fingerprint("assets.scores", checkout=checkout) != before) is changes


def test_a_library_counts_by_its_locked_version_and_only_if_it_is_imported(checkout: Path) -> None:
    before = fingerprint("assets.scores", checkout=checkout)
    lock = checkout / "requirements.lock"
    lock.write_text(lock.read_text().replace("pandas==3.1.1", "pandas==3.2.0"))
    assert fingerprint("assets.scores", checkout=checkout) == before
    lock.write_text(lock.read_text().replace("numpy==2.4.0", "numpy==2.5.0"))
    assert fingerprint("assets.scores", checkout=checkout) != before


def test_a_module_without_source_is_an_error(checkout: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        fingerprint("assets.nowhere", checkout=checkout)


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.name)
def test_every_stage_has_a_module_and_its_code_leaves_the_wiring_out(stage) -> None:
    files, _ = closure(*stage.modules)
    tops = {f.relative_to(CHECKOUT).parts[0] for f in files}
    assert tops <= {"assets", "packages", "schema"}


def test_what_runs_in_the_box_counts_for_what_boxes_shape() -> None:
    server = "packages/sandbox/src/agentsandbox/server/toolbox.py"
    shaped = {s.name for s in STAGES if server in {str(f.relative_to(CHECKOUT)) for f in closure(*s.modules)[0]}}
    assert shaped == {"task_pool", "rollouts", "outcomes"}


def test_rules_and_judge_and_grader_do_not_share_what_sets_them_apart() -> None:
    names = {stage.name: {str(f.relative_to(CHECKOUT)) for f in closure(*stage.modules)[0]} for stage in STAGES}
    rules = {f"packages/reward/src/agentreward/rules/rubrics/{rubric}.py" for rubric in RUBRICS}
    assert rules <= names["rule_scores"]
    assert rules.isdisjoint(names["rewards"] | names["outcomes"] | names["rollouts"] | names["judge_scores"])
    grading = "packages/sandbox/src/agentsandbox/grading.py"
    assert grading in names["outcomes"]
    assert grading not in names["rollouts"] | names["trajectories"] | names["rule_scores"]


def imports_by_syntax_tree(source: str, module: str, is_package: bool) -> set[str]:
    found = set()
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".") if is_package else module.split(".")[:-1]
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names if alias.name != "*"}
    return found


def test_no_import_of_any_source_file_is_missed() -> None:
    tops = source_roots()
    files = [(top, file) for top, root in tops.items() for file in sorted((root / top).rglob("*.py"))]
    assert len(files) > 50
    for top, file in files:
        parts = file.relative_to(tops[top]).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        source = file.read_text(encoding="utf-8")
        missed = imports_by_syntax_tree(source, module, file.name == "__init__.py") - set(
            imports(source, module, file.name == "__init__.py")
        )
        assert not missed, file


def test_our_code_asks_no_package_for_names_that_it_loads_late() -> None:
    """Such a name says nothing of the module behind it, so an edit there would go unseen."""
    late = {top for top, root in source_roots().items() if "def __getattr__" in (root / top / "__init__.py").read_text(encoding="utf-8")}
    assert "agentreward" in late
    for top, root in source_roots().items():
        for file in (root / top).rglob("*.py"):
            parts = file.relative_to(root).with_suffix("").parts
            for name in imports(file.read_text(encoding="utf-8"), ".".join(parts), is_package=False):
                package, _, rest = name.partition(".")
                if package in late and rest:
                    home = source_roots()[package] / package / rest.split(".")[0]
                    assert home.is_dir() or home.with_suffix(".py").is_file(), f"{file} imports {name}"
