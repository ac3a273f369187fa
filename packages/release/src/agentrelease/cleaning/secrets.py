"""Secrets in texts: found by their known forms and replaced by a mark that names the form.

Only forms that issuers gave a sign of their own are looked for, since a guess ("a long random word") takes commit hashes, digests and
names of functions with it, and those are what a model must learn to read. A password without a form of its own is not found.
"""

import re
from collections import Counter

_TOKEN = r"[A-Za-z0-9_-]"
_RANDOM = r"(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Z])(?=[A-Za-z0-9_-]*[a-z])"
"""Not a name: digits, capitals and small letters are all in it."""

_FORMS = {
    kind: re.compile(pattern)
    for kind, pattern in (
        (
            "private-key",
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[\s\S]{0,20000}?-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|(?:[\s\\\d]*n?[A-Za-z0-9+/=]{16,})*)",
        ),
        ("jwt", rf"(?<![A-Za-z0-9_-])eyJ{_TOKEN}{{8,}}\.eyJ{_TOKEN}{{8,}}\.{_TOKEN}*"),
        ("github-token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})"),
        ("gitlab-token", rf"\bgl(?:pat|dt|rt|soat|cbt|ptt|ft|imt|agent|oas)-{_TOKEN}{{20,}}"),
        ("anthropic-key", rf"\bsk-ant-{_TOKEN}{{20,}}"),
        ("openai-key", rf"\bsk-(?:proj-|svcacct-|admin-)?{_RANDOM}{_TOKEN}{{20,}}"),
        ("aws-key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        ("aws-secret", r"(?i:(?<=aws_secret_access_key=)|(?<=aws_secret_access_key = )|(?<=aws_secret_access_key: ))[A-Za-z0-9/+]{40}\b"),
        ("google-key", rf"\bAIza{_TOKEN}{{35}}"),
        ("slack-token", r"\bxox[abposr]-[A-Za-z0-9-]{10,}"),
        ("slack-hook", r"\bhooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}"),
        ("hugging-face-token", r"\bhf_(?=[A-Za-z]*\d|[a-z]*[A-Z])[A-Za-z0-9]{30,}"),
        ("pypi-token", rf"\bpypi-AgE{_TOKEN}{{50,}}"),
        ("npm-token", r"\bnpm_(?=[A-Za-z]*\d)[A-Za-z0-9]{36}\b"),
        ("stripe-key", r"\b[sr]k_live_[A-Za-z0-9]{16,}"),
        ("sendgrid-key", rf"\bSG\.{_TOKEN}{{16,}}\.{_TOKEN}{{16,}}"),
        ("bearer-token", rf"(?i:(?<=bearer )){_RANDOM}[A-Za-z0-9._~+/-]{{20,}}=*"),
        ("url-password", r"(?<=://)(?P<user>[^\s:/?#@'\"<>\\]{1,100}):(?P<password>[^\s:/?#@'\"<>\\${}\[\]]{1,200})(?=@[\w.-])"),
    )
}

MAY_HOLD = (
    r"PRIVATE KEY|eyJ[A-Za-z0-9_-]{8}|gh[pousr]_|github_pat_|gl[a-z]{2,5}-|sk-|AKIA|ASIA|(?i:aws_secret_access_key)|AIza|xox|"
    r"hooks\.slack|hf_|pypi-AgE|npm_|k_live_|SG\.|(?i:bearer )|://[^\s/@]+:[^\s/@]+@"
)
"""What a text with any of the forms holds: an expression without look-around, for engines that scan columns."""


def redacted(text: str, found: Counter[str] | None = None) -> str:
    """``text`` with a mark ``<secret: kind>`` in the place of each secret. What was found is added to ``found``, by kind.

    The user of an address stays, and its password goes. Idempotent: a mark holds none of the forms.
    """
    for kind, pattern in _FORMS.items():

        def mark(match: re.Match[str], kind: str = kind) -> str:
            if found is not None:
                found[kind] += 1
            user = match.groupdict().get("user")
            return f"<secret: {kind}>" if user is None else f"{user}:<secret: {kind}>"

        text = pattern.sub(mark, text)
    return text
