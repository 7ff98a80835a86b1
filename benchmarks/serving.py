"""Load on `clem serve`: throughput and latency, overload, connections that open and close, memory.

Starts the service on a free port of this machine, and asks it from here: clients and service share the cores.
The notes are those of the synthetic hospital, one per request. Prints the figures as JSON, and then a verdict
per promise. Exits with 1 if one is broken: an error other than 429 (or 503 and 504 under overload), an answer
that takes longer than ``--longest`` under overload, more open files or threads after many connections than
before, memory that grows by more than 5 %, or a stop that is not orderly.

Growth is the median of the memory over the last fifth of the load against that over the first, and judged for
a load of at least five minutes. That against the second fifth, after the warm-up, is stated beside it.

    python benchmarks/serving.py runs/demo/model
    python benchmarks/serving.py runs/demo/model --clients 50 --seconds 1200 --evidence
    python benchmarks/serving.py icd9pcs --clients 8 --seconds 2 --overload-seconds 1 --connections 50 --json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil

from clem_icd.synthetic.hospital import admissions
from clem_icd.synthetic.note import write_note

_OVERLOAD = 10  # times the clients
_GROWTH = 0.05
_STEADY = 300  # seconds of load from which on its growth is judged
_FIFTHS = 5
_SEED = 7
_PATIENCE = 60  # seconds for an answer
_PAUSE = 0.2  # seconds that a client waits after a refusal, whatever Retry-After says


@dataclass
class Answers:
    """What a crowd of clients got."""

    statuses: Counter[str] = field(default_factory=Counter)
    coded: list[float] = field(default_factory=list)
    longest: float = 0.0

    def add(self, status: str, seconds: float) -> None:
        """Count an answer."""
        self.statuses[status] += 1
        self.longest = max(self.longest, seconds)
        if status == "200":
            self.coded.append(seconds)

    def summary(self, lasting: float) -> dict[str, Any]:
        """Return counts, the latency of coded notes in seconds, and that of the slowest answer."""
        p50, p99 = np.quantile(self.coded or [0.0], [0.5, 0.99]).round(3).tolist()
        return {
            "statuses": dict(sorted(self.statuses.items())),
            "notes_per_second": round(len(self.coded) / lasting, 2),
            "p50": p50,
            "p99": p99,
            "longest": round(self.longest, 3),
        }


@contextmanager
def service(model: str) -> Iterator[tuple[str, psutil.Process]]:
    """Yield the address and the process of a service, and stop it as an operator would.

    Raises
    ------
    SystemExit
        If it does not start, or does not stop orderly.

    """
    command = [
        sys.executable,
        "-m",
        "clem_icd.cli",
        "serve",
        model,
        "--port",
        "0",
        "--json",
        "--quiet",
        "--no-review",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            line = started.stdout.readline() if started.stdout else ""
            if not line:
                raise SystemExit("the service did not start")
            yield json.loads(line)["url"], psutil.Process(started.pid)
            started.send_signal(signal.SIGTERM)
            if started.wait(40) != 0:
                raise SystemExit("the service did not stop orderly")
        finally:
            started.kill()


class Client:
    """An HTTP client that costs little: five hundred of a library would measure themselves."""

    def __init__(self, url: str) -> None:
        self.host, self.port = urlsplit(url).hostname, urlsplit(url).port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> str:
        """Return the status of a response that came whole, else the name of the failure."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._exchange(head.encode() + body)
        except (OSError, EOFError) as problem:
            self.close()
            return type(problem).__name__

    def close(self) -> None:
        """Close the connection."""
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None

    async def _exchange(self, request: bytes) -> str:
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self.streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        await reader.readexactly(int(fields.get("content-length", 0)))
        if fields.get("connection") == "close":
            self.close()
        return head.split(" ", 2)[1]


async def crowd(url: str, bodies: Sequence[bytes], clients: int, seconds: float) -> Answers:
    """Return the answers to clients that ask one request after the other."""
    answers = Answers()
    end = time.monotonic() + seconds

    async def client(number: int) -> None:
        own = Client(url)
        while time.monotonic() < end:
            number += 1
            began = time.monotonic()
            status = await own.ask("POST", "/v1/code", bodies[number % len(bodies)])
            answers.add(status, time.monotonic() - began)
            if status == "429":
                await asyncio.sleep(min(_PAUSE, max(0.0, end - time.monotonic())))
        own.close()

    await asyncio.gather(*(client(number * 7) for number in range(clients)))
    return answers


async def connections(url: str, count: int) -> None:
    """Open and close connections, each after one request.

    Raises
    ------
    SystemExit
        If one is not answered.

    """
    for _ in range(count):
        client = Client(url)
        if (status := await client.ask("GET", "/healthz")) != "200":
            raise SystemExit(f"/healthz answered {status}")
        client.close()


