"""One client for language models.

:mod:`agentllm.client` asks one question and parses the answer, :mod:`agentllm.batches` has many of them answered at half the price,
:mod:`agentllm.chat` holds a conversation with tools by one of the :mod:`agentllm.providers`, :mod:`agentllm.cost_limit` bounds what a
whole run may spend, :mod:`agentllm.errors` names what went wrong, :mod:`agentllm.prices` knows what a call costs, and
:mod:`agentllm.cache` answers the same question twice for the price of one.
"""
