"""``agentrecorder record``: run an agent behind the recording proxy."""

import os
import signal
import subprocess
from pathlib import Path

from agentrecorder.cli.convert import convert
from agentrecorder.cli.reading import BAD_USAGE, say

_LOOPBACK = "127.0.0.1,localhost"


def record(command: list[str], output: Path, form: str, anthropic: str | None, openai: str | None) -> int:
    """Run ``command``, then write the trajectories of what it said to models. Returns its exit status, 128 + n for signal n; 2 where
    it cannot be run.
    """
    try:
        from agentrecorder.proxy.server import KEYS, RecordingProxy, upstreams_of
    except ImportError:
        say("error: the proxy needs uvicorn and httpx2; install agentrecorder[proxy]")
        return BAD_USAGE
    log = output.with_name(output.name + ".exchanges")
    if output.exists() or log.exists():
        say(f"error: {output if output.exists() else log} is there already; name a new file with --output")
        return BAD_USAGE
    upstreams = upstreams_of(os.environ, anthropic, openai)
    try:
        with RecordingProxy(log, upstreams, 0, [os.environ.get(name, "") for name in KEYS], say) as proxy:
            status = _run(command, os.environ | proxy.base_urls | _reachable())
    except OSError as error:
        log.unlink(missing_ok=True)
        say(f"error: {error.filename or log}: {error.strerror or error}; name a command that can be run, and a file that can be written")
        return BAD_USAGE
    if log.stat().st_size == 0:
        say(f"the command made no call to {' or '.join(proxy.base_urls)}: nothing was recorded")
        log.unlink()
    else:
        convert([log], form, output, None)
        say(f"{output}: the trajectories; {log}: the exchanges")
    return status


def _run(command: list[str], environ: dict[str, str]) -> int:
    """Run it in the foreground. Ctrl-C reaches it by the terminal, so it is for the command to end; a polite kill is passed on."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        process = subprocess.Popen(command, env=environ)
        for number in (signal.SIGTERM, signal.SIGHUP):
            before[number] = signal.signal(number, lambda n, _: process.send_signal(n))
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def _reachable() -> dict[str, str]:
    """The proxy is on this machine: no other proxy of the environment is to be asked for it."""
    return {name: ",".join(filter(None, (os.environ.get(name), _LOOPBACK))) for name in ("NO_PROXY", "no_proxy")}