def handles(process: psutil.Process) -> int:
    """Return the number of open files and threads."""
    return int(process.num_fds() + process.num_threads())


async def watched(process: psutil.Process, samples: list[float], step: float) -> None:
    """Record the memory of a process in MB until cancelled."""
    while True:
        samples.append(process.memory_info().rss / 1e6)
        await asyncio.sleep(step)


async def measure(
    url: str, process: psutil.Process, asked: argparse.Namespace, bodies: Sequence[bytes]
) -> dict[str, Any]:
    """Return the figures of all phases."""
    memory: list[float] = []
    watching = asyncio.create_task(watched(process, memory, max(0.1, asked.seconds / 200)))
    load = await crowd(url, bodies, asked.clients, asked.seconds)
    watching.cancel()
    found: dict[str, Any] = {"load": load.summary(asked.seconds)}
    parts = [float(np.median(part)) for part in np.array_split(np.array(memory), _FIFTHS)]
    found["memory"] = {
        "fifths_mb": [round(part) for part in parts],
        "growth": round(parts[-1] / parts[0] - 1, 4),
        "growth_when_warm": round(parts[-1] / parts[1] - 1, 4),
    }
    if asked.overload_seconds:
        crowded = await crowd(url, bodies, asked.clients * _OVERLOAD, asked.overload_seconds)
        found["overload"] = crowded.summary(asked.overload_seconds)
    await connections(url, 20)
    await asyncio.sleep(1)
    before = handles(process)
    await connections(url, asked.connections)
    await asyncio.sleep(1)
    found["handles"] = {"before": before, "after": handles(process), "connections": asked.connections}
    return found


@dataclass(frozen=True)
class Verdict:
    """A promise, what was found, and whether it was kept; None if it was not judged."""

    promise: str
    found: str
    kept: bool | None


def verdicts(found: dict[str, Any], seconds: float, longest: float) -> list[Verdict]:
    """Return the verdict on each promise."""
    load, memory, handled = found["load"], found["memory"], found["handles"]
    errors = set(load["statuses"]) - {"200", "429"}
    said = [
        Verdict("throughput and latency are stated", _speed(load), None),
        Verdict("under load, no error but 429", ", ".join(sorted(errors)) or "none", not errors),
    ]
    if crowded := found.get("overload"):
        errors = set(crowded["statuses"]) - {"200", "429", "503", "504"}
        said += [
            Verdict(f"{_OVERLOAD} x the clients: throughput and latency", _speed(crowded), None),
            Verdict(
                f"{_OVERLOAD} x the clients: no error but 429, 503 and 504",
                ", ".join(sorted(errors)) or "none",
                not errors,
            ),
            Verdict(
                f"{_OVERLOAD} x the clients: every answer within {longest:g} s",
                f"the slowest took {crowded['longest']:.2f} s",
                crowded["longest"] <= longest,
            ),
        ]
    grown = (
        f"{memory['growth']:+.1%} from the first to the last fifth of {seconds:.0f} s, "
        f"{memory['growth_when_warm']:+.1%} from the second"
    )
    kept = memory["growth"] <= _GROWTH if seconds >= _STEADY else None
    opened = f"{handled['before']} before, {handled['after']} after"
    return [
        *said,
        Verdict(f"memory grows by at most {_GROWTH:.0%}", grown, kept),
        Verdict(
            f"open files and threads do not grow over {handled['connections']:,} connections",
            opened,
            handled["after"] <= handled["before"],
        ),
    ]


def _speed(part: dict[str, Any]) -> str:
    return (
        f"{part['notes_per_second']:.1f} notes/s, coded with p50 {part['p50']:.2f} s, p99 {part['p99']:.2f} s"
    )


def show(said: Sequence[Verdict]) -> None:
    """Print a line per promise."""
    words = {True: "kept", False: "BROKEN", None: "-"}
    for one in said:
        print(f"{words[one.kept]:6}  {one.promise}: {one.found}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="A model folder, or a code system to search.")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--overload-seconds", type=float, default=30, help="0 leaves this phase out.")
    parser.add_argument("--longest", type=float, default=5, help="Seconds that an answer may take in it.")
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--words", type=int, default=250, help="Median length of the notes.")
    parser.add_argument("--evidence", action="store_true", help="Ask for evidence.")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    texts = [write_note(admission).text for admission in admissions(50, _SEED, asked.words)]
    bodies = [json.dumps({"notes": [{"text": text}], "evidence": asked.evidence}).encode() for text in texts]
    with service(asked.model) as (url, process):
        found = asyncio.run(measure(url, process, asked, bodies))
    said = verdicts(found, asked.seconds, asked.longest)
    found["broken"] = [one.promise for one in said if one.kept is False]
    print(json.dumps(found, indent=None if asked.json else 2))
    if not asked.json:
        show(said)
    sys.exit(bool(found["broken"]))


if __name__ == "__main__":
    main()
