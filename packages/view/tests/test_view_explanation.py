"""The page of explanations: every step has its cell and its address, and what a run says is only ever text."""

import re
from dataclasses import replace

from agentview.explanation import ExplainedRun, StepPart, render_explanation
from agentview.steps import run_view, scores_by_step
from trajschema.score import Evidence

HOSTILE = '"><script>alert(1)</script>\u202e'


def explained(data, counted=lambda step_id: True, rule="edit.blind") -> ExplainedRun:
    """The longest run of ``data``; evidence of its scores points at its second step."""
    trajectory = max(data.trajectories, key=lambda t: len(t.steps))
    reward = next(r for r in data.rewards if r.trajectory_id == trajectory.trajectory_id)
    why = (Evidence(rule_id=rule, steps=(1, 2), quote=rule),)
    scores = [s.model_copy(update={"evidence": why}) for s in data.scores if s.trajectory_id == trajectory.trajectory_id]
    view = run_view(trajectory, reward, scores_by_step(scores))
    parts = {s.step_id: StepPart(counted(s.step_id), "counts: it advanced", 0.25, (("goal_progress", 0.125),)) for s in view.steps}
    return ExplainedRun(view, (f"total of {rule}",), parts, (f"tampering {rule}",), (f"note {rule}",))


def test_every_step_has_a_cell_that_leads_to_it(data):
    found = explained(data)
    html = render_explanation("Why", [found, found])
    for step in found.run.steps:
        for run in ("r1", "r2"):
            assert f'href="#{run}-{step.step_id}"' in html
            assert html.count(f'id="{run}-{step.step_id}"') == 1


def test_evidence_links_to_steps_of_the_agent_alone(data):
    html = render_explanation("Why", [explained(data)])
    assert '(steps 1, <a href="#r1-2">2</a>)' in html


def test_what_a_step_brings_and_lost_stands_by_it_and_what_is_left_out_is_pale(data):
    found = explained(data, counted=lambda step_id: step_id > 2)
    html = render_explanation("Why", [found])
    assert "brings 0.2500 to the process score" in html
    assert "goal progress: lost 0.1250" in html
    out = re.findall(r'<a href="#r1-(\d+)" class="[^"]*\bout"', html)
    assert out == [str(s.step_id) for s in found.run.steps if s.step_id <= 2]


def test_nothing_that_a_run_says_is_markup(data):
    run = explained(data, rule=HOSTILE)
    run = replace(run, run=replace(run.run, trajectory_id=HOSTILE))
    html = render_explanation(HOSTILE, [run])
    assert "<script" not in html
    assert "\u202e" not in html
    assert "default-src 'none'" in html


def test_a_page_without_runs_and_a_run_without_steps_are_pages(data):
    assert "<main>" in render_explanation("Why", [])
    empty = explained(data)
    html = render_explanation("Why", [replace(empty, run=replace(empty.run, steps=()), parts={})])
    assert "This run has no agent step." in html
