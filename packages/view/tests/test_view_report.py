"""The page: whole, the same each time, open to no one's code, and honest about what is missing."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from agentview.data import ReportData
from agentview.report import render_report
from agentview.summary import agent_summaries, pass_difference
from trajschema.calibration import Calibration, Figure
from trajschema.outcome import Difference, Differential, confirmation_counts

VOID = {"meta", "input", "br", "path", "use", "circle", "rect", "line"}


class Page(HTMLParser):
    """Tags, attributes and visible text; complains of tags that do not close in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def shuffled(data):
    turned = {
        name: tuple(reversed(getattr(data, name)))
        for name in ("tasks", "trajectories", "outcomes", "scores", "rewards", "pairs", "rollouts")
    }
    return replace(data, **turned)


def test_the_page_is_the_same_each_time_whatever_the_order_of_records(data):
    assert render_report(data) == render_report(data) == render_report(shuffled(data))


def test_the_page_stands_alone(data):
    page = Page(render_report(data))
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(page.tags)
    links = [value for _, name, value in page.attributes if name in ("href", "src", "xlink:href", "action")]
    assert links
    assert all(link.startswith("#") for link in links)
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert "url(http" not in render_report(data)


def test_every_anchor_and_label_leads_to_one_element(data):
    page = Page(render_report(data))
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    wanted = [value.lstrip("#") for _, name, value in page.attributes if name in ("href", "xlink:href", "for")]
    assert set(wanted) <= set(ids)


def test_the_numbers_are_those_of_the_records(data):
    page = Page(render_report(data))
    runs = [r for r in data.rewards if not r.control]
    resolved = sum(r.verdict == "resolved" for r in runs)
    assert f"{resolved} of {len(runs)} graded runs, no controls" in page.words
    for agent in agent_summaries(data):
        assert f"{agent.resolved}/{agent.runs}" in page.words
    assert f"{len(data.pairs)} in all" in page.words
    gap = pass_difference(data)
    assert f"Paired by task over {gap.n} tasks" in page.words


def test_a_step_shows_its_call_its_answer_and_why_it_was_scored(data):
    words = Page(render_report(data)).words
    for expected in (
        "python -m pytest -q tests/test_time.py",
        "2 failed, 7 passed",
        "tests.better",
        "2 failed → 9 passed",
        "goal progress rule",
    ):
        assert expected in words


HOSTILE = "</pre></details><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}\x1b[2J\u202e\ud800"


def hostile(data: ReportData) -> ReportData:
    """Everything that an agent, a tool, a task or a judge can say is an attack."""

    def poison(step):
        seen = tuple(o.model_copy(update={"content": HOSTILE, "error": HOSTILE}) for o in step.observations)
        calls = tuple(c.model_copy(update={"raw_name": HOSTILE, "arguments": HOSTILE}) for c in step.tool_calls)
        return step.model_copy(update={"message": HOSTILE, "reasoning": HOSTILE, "observations": seen, "tool_calls": calls})

    def evidence(score):
        return score.model_copy(
            update={
                "evidence": tuple(e.model_copy(update={"rule_id": HOSTILE, "quote": HOSTILE}) for e in score.evidence),
                "missing_reason": HOSTILE,
            }
        )

    return replace(
        data,
        title=HOSTILE,
        tasks=tuple(t.model_copy(update={"problem_statement": HOSTILE, "repo": HOSTILE, "gold_patch": HOSTILE}) for t in data.tasks),
        trajectories=tuple(
            t.model_copy(update={"steps": tuple(map(poison, t.steps)), "final_diff": HOSTILE, "agent": HOSTILE}) for t in data.trajectories
        ),
        scores=tuple(map(evidence, data.scores)),
        rewards=tuple(r.model_copy(update={"agent": HOSTILE + r.agent, "verdict": r.verdict}) for r in data.rewards),
        pairs=tuple(p.model_copy(update={"why": HOSTILE}) for p in data.pairs),
        calibration=Calibration(labels=1, used=1, status=HOSTILE, figures=(Figure(name=HOSTILE, reason=HOSTILE),), problems=(HOSTILE,)),
        facts={HOSTILE: HOSTILE},
        compare=(HOSTILE + "localising", HOSTILE + "random"),
    )


