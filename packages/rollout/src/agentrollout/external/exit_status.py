"""Exit statuses by which a program tells why its session ended. 0 is for work handed in, any other for its own crash."""

LIMIT = 124
"""What it may spend is spent, as ``timeout`` says it."""
AWAY = 75
"""What it rests on, such as its model, is away or was never there: not its doing."""
UNSTARTED = (126, 127)
"""It cannot be started, as ``env`` and shells say it."""
