"""Get an image from a registry, whatever the network does meanwhile.

The engine itself resumes a layer whose connection broke; a pull that fails all the same is started again here.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import requests
from docker import auth
from docker.utils import parse_repository_tag

from agentsandbox.errors import ImageProblem, ImageUnavailable
from agentsandbox.images.engine import SPACE_REMEDY, engine

Progress = Callable[[str], None]

_TRIES: dict[ImageProblem, int] = {"unreachable": 3, "damaged": 3, "rate_limited": 5, "broken": 5}
_LONGER = {"rate_limited": 4}
"""A registry that counts requests wants longer pauses."""
_SIGNS: tuple[tuple[ImageProblem, str], ...] = (
    ("no_space", r"no space left on device"),
    ("rate_limited", r"toomanyrequests|too many requests|\b429\b|rate limit"),
    ("invalid", r"invalid reference"),
    ("missing", r"manifest unknown|manifest for .* not found|name unknown|no such image|repository .* not found"),
    ("denied", r"unauthorized|access denied|\b40[13]\b|no basic auth|denied:"),
    ("damaged", r"verification failed|digest mismatch|unexpected commit digest|invalid checksum"),
    ("unreachable", r"connection refused|no such host|network is unreachable|no route to host|server misbehaving|x509|timed? ?out|timeout"),
)
REMEDY: dict[ImageProblem, str] = {
    "no_space": SPACE_REMEDY,
    "rate_limited": "log in to the registry (`docker login`), wait, or take a mirror",
    "invalid": "write it as NAME, NAME:TAG or NAME@sha256:…, with its registry in front",
    "missing": "check name and tag, or build or load that image",
    "denied": "check the name, and log in to the registry (`docker login`)",
    "damaged": "the registry sends other bytes than it says; ask whoever runs it",
    "unreachable": "check the network and the registry's address, or build or load that image",
    "broken": "try again later; see the message",
}
_SAY_EVERY_S = 5.0


def pull(reference: str, progress: Progress, *, pause_s: float = 1.0, silence_s: int = 300, tries: int | None = None) -> None:
    """Pull ``reference``, trying again after failures that may pass, with pauses from ``pause_s`` doubled each time.

    ``silence_s`` is how long the engine may say nothing before the attempt is given up. ``tries`` overrides how many there are.

    Raises:
        ImageUnavailable: names the reference, the kind of problem and the remedy.
        BackendUnavailable: the engine fails.
    """
    attempt = 0
    while True:
        attempt += 1
        said = _attempt(reference, progress, silence_s)
        if said is None:
            return
        problem = classify(said)
        if attempt >= (tries or _TRIES.get(problem, 1)):
            tried = f" after {attempt} attempts" if attempt > 1 else ""
            raise ImageUnavailable(
                reference, problem, f"there is no image {reference!r} and it cannot be pulled{tried} ({said})", REMEDY[problem]
            )
        pause = pause_s * 2 ** (attempt - 1) * _LONGER.get(problem, 1)
        progress(f"{reference}: {said}; trying again in {pause:.0f} s")
        time.sleep(pause)


def classify(said: str) -> ImageProblem:
    """Kind of problem behind what the engine said about a pull; ``broken`` for what may be anything."""
    return next((problem for problem, sign in _SIGNS if re.search(sign, said, re.IGNORECASE)), "broken")


def _attempt(reference: str, progress: Progress, silence_s: int) -> str | None:
    """What went wrong; nothing if all went well. Closing the connection makes the engine give up too."""
    with engine(reference) as client:
        try:
            with closing(_asked(client.api, reference, silence_s)) as response:
                if not response.ok:
                    return str(_read(response.content).get("message", response.reason)).strip()
                return _followed(reference, map(_read, response.iter_lines()), progress)
        except requests.exceptions.RequestException as e:
            if not isinstance(e, requests.exceptions.Timeout) and "Read timed out" not in str(e):
                raise
            return f"timed out: nothing came for {silence_s} s"


def _asked(api: Any, reference: str, silence_s: int) -> Any:
    """The engine's answer to a request to pull. Asked without the client's own method, which waits for ever."""
    repository, tag = parse_repository_tag(reference)
    login = auth.get_config_header(api, auth.resolve_repository_name(repository)[0])
    return api.post(
        f"{api.base_url}/v{api.api_version}/images/create",
        params={"fromImage": repository, "tag": tag or "latest"},
        headers={"X-Registry-Auth": login} if login else {},
        stream=True,
        timeout=silence_s,
    )


def _read(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {"error": line.decode("utf-8", "replace")} if line.strip() else {}
    return found if isinstance(found, dict) else {}


def _followed(reference: str, events: Iterator[dict[str, Any]], progress: Progress) -> str | None:
    layers: dict[str, bool] = {}
    sizes: dict[str, tuple[int, int]] = {}
    spoke = time.monotonic()
    for event in events:
        if "error" in event:
            return str(event["error"]).strip()
        layer, status = event.get("id", ""), str(event.get("status", ""))
        if status in ("Pulling fs layer", "Already exists", "Pull complete"):
            layers[layer] = status != "Pulling fs layer"
            if layers[layer]:
                progress(f"{reference}: {sum(layers.values())} of {len(layers)} layers")
        elif status == "Downloading" and event.get("progressDetail", {}).get("total"):
            sizes[layer] = (event["progressDetail"]["current"], event["progressDetail"]["total"])
            if time.monotonic() - spoke > _SAY_EVERY_S:
                spoke = time.monotonic()
                done, total = (sum(column) / 1e6 for column in zip(*sizes.values(), strict=True))
                progress(f"{reference}: {done:.0f} of {total:.0f} MB")
    return None
