"""Signals for those who train on runs: columns beside the reward, none of which enters it."""

from pydantic import Field

from trajschema.record import Part, Record


class BestOf(Part):
    """Chance that the run picked out of k runs at a task is resolved."""

    k: int = Field(ge=1, description="Runs to pick from.")
    random: float = Field(ge=0, le=1, description="Any of them.")
    process: float = Field(ge=0, le=1, description="The one with the highest process score.")
    oracle: float = Field(ge=0, le=1, description="A resolved one if there is any: pass@k.")


class GroupSignals(Record):
    """The runs at one task that can be compared: no controls, all of them judged or none."""

    task_id: str = Field(description="Task of the runs.")
    judged: bool = Field(description="Whether judge scores took part in their rewards.")
    runs: int = Field(ge=1, description="Runs of the group.")
    rewarded: int = Field(ge=0, description="Of these, with a total.")
    graded: int = Field(ge=0, description="Of these, resolved or unresolved.")
    solve_rate: float | None = Field(None, ge=0, le=1, description="Share of the graded runs that is resolved; missing without one.")
    mean_total: float | None = Field(None, ge=0, le=1, description="Mean total; missing without one.")
    best_of: tuple[BestOf, ...] = Field((), description="For each k up to the graded runs that have a process score.")


class RolloutSignals(Record):
    """One run as a trainer needs it."""

    trajectory_id: str = Field(description="Trajectory.")
    task_id: str | None = Field(None, description="Its task, where it is known.")
    agent: str = Field("", description="Name of the agent.")
    control: bool = Field(False, description="Whether the agent is a control. Controls are in no group.")
    group_size: int = Field(0, ge=0, description="Runs with a total at the same task that it is compared with, itself included.")
    advantage_grpo: float | None = Field(None, description="(total - mean) / (std + 1e-4) in its group; 0 where all totals are equal.")
    advantage_dr_grpo: float | None = Field(None, description="Total minus the mean of its group.")
    advantage_leave_one_out: float | None = Field(None, description="Total minus the mean of the others in its group.")
    no_advantage: str | None = Field(None, description="Why there is no advantage.")
    solve_rate: float | None = Field(None, ge=0, le=1, description="Share of the graded runs of its group that is resolved.")
    patch_similarity: float | None = Field(
        None, ge=-1, le=1, description="Likeness to the gold patch; -1 for no patch or a malformed one; missing without a gold patch."
    )
    fault_first_seen: int | None = Field(None, ge=1, description="First step that looked at or changed a file of the gold patch.")
    localisation_recall: float | None = Field(None, ge=0, le=1, description="Share of the gold patch's files that the run looked at.")
    cut_off: bool | None = Field(None, description="Ended by a limit (compact filter); missing where it is not known how it ended.")
    cut_by_time: bool | None = Field(None, description="Ended by the time limit.")
    cut_by_length: bool | None = Field(None, description="Ended by a limit on tokens or context.")
    cut_by_steps: bool | None = Field(None, description="Ended by the limit on steps.")
    overlong_penalty: float | None = Field(
        None, ge=-1, le=0, description="0, falling to -1 at the step limit; missing where the limit is not known."
    )
    loss_mask: tuple[int, ...] = Field((), description="For each step in order: 1 to learn from, 0 not.")
