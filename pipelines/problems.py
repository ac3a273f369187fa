"""What stands between the stored partitions and a release: failures, lost rows, controls that went wrong."""

from resources.incremental.plan import listing
from resources.lake import Lake


def problems(lake: Lake, stages: tuple[str, ...]) -> dict[str, str]:
    """`stage/partition` → what is wrong: failures, and rows lost to infrastructure."""
    stored = listing(lake)
    found = {}
    for name in stages:
        found.update(
            {
                f"{name}/{p}": "some rows were lost to infrastructure and are tried again by the next run"
                for p, item in stored[name].items()
                if item.partial
            }
        )
        found.update({f"{name}/{p}": failure.error for p, failure in lake.failures(name).items()})
    return dict(sorted(found.items()))


def control_faults(lake: Lake) -> dict[str, str]:
    """Controls that did not do what proves the grader: the oracle solves every task and is not doubted, no-op solves none."""
    stored = listing(lake)
    found = {}
    for task, item in stored["rewards"].items():
        for row in lake.read(item, columns=["agent", "control", "verdict", "confirmation"]).to_pylist():
            wanted = {"oracle": "resolved", "noop": "unresolved"}.get(row["agent"]) if row["control"] else None
            if wanted and row["verdict"] not in (wanted, "error", "not_evaluated"):
                ended = "doubted" if row.get("confirmation") == "doubted" else row["verdict"]
                found[f"rewards/{task}"] = f"the {row['agent']} control is {ended}, not {wanted}: the task or the grader is wrong"
    return found