def test_what_runs_say_is_inert(data):
    html = render_report(hostile(data))
    page = Page(html)
    assert not {"script", "img"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.words
    assert "{{ 7*7 }}" in page.words
    html.encode("utf-8")
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_agents_with_names_like_formulas_or_markup_are_drawn(data):
    names = {"random": "$x^$", "noisy": "<b>&", "localising": "a" * 200}
    rewards = tuple(r.model_copy(update={"agent": names.get(r.agent, r.agent)}) for r in data.rewards)
    assert "$x^$" in Page(render_report(replace(data, rewards=rewards))).words


def test_an_empty_set_has_a_page_that_says_so():
    empty = ReportData(
        title="Nothing yet",
        tasks=(),
        trajectories=(),
        outcomes=(),
        scores=(),
        rewards=(),
        pairs=(),
        calibration=Calibration(labels=0, used=0, status="not calibrated: 0 labels"),
    )
    words = Page(render_report(empty)).words
    for expected in (
        "not calibrated: 0 labels",
        "There are no pairs yet",
        "There are no tasks yet",
        "have no task in common",
    ):
        assert expected in words


def test_doubts_stand_with_their_evidence(data):
    assert "Doubts" not in Page(render_report(data)).words
    differs = {"function": "m.py::f", "arguments": "'<b>'", "origin": "mutated", "what": "result", "gold": "3", "candidate": "4"}
    said = Differential(functions=("m.py::f",), recorded=2, compared=90, differing=7, differences=(Difference(**differs),))
    first = data.outcomes[0].model_copy(update={"tamper": ("conftest.py was put back",), "differential": said})
    words = Page(render_report(replace(data, outcomes=(first, *data.outcomes[1:])))).words
    assert "tampering conftest.py was put back" in words
    assert "differs 7 of 90 calls differ from the gold patch m.py::f('<b>'): 4, gold patch 3" in words


def test_passes_are_counted_by_confirmation_and_a_doubted_one_stands_with_its_reason(data):
    passes = [o for o in data.outcomes if o.verdict == "resolved"]
    words = ["doubted", "unconfirmed", *["confirmed"] * (len(passes) - 2)]
    told = {p.rollout_id: w for p, w in zip(passes, words, strict=True)}
    outcomes = tuple(
        o.model_copy(update={"confirmation": told[o.rollout_id], "confirmation_reason": f"{told[o.rollout_id]} <b>why</b>"})
        if o.rollout_id in told
        else o
        for o in data.outcomes
    )
    judged = replace(data, outcomes=outcomes)
    words = Page(render_report(judged)).words
    assert f"{len(passes) - 2} confirmed, 1 doubted, 1 unconfirmed here" in words
    assert "resolved doubted doubted <b>why</b>" in words
    whole = confirmation_counts(outcomes)
    assert {w: sum(a.passes[w] for a in agent_summaries(judged)) for w in whole} == whole


def test_missing_rewards_stay_missing(data):
    bare = tuple(
        r.model_copy(update={"total": None, "process": None, "outcome": None, "step_rewards": (), "verdict": "error"}) for r in data.rewards
    )
    words = Page(render_report(replace(data, rewards=bare, scores=(), pairs=()))).words
    assert "no graded run" in words
    assert "No reward" in words
    assert "Nothing scored this step" in words
    assert not re.search(r"\bnan\b", words.lower())


def test_goals_say_what_is_met_open_and_not_measured_and_none_stated_shows_none(data):
    words = Page(render_report(data)).words
    assert "rewards agree with people – 0.8 not measured" in words
    assert "labels 0 30 open" in words
    assert "Goals" not in Page(render_report(replace(data, goals=()))).words


def test_calibration_figures_stand_with_intervals_and_baselines(data):
    figures = (Figure(name="pearson_r", value=0.71, low=0.6, high=0.8, n=120), Figure(name="spearman_rho", n=1, reason="one label"))
    done = Calibration(
        labels=130, used=120, annotators=3, status="calibrated", figures=figures, baselines=(Figure(name="pearson_r", value=0.4, n=120),)
    )
    words = Page(render_report(replace(data, calibration=done))).words
    assert "120 of 130 labels by 3 annotators" in words
    assert "0.710 0.600 to 0.800" in words
    assert "one label" in words
    assert "baseline" in words


def test_colours_follow_the_theme_of_the_reader(data):
    html = render_report(data)
    drawn = "".join(re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL))
    assert "var(--ink)" in drawn
    assert not re.search(r"#[0-9a-f]{6}\b", drawn)
    assert "prefers-color-scheme: dark" in html


@pytest.mark.chromium
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a Chromium browser on the path (chromium)")
def test_a_browser_shows_the_page_and_runs_nothing_in_it(data, tmp_path):
    page = tmp_path / "report.html"
    page.write_text(render_report(hostile(data)), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"]
    found = subprocess.run(
        ["chromium", *flags, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert "Step by step" in found.stdout
    assert "<script" not in found.stdout
    assert "onerror=" not in re.sub(r"&lt;.*?&gt;", "", found.stdout)
