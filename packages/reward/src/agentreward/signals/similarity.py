"""How similar two patches are, as SWE-RL rewards it."""

from agentreward.errors import MissingExtra
from agentreward.signals.patches import drawn, hunks_of

try:
    import numpy as np
    import numpy.typing as npt
except ImportError as missing:
    raise MissingExtra("comparing patches", "tables") from missing

MALFORMED = -1.0
_CELLS = 2**24
"""Pairs of characters compared at most: two changes of 4,096 characters."""
Runs = npt.NDArray[np.int16]


def patch_similarity(patch: str, gold: str) -> float | None:
    """Similarity in [0, 1] of two unified diffs, or -1 for a ``patch`` that is none.

    The reward of SWE-RL (Wei et al. 2025, section 2): -1 where the answer cannot be read, else how similar the change is to the
    gold patch, by the ratio of ``difflib.SequenceMatcher`` on the characters of normalised diffs
    (:func:`agentreward.signals.patches.drawn`). It is computed file by file over the files of either diff and averaged; a file that
    only one of them changes counts 0. An empty ``patch`` is no answer: -1.

    Missing without a gold patch, and where a file's two changes are too long to compare (over 2²⁴ pairs of characters).
    """
    wanted = hunks_of(gold)
    given = hunks_of(patch)
    if wanted is None:
        return None
    if given is None:
        return MALFORMED
    likeness = []
    for path in sorted(wanted.keys() | given.keys()):
        one, other = given.get(path, []), wanted.get(path, [])
        text, gold_text = drawn(one, other), drawn(other, one)
        if text is None or gold_text is None or len(text) * len(gold_text) > _CELLS:
            return None
        if text or gold_text:
            likeness.append(ratio(text, gold_text) if text and gold_text else 0.0)
    return sum(likeness) / len(likeness) if likeness else None


def ratio(a: str, b: str) -> float:
    """``difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()``, of which this is the vectorised form.

    difflib takes the longest common block, the earliest of equals, and goes on to its left and right; so does this, on the table
    of how many characters before each pair are common. O(len(a) · len(b)) memory at 2 bytes a pair, for at most 2²⁴ pairs.
    """
    if not a and not b:
        return 1.0
    one, other = (np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32) for text in (a, b))
    runs: Runs = np.zeros((len(a) + 1, len(b) + 1), dtype=np.int16)
    for i in range(len(a)):
        np.multiply(runs[i, :-1] + 1, other == one[i], out=runs[i + 1, 1:], casting="unsafe")
    common, waiting = 0, [(0, len(a), 0, len(b))]
    while waiting:
        top, bottom, left, right = waiting.pop()
        if top == bottom or left == right:
            continue
        within = _within(runs[top + 1 : bottom + 1, left + 1 : right + 1])
        i, j = divmod(int(within.argmax()), right - left)
        size = int(within[i, j])
        if size:
            common += size
            end, stop = top + i + 1, left + j + 1
            waiting += [(top, end - size, left, stop - size), (end, bottom, stop, right)]
    return 2.0 * common / (len(a) + len(b))


def _within(runs: Runs) -> Runs:
    """Lengths of common blocks that begin inside the window."""
    rows = np.arange(1, runs.shape[0] + 1, dtype=np.int16)[:, None]
    columns = np.arange(1, runs.shape[1] + 1, dtype=np.int16)[None, :]
    return np.minimum(np.minimum(runs, rows), columns)
