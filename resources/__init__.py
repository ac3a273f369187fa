"""What the stages reach for: settings, the lake, the sandbox, agents, the judge, labels. Configuration and wiring only.

Nothing here decides what a record says, so a change here makes no stored partition stale.
"""
