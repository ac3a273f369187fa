"""The phase gates of the roadmap: what each phase wants of the data, beside what there is."""

from agentview.data import Gate


def phase_gates(*, tasks: int, trajectories: int, pairs: int, human_pairs: int, pearson_r: float | None) -> tuple[Gate, ...]:
    """One gate a line. A figure that was never measured is missing; the training effect is, until a training run is recorded."""
    few = "" if pearson_r is not None else "too few labels"
    return (
        Gate("1", "tasks", tasks, 100),
        Gate("1", "trajectories", trajectories, 200),
        Gate("1", "pairs judged by people", human_pairs, 30),
        Gate("1", "training effect, points", None, 3, "no training run is recorded"),
        Gate("2", "pairs judged by people", human_pairs, 200),
        Gate("2", "Pearson r of rewards and people", pearson_r, 0.8, few),
        Gate("3", "tasks", tasks, 500),
        Gate("3", "trajectories", trajectories, 3000),
        Gate("3", "preference pairs", pairs, 1000),
    )
