"""What can go wrong with a call, by what the caller should do about it.

- :class:`ServiceFailure`: the service did not answer. Nothing is known about the question; ask again later.
- :class:`UnusableAnswer`: the service answered, and the answer cannot be used. Record the reason; asking again is a new try.
- :class:`RequestRejected` and :class:`NotConfigured`: a person must change something first.
"""

from agentllm.usage import TokenUsage


class LLMError(Exception):
    """A call that gave no value. ``what`` happened, and the ``remedy``."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


class ServiceFailure(LLMError):
    """The service gave no answer, after every retry. The same request may succeed later."""


class RateLimited(ServiceFailure):
    """HTTP 429 on the last attempt."""


class Overloaded(ServiceFailure):
    """HTTP 5xx (529 overloaded among them) on the last attempt."""


class ConnectionLost(ServiceFailure):
    """No connection, a time-out, or a connection that broke before the answer was whole."""


class BadResponse(ServiceFailure):
    """HTTP 200 whose body is no message of the protocol: a gateway in between, or half an answer."""


class RequestRejected(LLMError):
    """HTTP 4xx: the key, the model name or the request is wrong."""


class NotConfigured(LLMError):
    """No key, or a provider that is not known."""


class UnusableAnswer(LLMError):
    """The model answered, but there is no value in it. ``usage`` and ``cost_usd`` say what it cost all the same."""

    def __init__(self, what: str, remedy: str, *, usage: TokenUsage | None = None, cost_usd: float | None = None) -> None:
        super().__init__(what, remedy)
        self.usage = usage
        self.cost_usd = cost_usd


class Refused(UnusableAnswer):
    """The model declined."""


class CutOff(UnusableAnswer):
    """The answer reached the token limit."""


class TooLong(UnusableAnswer):
    """The request does not fit the model's context window."""


class Unparsable(UnusableAnswer):
    """The answer does not follow the schema that was asked for."""
