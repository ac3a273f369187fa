"""The data card: front matter that loaders read, and a text that says what the release is and what it is not."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from agentreward.signals.rows import group_signals, groups_of, mean_best_of
from jinja2 import Environment, PackageLoader, StrictUndefined
from trajschema.calibration import Calibration
from trajschema.outcome import Confirmation, confirmation_counts
from trajschema.score import Reward
from trajschema.task import Task

from agentrelease.configs import CONFIGS, DEFAULT_CONFIG, file_of
from agentrelease.records import Records
from agentrelease.splits import SPLITS

_HUB_LICENCES = ("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "Unlicense")
"""SPDX expressions that the Hub has a name for: the same in small letters."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))


@dataclass(frozen=True)
class AgentLine:
    """What the card says of one agent."""

    name: str
    control: bool
    runs: int
    graded: int
    resolved: int
    """As rewards count it: without doubted passes and signs of tampering."""
    passes: Mapping[Confirmation, int]
    """Runs that the tests call resolved, by confirmation."""
    total: float | None
    """Mean total reward over the runs that have one."""


@dataclass(frozen=True)
class LicenceLine:
    """One upstream release that tasks come from."""

    repo: str
    split: str
    licence: str
    repository: str
    version: str
    tasks: int


@dataclass(frozen=True)
class CardData:
    """All that the card is made from."""

    name: str
    records: Records
    rows: Mapping[str, Mapping[str, int]]
    """Rows by config and split; only what has rows."""
    repository_splits: Mapping[str, str]
    calibration: Calibration
    judge_scores: int
    """Judge scores that are not missing."""
    secrets: Mapping[str, int]
    """Secrets replaced by marks, by kind."""


def render_card(data: CardData) -> str:
    """README.md of the release."""
    text = (
        _environment()
        .get_template("card.md.j2")
        .render(
            data=data,
            configs=[(CONFIGS[name], counts) for name, counts in data.rows.items()],
            splits=SPLITS,
            agents=agent_lines(data.records),
            passes=confirmation_counts(data.records.outcomes.values()),
            licences=licence_lines(data.records.tasks.values(), data.repository_splits),
            totals=_totals(data.records),
            best_of=mean_best_of([group_signals(group) for group in groups_of(data.records.rewards.values())]),
        )
    )
    return f"---\n{front_matter(data)}---\n\n{text}"


def front_matter(data: CardData) -> str:
    """The YAML that the Hub and ``datasets`` read: configs with their files, licences, size, tags."""
    fields: dict[str, Any] = {
        **licence_fields(task.source.licence for task in data.records.tasks.values()),
        "language": ["en"],
        "pretty_name": " ".join(data.name.split()),
        "size_categories": [_size(sum(sum(counts.values()) for counts in data.rows.values()))],
        "tags": ["agent", "code", "dpo", "process-reward", "rl", "sft", "trajectories"],
        "task_categories": ["reinforcement-learning", "text-generation"],
        "configs": [_config(name, counts) for name, counts in data.rows.items()],
    }
    text: str = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=1000)
    return text


def _config(name: str, counts: Mapping[str, int]) -> dict[str, Any]:
    files = [{"split": split, "path": file_of(name, split)} for split in SPLITS if counts.get(split)]
    default = {"default": True} if name == DEFAULT_CONFIG else {}
    return {"config_name": name, **default, "data_files": files}


def licence_fields(licences: Iterable[str]) -> dict[str, str]:
    """The Hub's licence fields for a set of SPDX expressions: one that the Hub knows by itself, else ``other`` and all names."""
    found = sorted({licence or "unknown" for licence in licences})
    if len(found) == 1 and found[0] in _HUB_LICENCES:
        return {"license": found[0].lower()}
    return {"license": "other", "license_name": _slug("-and-".join(found) or "unknown"), "license_link": "README.md"}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def licence_lines(tasks: Iterable[Task], splits: Mapping[str, str]) -> list[LicenceLine]:
    """One line for each repository, version and licence that tasks come from."""
    counts = Counter((t.repo, t.source.licence or "unknown", t.source.repository, t.source.version or t.source.commit) for t in tasks)
    return [
        LicenceLine(repo, splits[repo], licence, address, version, counts[repo, licence, address, version])
        for repo, licence, address, version in sorted(counts)
    ]


def agent_lines(records: Records) -> list[AgentLine]:
    """Runs, verdicts, confirmations and mean reward by agent, controls last."""
    by_agent: dict[tuple[bool, str], list[Reward]] = {}
    for reward in records.rewards.values():
        by_agent.setdefault((reward.control, reward.agent), []).append(reward)
    return [_agent_line(name, control, by_agent[control, name], records) for control, name in sorted(by_agent)]


def _agent_line(name: str, control: bool, rewards: list[Reward], records: Records) -> AgentLine:
    totals = [r.total for r in rewards if r.total is not None]
    verdicts = Counter(r.verdict for r in rewards)
    graded, resolved = verdicts["resolved"] + verdicts["unresolved"], verdicts["resolved"]
    passes = confirmation_counts(o for r in rewards if (o := records.outcomes.get(r.rollout_id or "")))
    return AgentLine(name, control, len(rewards), graded, resolved, passes, sum(totals) / len(totals) if totals else None)


def _totals(records: Records) -> dict[str, int]:
    runs = records.trajectories.values()
    return {
        "tasks": len(records.tasks),
        "injected": sum(t.source.kind == "injected" for t in records.tasks.values()),
        "comparable": sum(t.comparable for t in records.tasks.values()),
        "uncertified": sum(t.certificate is None for t in records.tasks.values()),
        "repositories": len({t.repo for t in records.tasks.values()}),
        "runs": len(records.trajectories),
        "modelled": sum(t.model is not None for t in runs),
        "homeless": sum(records.repo_of(t.task_id) is None for t in runs),
        "tampered": sum(bool(o.tamper) for o in records.outcomes.values()),
        "no_total": sum(r.total is None for r in records.rewards.values()),
        "pairs": len(records.pairs),
        "controls": sum(r.control for r in records.rewards.values()),
    }


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "10M<n<100M")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("agentrelease"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    return environment


def _cell(value: object) -> str:
    """Text that cannot leave its table cell, nor act as markup."""
    text = " ".join(str(value).split())
    for plain, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("`", "&#96;"), ("[", "&#91;"), ("]", "&#93;")):
        text = text.replace(plain, safe)
    return text
