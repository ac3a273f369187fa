"""The card says what is true of this release, in front matter that the Hub reads."""

import re
from dataclasses import replace

import pytest
import yaml
from agentrelease.card import agent_lines, licence_fields
from agentrelease.manifest import read_manifest
from agentrelease.records import records_of
from agentrelease.tables import conform
from trajschema.outcome import confirmation_counts


@pytest.fixture(scope="module")
def card(release):
    return (release / "README.md").read_text()


def test_front_matter_is_read_by_the_hub_client(card, release):
    from huggingface_hub import DatasetCard

    data = DatasetCard(card).data.to_dict()
    assert data["license"] == "other"
    assert data["license_name"] == "bsd-3-clause-and-mit"
    assert data["size_categories"] == ["1K<n<10K"]
    files = {f["path"] for c in data["configs"] for f in c["data_files"]}
    assert files == {f.path for f in read_manifest(release).files if f.path.endswith(".parquet")}


@pytest.mark.parametrize(
    ("licences", "fields"),
    [
        (["MIT", "MIT"], {"license": "mit"}),
        (["Apache-2.0"], {"license": "apache-2.0"}),
        (["MIT", ""], {"license": "other", "license_name": "mit-and-unknown", "license_link": "README.md"}),
        (["LicenseRef-Odd"], {"license": "other", "license_name": "licenseref-odd", "license_link": "README.md"}),
        ([], {"license": "other", "license_name": "unknown", "license_link": "README.md"}),
    ],
)
def test_the_licence_is_that_of_the_upstreams(licences, fields):
    assert licence_fields(licences) == fields


def test_every_upstream_stands_with_its_licence_and_split(card):
    assert "| boltons | train | BSD-3-Clause | https://example.org/boltons | 1.2.0 | 2 |" in card
    assert "| semver | train | MIT |" in card


def test_what_is_not_known_is_said(card):
    assert "**not calibrated: 0 labels**" in card
    assert "No model judge took part" in card
    assert "No language model acted" in card
    assert "was searched for secrets of known forms" in card
    assert "A secret without a form of its own is not found." in card


def test_agents_are_counted_and_controls_named(card, corpus):
    records = records_of(conform(corpus.tables()))
    lines = {line.name: line for line in agent_lines(records)}
    assert lines["oracle"].control
    assert lines["oracle"].resolved == lines["oracle"].graded == 10
    assert f"| localising | 10 | {lines['localising'].graded} | {lines['localising'].resolved} (" in card
    assert "| noop (control) | 10 | 10 | 0 (0.0 %)" in card


def test_passes_are_counted_by_confirmation_overall_and_by_agent(card, corpus):
    whole = confirmation_counts(corpus.outcomes)
    assert min(whole.values()) > 0
    assert f"called from outside the tests ({whole['confirmed']} runs)" in card
    lines = agent_lines(records_of(conform(corpus.tables())))
    assert {word: sum(line.passes[word] for line in lines) for word in whole} == whole
    for line in lines:
        cells = " | ".join(str(line.passes[word]) for word in ("confirmed", "unconfirmed", "doubted"))
        assert re.search(rf"^\| {line.name}[^|]*\|.*%\) \| {re.escape(cells)} \| ", card, re.MULTILINE)


def test_names_cannot_leave_their_cell_or_the_front_matter(tmp_path, corpus, build):
    evil = "x | y\n---\n<script>alert(1)</script> [a](javascript:b)"
    tasks = [corpus.tasks[0].model_copy(update={"repo": evil}), *corpus.tasks[1:]]
    build(tmp_path / "set", replace(corpus, tasks=tasks).rewarded(), name=evil)
    text = (tmp_path / "set" / "README.md").read_text()
    assert "<script>" not in text.split("\n---\n")[-1]
    assert yaml.safe_load(text.split("---\n")[1])["configs"]


def test_a_judge_and_labels_change_what_the_card_claims(tmp_path, corpus, build):
    judged = [s.model_copy(update={"layer": "judge", "scorer_version": "j1"}) for s in corpus.rule_scores]
    build(tmp_path / "set", replace(corpus, judge_scores=judged).rewarded())
    text = (tmp_path / "set" / "README.md").read_text()
    assert f"({len(judged)} scores)" in text
    assert "No model judge" not in text


def test_signals_are_described_and_best_of_k_stands_over_tasks(card):
    assert "| `signals` |" in card
    rows = [line for line in card.splitlines() if line.startswith("| 1 |") or line.startswith("| 2 |")]
    assert [row.split("|")[2].strip() for row in rows] == ["10", "9"], "one task has a run that could not be graded"
    k, _, random, process, oracle = (float(cell) for cell in rows[1].strip("|").split("|"))
    assert k == 2
    assert random < oracle
    assert process <= oracle
