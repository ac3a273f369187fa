"""``agentrecorder proxy``: write down what passes between agents and models."""

import os
import signal
import threading
from pathlib import Path

from agentrecorder.cli.reading import ALL_READ, BAD_USAGE, say


def proxy(log: Path, port: int, anthropic: str | None, openai: str | None) -> int:
    """Serve until Ctrl-C or SIGTERM. Returns 0; 2 where the log or the port cannot be had."""
    try:
        from agentrecorder.proxy.server import KEYS, RecordingProxy, upstreams_of
    except ImportError:
        say("error: the proxy needs uvicorn and httpx2; install agentrecorder[proxy]")
        return BAD_USAGE
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    upstreams = upstreams_of(os.environ, anthropic, openai)
    try:
        recording = RecordingProxy(log, upstreams, port, [os.environ.get(name, "") for name in KEYS], say)
    except OSError as error:
        say(f"error: {log}, port {port}: {error.strerror or error}; name a file that can be written, and a port that is free")
        return BAD_USAGE
    with recording as running:
        for name, url in running.base_urls.items():
            print(f"export {name}={url}", flush=True)
        say(f"writing to {log}; Ctrl-C ends it")
        stop.wait()
    return ALL_READ
