"""Errors of the sandbox. What an agent did wrong is no error: it is an observation."""


class SandboxError(Exception):
    """The infrastructure failed: engine, image, disk, server. Says nothing about the agent or its diff."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy


class BackendUnavailable(SandboxError):
    """A backend cannot be used on this machine."""


class BoxLost(SandboxError):
    """A box died or stopped answering. Whatever was in it is gone."""


class PatchRejected(ValueError):
    """A patch does not apply."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"patch does not apply: {reason}")
        self.reason = reason
