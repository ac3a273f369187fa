"""The page of ``agentreward explain`` in a real browser: the strip leads to steps, evidence to what it points at, and nothing runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from trajtests.browser import FLAGS

pytestmark = pytest.mark.chromium
ATTACK = "</pre><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def step(tool: str, output: str, **params: Any) -> dict[str, Any]:
    return {"tool": tool, "params": params, "output": output}


RUN = {
    "id": "fix",
    "task": "Fix the sign in calc.add.",
    "steps": [
        step("Read", "def add(a, b):\n    return a - b\n", file_path="calc.py"),
        step("Bash", ATTACK, command=f"echo '{ATTACK}'"),
        step("Edit", "done", file_path="calc.py", old_string="    return a - b", new_string="    return a + b"),
        step("Read", "def add(a, b):\n    return a - b\n", file_path="calc.py"),
        {**step("Bash", "3 passed in 0.01s", command="python -m pytest -q"), "exit_code": 0},
    ],
    "outcome": {"success": True, "tests_passed": 3, "tests_total": 3},
}


@pytest.fixture
def why(tmp_path: Path) -> Path:
    file, page = tmp_path / "run.json", tmp_path / "why.html"
    file.write_text(json.dumps([RUN, {**RUN, "id": "again"}]))
    command = [sys.executable, "-m", "agentreward", "explain", str(file), "--rules-only", "--html", str(page)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return page


def test_a_reader_goes_from_cell_to_step_to_evidence(why: Path, chromium: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1100, "height": 700})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(why.as_uri())
        assert page.locator("#r1 .strip .cell").count() == 5
        assert page.locator("#r2 .strip .cell").count() == 5
        low, high = (page.locator(f"#r1 a[href='#r1-{n}'] .track i").first for n in (1, 3))
        colours = [cell.evaluate("c => getComputedStyle(c).backgroundColor") for cell in (low, high)]
        assert colours[0] != colours[1], "a cell is coloured by its reward"
        page.locator("#r1 .strip a[href='#r1-3']").click()
        panel = page.locator("#r1-3")
        expect(panel).to_be_in_viewport()
        assert page.locator(".panel:target").get_attribute("id") == "r1-3"
        expect(panel).to_contain_text("edit.text_had_been_seen")
        expect(panel).to_contain_text("counts: it advanced")
        panel.locator("a[href='#r1-1']").first.click()
        expect(page.locator("#r1-1")).to_be_in_viewport()
        expect(page.locator("#r1-2")).to_contain_text("document.title='owned'")
        assert page.title() == "Why these rewards: 2 runs"
        assert page.locator("main img, script").count() == 0
        assert [url for url in asked if url.split("#")[0] != why.as_uri()] == []
        browser.close()


def test_all_of_it_is_there_without_scripts_and_on_a_phone(why: Path, chromium: str) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_context(java_script_enabled=False, viewport={"width": 380, "height": 700}).new_page()
        page.goto(why.as_uri())
        for n in range(1, 6):
            expect(page.locator(f"#r1-{n}")).to_be_visible()
        expect(page.locator("#r1 .sums")).to_contain_text("process 0.")
        expect(page.locator("#r1 .strip .cell").last).to_be_visible()
        browser.close()
