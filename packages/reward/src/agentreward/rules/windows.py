"""What tools with a window say of themselves: which file is open, and which of its lines they show."""

import re

from trajschema.trajectory import Observation

from agentreward.rules.actions import Action, path_name

_OPEN = re.compile(r"\[File: (/[^\n]{0,500}?) \(\d+ lines total\)\]")
_OPEN_BELOW = re.compile(r"^\(Open file: (/[^\r\n]{0,500})\)\r?$", re.MULTILINE)
_FOLDER = re.compile(r"^\(Current directory: (/[^\r\n]{0,500})\)\r?$", re.MULTILINE)
_BELOW = 2_000
_LINES = re.compile(r"^\[lines (\d{1,9})-(\d{1,9}) of \d{1,9}; \d{1,9} above, \d{1,9} below\]\n?\Z", re.MULTILINE)
_LINES_MAX = 100


def in_window(action: Action, observation: Observation | None) -> Action:
    """``action`` on the file that an editor with a window has open, where it names none itself.

    The answer says which. What was opened last would not do: a copy of that step would move later changes to another file.
    """
    if observation is None or action.shell or action.kind not in ("read", "edit"):
        return action
    below = observation.content[-_BELOW:]
    found = _OPEN.match(observation.content) or _OPEN_BELOW.search(below)
    if found is None:
        return action
    folder = _FOLDER.search(below)
    path = path_name(found[1].removeprefix(f"{folder[1].rstrip('/')}/") if folder else found[1])
    return action._replace(path=path, key=f"{action.key}@{path}")


def lines_shown(action: Action, observation: Observation | None) -> tuple[int | None, int | None]:
    """The lines that a reading showed: those asked for, or the window that the tool says it chose."""
    if observation is not None and not action.shell:
        end = observation.content[-_LINES_MAX:]
        said = _LINES.search(end) if "below]" in end else None
        if said:
            return int(said[1]), int(said[2])
    return action.start, action.end
