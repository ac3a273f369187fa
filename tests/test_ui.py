"""The web page of Dagster on our graph, in a real browser: every asset is drawn, and a backfill does just what was chosen."""

import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from trajtests.browser import FLAGS
from trajtests.projects import Project

from resources.stages import STAGES

pytestmark = [pytest.mark.timeout(600), pytest.mark.chromium]


@pytest.fixture
def address(finished: Project) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (finished.folder / "dev.log").open("w")
    command = [sys.executable, "-m", "pipelines.command", "dev", "--port", str(port)]
    server = subprocess.Popen(command, cwd=finished.folder, env=finished.environ(), stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(url + "/server_info", timeout=2).read()
                break
            except OSError:
                assert server.poll() is None, Path(log.name).read_text()
                time.sleep(0.5)
        yield url
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=60)
        log.close()


def files(project: Project) -> dict[str, set[str]]:
    return {s.name: {item.path for item in project.lake.stored(s.name).values()} for s in STAGES}


@pytest.mark.soak
def test_a_backfill_after_a_weight_change_materialises_just_those_assets_for_all_tasks(
    finished: Project, address: str, chromium: str
) -> None:
    from playwright.sync_api import expect, sync_playwright

    finished.configure(rewards={"outcome": 0.35})
    before = files(finished)
    chosen = ("rewards", "preference_pairs", "calibration_report", "release")
    selection = urllib.parse.quote('key:"rewards"+', safe="")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(f"{address}/asset-groups~{selection}/", wait_until="domcontentloaded")
        page.get_by_role("button", name="Materialize all").first.click(timeout=60_000)
        page.get_by_role("button", name="All", exact=True).click(timeout=30_000)
        page.get_by_role("button", name="Launch backfill").click()
        expect(page.get_by_text("Created backfill").first).to_be_visible(timeout=30_000)
        browser.close()
    for _ in range(400):
        after = files(finished)
        if all(after[name] and before[name].isdisjoint(after[name]) for name in chosen):
            break
        time.sleep(0.5)
    after = files(finished)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == set(chosen), (finished.folder / "dev.log").read_text()[-4000:]
    assert all(len(after[name]) == len(before[name]) for name in before), "all tasks, each once"


def test_every_asset_is_drawn_and_a_partition_that_failed_or_was_blocked_shows_as_failed_until_it_is_computed(
    finished: Project, address: str, chromium: str
) -> None:
    from playwright.sync_api import expect, sync_playwright

    task = min(finished.lake.stored("rewards"))
    damaged = Path(finished.lake.stored("trajectories")[task].path)
    damaged.write_bytes(damaged.read_bytes()[:100])
    finished.lake.drop("rewards", task)
    finished.configure(rewards={"outcome": 0.35})
    groups = urllib.parse.quote(",".join(f"global@global:{group}" for group in ("tasks", "runs", "scores", "data")), safe="")
    problems = finished.run(ok=False)["problems"]
    assert "is damaged" in problems[f"rewards/{task}"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(f"{address}/asset-groups?expanded={groups}", wait_until="domcontentloaded")
        for name in (*(s.name for s in STAGES), "human_labels"):
            expect(page.get_by_text(name, exact=True).first).to_be_visible(timeout=60_000)
        for failed in (1, 0):
            for stage in ("rewards", "preference_pairs"):
                page.goto(f"{address}/assets/{stage}?view=partitions", wait_until="domcontentloaded")
                expect(page.get_by_text(f"Failed ({failed})")).to_be_visible(timeout=60_000)
                expect(page.get_by_text(f"Materialized ({3 - failed})")).to_be_visible()
            if failed:
                assert finished.run()["problems"] == {}
        browser.close()
