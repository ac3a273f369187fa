"""A recording proxy for the APIs of language models: what passes through is written down, one exchange a line.

``agentrecorder.proxy.server`` runs it, ``forward`` passes bytes on, ``answers`` puts streams together, ``exchange`` is what is written.
``agentrecorder.adapters.agentrecorder_proxy.adapter`` makes trajectories of such a log.
"""
