"""``trajhub status``: what is current, stale or failed, and why, from one listing; and which boxes a run would have. Without Dagster."""

import json
from collections import Counter
from typing import Any

from resources.confirmations import stored_passes
from resources.goals import goals
from resources.incremental.plan import StagePlan, listing, plan
from resources.lake import Lake
from resources.lock import Lock
from resources.settings import Settings

STATES = ("current", "stale", "missing", "failed")


def status(settings: Settings) -> dict[str, Any]:
    """The whole page as plain values."""
    lake = Lake(settings.lake_url)
    plans, stored = plan(settings, lake), listing(lake)
    writer = Lock(settings.lock_file).writer()
    return {
        "data": str(settings.data_dir),
        "judge": "on" if settings.judge.active else "off",
        "sandbox": _sandbox(settings),
        "writer": None if writer is None or writer.owner.is_dead() else {"pid": writer.owner.pid, "host": writer.owner.host},
        "stages": [_stage(p) for p in plans],
        "to_compute": sum(len(p.todo) for p in plans),
        "failures": {f"{p.stage.name}/{x.name}": x.why for p in plans for x in p.partitions if x.state == "failed"},
        "passes": stored_passes(lake, stored["outcomes"]),
        "goals": [{"name": g.name, "have": g.have, "want": g.want, "met": g.met} for g in goals(settings, lake, stored)],
    }


def _sandbox(settings: Settings) -> dict[str, Any]:
    """Which backend boxes would have now, and whether they would share a user of the host; the problem where none works."""
    from agentsandbox.backends import choose
    from agentsandbox.errors import SandboxError

    asked = settings.sandbox
    try:
        backend = choose(asked.backend, environments=settings.data_dir / "environments", allow_local=asked.allow_local)
        return {"backend": backend.name, "shared_uid": backend.shared_uid(), "problem": ""}
    except SandboxError as e:
        return {"backend": asked.backend, "shared_uid": None, "problem": str(e)}


def _stage(p: StagePlan) -> dict[str, Any]:
    why = Counter(x.why for x in p.partitions if x.state in ("stale", "missing"))
    return {"stage": p.stage.name, **{s: p.count(s) for s in STATES}, "rows": p.rows, "why": dict(why)}  # type: ignore[arg-type]


def show(page: dict[str, Any]) -> None:
    """Print it for a person."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("stage", *STATES, "rows", "why", title=f"Agent Trajectory Hub: {page['data']}", title_justify="left")
    for row in page["stages"]:
        table.add_row(
            row["stage"], *(str(row[s] or "") for s in STATES), str(row["rows"]), "; ".join(f"{w} ({n})" for w, n in row["why"].items())
        )
    console.print(table)
    for where, reason in list(page["failures"].items())[:20]:
        console.print(f"[red]failed[/red] {where}: {reason}", highlight=False)
    if page["goals"]:
        shown = Table("goal", "have", "want", "", title="Goals", title_justify="left")
        for goal in page["goals"]:
            have = "missing" if goal["have"] is None else f"{goal['have']:g}"
            shown.add_row(goal["name"], have, f"{goal['want']:g}", "met" if goal["met"] else "open")
        console.print(shown)
    sandbox = page["sandbox"]
    users = sandbox["problem"] or ("shared uid" if sandbox["shared_uid"] else "a uid of its own for each box")
    console.print(f"sandbox: {sandbox['backend']}, {users}", highlight=False)
    if any(page["passes"].values()):
        console.print("passes: " + ", ".join(f"{n} {word}" for word, n in page["passes"].items()))
    console.print(
        f"judge: {page['judge']}; {page['to_compute']} partitions to compute" + (f"; writer: {page['writer']}" if page["writer"] else "")
    )


def as_json(page: dict[str, Any]) -> str:
    """One JSON object."""
    return json.dumps(page, ensure_ascii=False)
