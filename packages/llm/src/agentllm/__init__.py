"""One client for language models.

:mod:`agentllm.client` asks and parses, :mod:`agentllm.errors` names what went wrong, :mod:`agentllm.prices` knows what a
call costs, :mod:`agentllm.cache` answers the same question twice for the price of one, and :mod:`agentllm.standin` is a
server on loopback for tests.
"""
