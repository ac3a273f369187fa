"""From scores and an outcome to one reward: layers fused by weight, the gate, the process score, the total."""
