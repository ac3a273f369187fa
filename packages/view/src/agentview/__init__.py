"""How runs are shown: one renderer of steps, diffs, scores and pairs, and the statistics beside them."""
