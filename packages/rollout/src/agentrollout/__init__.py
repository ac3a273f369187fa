"""Who acts: the tool loop, and embedded policies that need no model, no key and no network.

``agentrollout.loop`` runs an attempt, ``agentrollout.embedded`` lists the embedded agents.
"""
