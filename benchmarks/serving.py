"""Load on `clem serve`: throughput and latency, overload, connections that open and close, memory.

Starts the service on a free port of this machine, and asks it from here: clients and service share the cores.
The notes are those of the synthetic hospital, one per request. Exits with 1 if a promise is broken: an error
other than 429 (or 503 and 504 under overload), an answer that takes longer than ``--longest`` under overload,
more open files or threads after many connections than before, memory that grows by more than 5 % after the
first fifth of a load of at least five minutes, or a stop that is not orderly.

    python benchmarks/serving.py runs/demo/model
    python benchmarks/serving.py runs/demo/model --clients 50 --seconds 1200 --evidence
    python benchmarks/serving.py icd9pcs --clients 8 --seconds 2 --overload-seconds 1 --connections 50 --json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import numpy as np
import psutil

from clem_icd.synthetic.hospital import admissions
from clem_icd.synthetic.note import write_note

_OVERLOAD = 10  # times the clients
_GROWTH = 0.05
_STEADY = 300  # seconds, of which the first fifth fills caches
_SEED = 7

# Unused, and made once: reading the certificates takes longer than a request.
_TLS = ssl.create_default_context()


@dataclass
class Answers:
    """What a crowd of clients got."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    coded: int = 0

    def add(self, status: str, seconds: float) -> None:
        """Count an answer."""
        self.statuses[status] += 1
        self.seconds.append(seconds)
        self.coded += status == "200"

    def summary(self, lasting: float) -> dict[str, Any]:
        """Return counts, and latencies in seconds."""
        quantiles = np.quantile(self.seconds or [0.0], [0.5, 0.99, 1]).round(3).tolist()
        return {
            "statuses": dict(sorted(self.statuses.items())),
            "notes_per_second": round(self.coded / lasting, 2),
            **dict(zip(("p50", "p99", "longest"), quantiles, strict=True)),
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


async def crowd(url: str, bodies: Sequence[bytes], clients: int, seconds: float) -> Answers:
    """Return the answers to clients that ask one request after the other."""
    answers = Answers()
    end = time.monotonic() + seconds
    headers = {"content-type": "application/json"}

    async def client(number: int) -> None:
        # One per client: a common pool would spend its time on finding a free connection.
        async with httpx2.AsyncClient(base_url=url, timeout=60, verify=_TLS) as own:
            while time.monotonic() < end:
                began = time.monotonic()
                number += 1
                try:
                    answer = await own.post("/v1/code", content=bodies[number % len(bodies)], headers=headers)
                    status = str(answer.status_code)
                except httpx2.HTTPError as problem:
                    status = type(problem).__name__
                answers.add(status, time.monotonic() - began)
                if status == "429":
                    await asyncio.sleep(min(0.2, max(0.0, end - time.monotonic())))

    await asyncio.gather(*(client(number * 7) for number in range(clients)))
    return answers


async def connections(url: str, count: int) -> None:
    """Open and close connections, each after one request."""
    for _ in range(count):
        async with httpx2.AsyncClient(base_url=url, verify=_TLS) as client:
            await client.get("/healthz")


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
    warm, last = np.median(memory[: len(memory) // 5 + 1]), np.median(memory[-len(memory) // 5 - 1 :])
    found["memory"] = {"first_fifth_mb": round(float(warm)), "last_fifth_mb": round(float(last))}
    found["memory"]["growth"] = round(float(last / warm - 1), 4)
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


def broken(found: dict[str, Any], seconds: float, longest: float) -> list[str]:
    """Return the promises that the figures break."""
    promises = []
    if set(found["load"]["statuses"]) - {"200", "429"}:
        promises.append("an error other than 429 under load")
    crowded = found.get("overload")
    if crowded and set(crowded["statuses"]) - {"200", "429", "503", "504"}:
        promises.append("an error other than 429, 503 and 504 under overload")
    if crowded and crowded["longest"] > longest:
        promises.append(f"an answer after more than {longest:g} seconds under overload")
    if found["handles"]["after"] > found["handles"]["before"]:
        promises.append("open files or threads grow with connections")
    if seconds >= _STEADY and found["memory"]["growth"] > _GROWTH:
        promises.append(f"memory grows by more than {_GROWTH:.0%}")
    return promises


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
    found["broken"] = broken(found, asked.seconds, asked.longest)
    print(json.dumps(found, indent=None if asked.json else 2))
    sys.exit(bool(found["broken"]))


if __name__ == "__main__":
    main()
