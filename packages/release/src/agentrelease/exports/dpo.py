"""The ``dpo`` config: pairs as a shared prompt and two ways to go on."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from trajschema.messages import Message, message
from trajschema.preference import PreferencePair

from agentrelease.exports.messages import messages_of, tools_of
from agentrelease.records import Records


def dpo_rows(records: Records, definitions: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows with the columns of ``agentrelease.configs.DPO``.

    Left out: a pair with a control or an unknown run in it, one that chooses a doubted pass, and one in which a side does not act.
    """
    for pair in records.pairs:
        sides = _sides(pair, records)
        if sides is None:
            continue
        prompt, chosen, rejected = sides
        yield {
            "task_id": pair.task_id,
            "pair_id": pair.pair_id,
            "repo": records.repo_of(pair.task_id),
            "kind": pair.kind,
            "confirmation": pair.confirmation,
            "prompt": prompt,
            "chosen": chosen,
            "rejected": rejected,
            "tools": tools_of(records.trajectories[pair.chosen_trajectory_id], definitions),
            "chosen_reward": pair.chosen_reward,
            "rejected_reward": pair.rejected_reward,
            "margin": pair.margin,
        }


def _sides(pair: PreferencePair, records: Records) -> tuple[list[Message], list[Message], list[Message]] | None:
    ids = (pair.chosen_trajectory_id, pair.rejected_trajectory_id)
    rewards = [records.rewards.get(i) for i in ids]
    if any(r is None or r.control for r in rewards) or any(i not in records.trajectories for i in ids):
        return None
    outcome = records.outcome_of(records.trajectories[pair.chosen_trajectory_id])
    if outcome is not None and outcome.passed_as == "doubted":
        return None
    chosen, rejected = (messages_of(records.trajectories[i]) for i in ids)
    task = records.tasks.get(pair.task_id)
    return fork(chosen, rejected, task.problem_statement if task else "")


def fork(chosen: list[Message], rejected: list[Message], statement: str) -> tuple[list[Message], list[Message], list[Message]] | None:
    """Prompt and two completions: the prompt is all that both runs share, up to the last place where both let the agent speak.

    Runs that open with different words (agents with prompts of their own) share the problem statement alone. Completions
    begin with a turn of the agent and are never empty; none where that cannot be.
    """
    shared = sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(chosen, rejected, strict=False)))
    cut = max((i for i in range(shared + 1) if _speaks(chosen, i) and _speaks(rejected, i)), default=0)
    if cut:
        return chosen[:cut], chosen[cut:], rejected[cut:]
    first = [next((i for i, m in enumerate(side) if m["role"] == "assistant"), None) for side in (chosen, rejected)]
    if first[0] is None or first[1] is None or not statement:
        return None
    return [message("user", statement)], chosen[first[0] :], rejected[first[1] :]


def _speaks(messages: list[Message], at: int) -> bool:
    return at < len(messages) and messages[at]["role"] == "assistant"
