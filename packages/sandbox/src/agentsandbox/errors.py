"""Errors of the sandbox. What an agent did wrong is no error: it is an observation."""

from typing import Literal


class SandboxError(Exception):
    """The infrastructure failed: engine, image, disk, server. Says nothing about the agent or its diff."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


class BackendUnavailable(SandboxError):
    """A backend cannot be used on this machine."""


ImageProblem = Literal["invalid", "missing", "denied", "rate_limited", "unreachable", "damaged", "no_space", "broken", "unfit"]
"""Why an image cannot be had: its name is none, not there, not allowed, too many requests, no answer, other bytes than its digest says, the
disk is full, its recipe fails, or it lacks what a box needs."""


class ImageUnavailable(BackendUnavailable):
    """An image cannot be pulled, built or used. Nothing of it is left behind."""

    def __init__(self, reference: str, problem: ImageProblem, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.reference = reference
        self.problem = problem


class Untrusted(SandboxError):
    """A backend that does not isolate was asked for a box for code that may do anything."""

    def __init__(self, backend: str) -> None:
        super().__init__(
            f"the {backend} backend does not isolate and runs embedded agents only",
            "use docker or bubblewrap, or allow it (sandbox.allow_local: true; in code allow_local=True; or --backend local)",
        )


class BoxLost(SandboxError):
    """A box died or stopped answering. Whatever was in it is gone."""


class TreeTooLarge(SandboxError):
    """A tree has more bytes or longer paths than its box can keep, hash or copy."""


class HistoryLeak(SandboxError):
    """A repository in a box holds more than its one commit."""


class CopyRefused(ValueError):
    """A copy into or out of a box would leave the workdir, is too large, or meets what is no file or folder."""


class PatchRejected(ValueError):
    """A patch does not apply."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"patch does not apply: {reason}")
        self.reason = reason
