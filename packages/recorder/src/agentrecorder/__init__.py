"""What happened: events of a session written down as they come, and read back as a trajectory.

``agentrecorder.recorder`` writes, ``agentrecorder.events`` reads.
"""
