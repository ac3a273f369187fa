"""Fingerprints of code: what an asset imports counts, what it does not import and what is wiring does not."""

from pathlib import Path

import pytest
from agentsandbox.bootstrap import sources_of
from trajschema.score import RUBRICS

from resources.agent_code import PROGRAM, SANDBOX, TOLD
from resources.incremental.code import NO_SHAPE, Sources
from resources.incremental.syntax_cache import SyntaxCache
from resources.stages import STAGES


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    files = {
        "assets/__init__.py": "",
        "assets/scores.py": "import numpy\nimport pyarrow\nfrom atom.rules import score\nfrom resources.lake import Lake\n",
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
        "requirements.lock": "numpy==2.4.0 \\\n    --hash=sha256:00\npandas==3.1.1\npyarrow==19.0.0\n",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_the_closure_follows_every_form_of_import_and_stops_at_wiring(checkout: Path) -> None:
    found = Sources(checkout).closure("assets.scores")
    assert set(found.modules) == {"assets", "assets.scores", "atom", "atom.rules", "atom.shared", "atom.near", "atom.late"}
    assert found.libraries == ("numpy", "pyarrow")


def test_a_package_that_is_left_out_is_not_followed_unless_one_of_its_modules_is_asked_for(checkout: Path) -> None:
    sources = Sources(checkout)
    assert set(sources.closure("assets.scores", without=("atom",)).modules) == {"assets", "assets.scores"}
    assert set(sources.closure("assets.scores", "atom.near", without=("atom",)).modules) == {"assets", "assets.scores", "atom.near"}


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
    before = Sources(checkout).fingerprint("assets.scores")
    (checkout / file).write_text((checkout / file).read_text() + "\nY = 2\n")
    assert (Sources(checkout).fingerprint("assets.scores") != before) is changes


@pytest.mark.parametrize(
    ("library", "changes"), [("numpy==2.4.0", True), ("pandas==3.1.1", False), ("pyarrow==19.0.0", False)], ids=lambda v: str(v)
)
def test_a_library_counts_by_its_locked_version_if_it_is_imported_and_shapes_what_is_made(
    checkout: Path, library: str, changes: bool
) -> None:
    before = Sources(checkout).fingerprint("assets.scores")
    lock = checkout / "requirements.lock"
    lock.write_text(lock.read_text().replace(library, f"{library}1"))
    assert (Sources(checkout).fingerprint("assets.scores") != before) is changes


def test_every_library_that_is_said_to_shape_nothing_is_reached_by_a_stage_or_an_agent() -> None:
    sources = Sources()
    codes = [*(stage.modules for stage in STAGES), PROGRAM]
    reached = {library for modules in codes for library in sources.closure(*modules).libraries}
    assert set(NO_SHAPE) <= reached


def test_a_file_that_is_parsed_again_or_remembered_reads_the_same(tmp_path: Path) -> None:
    source = b"from . import near\nX = 1\n"
    first = SyntaxCache(tmp_path / "syntax.json")
    made = first.of(source, wording=False)
    first.save()
    assert SyntaxCache(tmp_path / "syntax.json").of(source, wording=False) == made
    (tmp_path / "syntax.json").write_text("{")
    assert SyntaxCache(tmp_path / "syntax.json").of(source, wording=False) == made


def test_a_module_without_source_is_an_error(checkout: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        Sources(checkout).fingerprint("assets.nowhere")


def modules() -> dict[str, set[str]]:
    """Stage → modules in its code."""
    sources = Sources()
    return {stage.name: set(sources.closure(*stage.modules, without=stage.without).modules) for stage in STAGES}


def test_every_stage_has_a_module_and_its_code_leaves_the_wiring_out() -> None:
    for name, found in modules().items():
        assert f"assets.{name}" in found
        assert {module.partition(".")[0] for module in found}.isdisjoint({"resources", "pipelines", "trajruntime"})


def test_all_that_is_sent_into_boxes_counts_for_what_boxes_shape() -> None:
    found = modules()
    server, probes = set(sources_of("agentsandbox.server")), set(sources_of("agentgrader.probes"))
    assert server | probes <= found["task_pool"] & found["outcomes"]
    for code in (TOLD, SANDBOX):  # of agents that are paid for, and of all others
        assert server <= set(Sources().closure(*code).modules)


def test_rules_and_judge_and_grader_do_not_share_what_sets_them_apart() -> None:
    found = modules()
    rules = {f"agentreward.rules.rubrics.{rubric}" for rubric in RUBRICS}
    assert rules <= found["rule_scores"]
    assert rules.isdisjoint(found["rewards"] | found["outcomes"] | found["rollouts"] | found["judge_scores"])
    assert "agentgrader.grade" in found["outcomes"]
    assert "agentgrader.grade" not in found["rollouts"] | found["trajectories"] | found["rule_scores"]


def test_our_code_asks_no_package_for_names_that_it_loads_late() -> None:
    """Such a name says nothing of the module behind it, so an edit there would go unseen."""
    sources = Sources()
    late = {name for name, file in sources.files.items() if file.name == "__init__.py" and "def __getattr__" in file.read_text("utf-8")}
    assert "agentreward" in late
    for module in sources.files:
        for name in sources.imports(module):
            package, _, _ = name.rpartition(".")
            assert package not in late or name in sources.files, f"{module} imports {name}"
