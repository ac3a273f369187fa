"""Conversion of agents' logs: speed against `orjson.loads`, large objects in bounded memory, the knowlyr-recorder package.

Logs are made from a seed, one of each format; real logs are added where their folder is given or lies beside the checkout. All on one core,
the best of several rounds, in seconds of the processor: a clock on the wall would count other programs too, and more of them the longer a
measurement takes. Conversion is the whole of it: open, recognise, hash, read, pair, join outcomes.

.venv/bin/python benchmarks/recorder.py [--json] [--rounds N] [--corpus FOLDER] [--peer FOLDER] [--megabytes N]
(--peer: where `pip install --target FOLDER knowlyr-recorder` put it)
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from agentrecorder.convert import Converted, convert
from agentrecorder.errors import RecorderError
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packages" / "recorder" / "tests"))

from trajtests import recorder_chats as chats
from trajtests import recorder_logs as logs
from trajtests.recorder_cases import CASES, CORPUS, dump

ROOT = Path(__file__).resolve().parents[1]
PARTS = Path(__file__).parent / "parts"
LARGEST = 16 << 20
SPEED, STREAM_MB_S, STREAM_MB = 1 / 3, 50, 300


@dataclass
class Sum:
    """Logs of a kind together. Times in seconds."""

    files: int = 0
    size: int = 0
    parse: float = 0.0
    ours: float = 0.0

    def add(self, other: "Sum") -> None:
        """Count these logs too."""
        self.files, self.size = self.files + other.files, self.size + other.size
        self.parse, self.ours = self.parse + other.parse, self.ours + other.ours

    @property
    def speed(self) -> float:
        """Of conversion, as a part of that of parsing alone."""
        return self.parse / self.ours

    def figures(self) -> dict[str, float]:
        """For the JSON object."""
        rate = self.size / 1e6
        return {"files": self.files, "mb": rate, "orjson_mb_s": rate / self.parse, "ours_mb_s": rate / self.ours, "speed": self.speed}


def said(seed: int) -> Callable[[int], str]:
    """Outputs of commands: words and numbers in lines, most short and a few long."""
    draw = random.Random(seed)
    words = ["def", "return", "self.value", "import", "assert", "==", "None", "error:", "naïve", "path/to/file.py", "(", ")", "x = 1"]
    line = [" ".join(draw.choices(words, k=draw.randint(2, 14))) for _ in range(500)]
    return lambda _: "\n".join(draw.choices(line, k=min(2000, int(draw.lognormvariate(3.2, 1.2)) + 1)))


def best(work: Callable[[], object], rounds: int) -> float:
    """Least seconds of ``work``."""
    took = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def texts(path: Path) -> list[bytes]:
    """The JSON texts in a log."""
    if path.is_dir():
        return [p.read_bytes() for p in sorted(path.rglob("*.json"))]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return [archive.read(name) for name in archive.namelist() if name.startswith("samples/")]
    data = path.read_bytes()
    try:
        orjson.loads(data)
    except ValueError:
        return [line for line in data.split(b"\n") if line.strip()]
    return [data]


def measured(path: Path, rounds: int) -> Sum | None:
    """Of one log; ``None`` if it cannot be read by both."""
    parts = texts(path)
    try:
        if not any(isinstance(one, Converted) for one in convert(path)):
            return None
        parse = best(lambda: [orjson.loads(part) for part in parts], rounds)
    except (RecorderError, ValueError):
        return None
    return Sum(1, sum(map(len, parts)), parse, best(lambda: list(convert(path)), rounds))


def synthetic(folder: Path) -> Iterator[tuple[str, Path]]:
    """A log of some megabytes in each format."""
    for number, case in enumerate(CASES):
        yield case.name, case.write(folder, 60 if case.shape == "folder" else 600, said(number))


def real(corpus: Path) -> Iterator[tuple[str, Path]]:
    """Logs of the corpus with the format that they were recognised as, up to 16 MB each."""
    for name in json.loads((ROOT / "packages" / "recorder" / "tests" / "corpus_counts.json").read_text()):
        path = corpus / name
        if path.exists() and (path.is_dir() or path.stat().st_size <= LARGEST):
            try:
                found = next((one.run.format for one in convert(path) if isinstance(one, Converted)), "")
            except RecorderError:
                continue
            if found:
                yield found, path


def smallest(folder: Path, rounds: int) -> dict[str, float]:
    """What a log costs whatever it holds: bytes of a log of one turn, and microseconds that both take for it."""
    path = next(case for case in CASES if case.name == "atif").write(folder, 1, str)
    data = path.read_bytes()
    parse = best(lambda: [orjson.loads(data) for _ in range(1000)], rounds) * 1e3
    return {"bytes": len(data), "orjson_us": parse, "ours_us": best(lambda: [list(convert(path)) for _ in range(100)], rounds) * 1e4}


def child(part: str, *arguments: str, path: str | None = None) -> dict[str, Any]:
    """What a part prints."""
    environment = {**os.environ, "PYTHONPATH": path} if path else None
    done = subprocess.run([sys.executable, str(PARTS / part), *arguments], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{part} failed:\n{done.stdout}{done.stderr}")
    read: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return read


def large(folder: Path, megabytes: int) -> Iterator[tuple[str, Path, int]]:
    """Single objects of that size, each with the length of its longest string."""
    say = said(7)
    step = len(say(0)) + 900
    path = folder / "large.log"

    run = logs.swe_agent(200, say)
    prompt = "".join(say(i) for i in range(60))
    for number, part in enumerate(run["trajectory"]):
        part["query"] = [{"role": "user", "content": prompt[: 1 + len(prompt) * number // 200]}] * max(1, megabytes * 10_000 // len(prompt))
    path.write_bytes(dump(run))
    yield "one run, prompts repeated", path, _longest(run)

    sample = dump(chats.inspect_sample(60, say))
    head, tail = dump({**chats.INSPECT, "samples": []}).rsplit(b"]", 1)
    path.write_bytes(head + b",".join([sample] * (megabytes * 10**6 // len(sample))) + b"]" + tail)
    yield "many runs", path, _longest(json.loads(sample))

    run = logs.mini_2(max(1, megabytes * 10**6 // (2 * step + 800)), say)
    path.write_bytes(dump(run))
    yield "one run, nothing repeated", path, _longest(run)


def _longest(value: Any) -> int:
    match value:
        case str():
            return len(value)
        case dict():
            return max(map(_longest, value.values()), default=0)
        case list():
            return max(map(_longest, value), default=0)
    return 0


def peers(folder: Path, peer: Path | None, rounds: int) -> dict[str, Any] | None:
    """Figures on a log of OpenHands events in lines, whole and with one line that is cut; ``None`` without the other package.

    Each reads it in a process of its own.
    """
    if peer is None:
        return None
    events = [dump(event) for event in logs.openhands_events(3000, said(3))]
    whole, broken = folder / "events.jsonl", folder / "broken.jsonl"
    whole.write_bytes(b"\n".join(events) + b"\n")
    broken.write_bytes(b"\n".join([*events[:99], events[99][:50], *events[100:]]) + b"\n")
    ours = child("recorder_child.py", str(whole), str(rounds))
    kept = sum(one.run.turns for one in convert(broken) if isinstance(one, Converted))
    theirs = child("recorder_peer.py", str(whole), str(rounds), path=str(peer))
    damaged = child("recorder_peer.py", str(broken), "1", path=str(peer))
    rate = whole.stat().st_size / 1e6
    return {
        "mb": rate,
        "ours_mb_s": rate / ours["seconds"],
        "ours_turns": ours["turns"],
        "ours_turns_damaged": kept,
        "peer_mb_s": rate / theirs["seconds"],
        "peer_turns": theirs["turns"],
        "peer_turns_damaged": damaged.get("turns", 0),
        "peer_error": damaged.get("error", ""),
        "faster": theirs["seconds"] / ours["seconds"],
    }


def report(mix: dict[str, Sum], floor: dict[str, float], streams: list[dict[str, Any]], other: dict[str, Any] | None) -> None:
    """The tables."""
    table = Table("conversion", "logs", "MB", "orjson.loads MB/s", "ours MB/s", "of its speed", "met", title="up to 16 MB, one core")
    for name, one in mix.items():
        f = one.figures()
        mark = "yes" if one.speed >= SPEED else "no"
        table.add_row(name, str(one.files), f"{f['mb']:.1f}", f"{f['orjson_mb_s']:.0f}", f"{f['ours_mb_s']:.0f}", f"{one.speed:.2f}", mark)
    console = Console()
    console.print(table)
    console.print(f"a log of {floor['bytes']} bytes: {floor['ours_us']:.0f} µs, orjson.loads {floor['orjson_us']:.1f} µs")
    table = Table("large object", "MB", "runs", "turns", "MB/s", "peak MB", "limit MB", "met", title="in a process of its own")
    for row in streams:
        mark = "yes" if row["met"] else "no"
        table.add_row(
            row["case"],
            f"{row['mb']:.0f}",
            str(row["runs"]),
            str(row["turns"]),
            f"{row['mb_s']:.0f}",
            f"{row['peak_mb']:.0f}",
            f"{row['limit_mb']:.0f}",
            mark,
        )
    console.print(table)
    if other is None:
        console.print("knowlyr-recorder: not compared (name the folder that it is installed in with --peer)")
        return
    table = Table("OpenHands events", "MB/s", "turns", "turns, one line cut", title=f"{other['mb']:.1f} MB of lines")
    table.add_row("ours", f"{other['ours_mb_s']:.0f}", str(other["ours_turns"]), str(other["ours_turns_damaged"]))
    lost = (
        f"{other['peer_turns_damaged']} ({other['peer_error'].split(':')[0]})" if other["peer_error"] else str(other["peer_turns_damaged"])
    )
    table.add_row("knowlyr-recorder", f"{other['peer_mb_s']:.0f}", str(other["peer_turns"]), lost)
    console.print(table)


def main() -> None:
    """Measure, print the tables, and with ``--json`` one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--rounds", type=int, default=5, help="best of so many")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of real logs")
    parser.add_argument("--peer", type=Path, help="folder with the knowlyr-recorder package")
    parser.add_argument("--megabytes", type=int, default=200, help="size of the large objects")
    asked = parser.parse_args()
    mix: dict[str, Sum] = {}
    totals = {"all made logs": Sum(), "all real logs": Sum()}
    with tempfile.TemporaryDirectory(prefix="trajhub-bench-") as name:
        folder = Path(name)
        sources = [("made", synthetic(folder), "all made logs")]
        if asked.corpus:
            sources.append(("real", real(asked.corpus), "all real logs"))
        for kind, found, total in sources:
            for format_, path in found:
                one = measured(path, asked.rounds)
                if one is None:
                    raise SystemExit(f"{path} ({format_}) cannot be converted")
                mix.setdefault(f"{format_} ({kind})", Sum()).add(one)
                totals[total].add(one)
        floor = smallest(folder, asked.rounds)
        mix |= {title: one for title, one in totals.items() if one.files}
        streams = []
        for case, path, longest in large(folder, asked.megabytes):
            row = {"case": case, "mb": path.stat().st_size / 1e6, **child("recorder_child.py", str(path))}
            row |= {"mb_s": row["mb"] / row["seconds"], "limit_mb": STREAM_MB + 3 * longest / 1e6}
            streams.append({**row, "met": row["mb_s"] >= STREAM_MB_S and row["peak_mb"] <= row["limit_mb"]})
        other = peers(folder, asked.peer, asked.rounds)
    report(mix, floor, streams, other)
    if asked.json:
        speeds = {title: one.figures() for title, one in mix.items()}
        print(json.dumps({"conversion": speeds, "speed_target": SPEED, "smallest": floor, "streams": streams, "peer": other}))


if __name__ == "__main__":
    main()
