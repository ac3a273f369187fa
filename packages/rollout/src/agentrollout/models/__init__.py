"""Language models as agents: what one is told, and how its answers become turns."""
