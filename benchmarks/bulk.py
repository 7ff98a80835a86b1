"""Scoring many notes: memory by the number of notes, and notes per second by the number of workers.

python benchmarks/bulk.py MODEL CORPUS --notes 4000
python benchmarks/bulk.py --memory 10000 40000 100000

The notes are those of the train split of a corpus, several in a row, so that long and short ones are mixed.
Every way of working runs in a process of its own. Its speed is that from the first shard of every worker to
the last shard of all, so the start of processes and of the cluster is not counted; the whole time is given
beside it. Memory is the peak of a process that scores notes of twelve words with a system that computes
nothing, for 1,000 labels, so that only reading, shards and files take any.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

WAYS: dict[str, tuple[str, int, int]] = {
    "one process, a thread per core": ("local", 1, 0),
    "one process, one thread": ("local", 1, 1),
    "two processes, one thread each": ("local", 2, 1),
    "Ray, one worker with one thread": ("ray", 1, 1),
    "Ray, two workers with one thread each": ("ray", 2, 1),
}
"""Engine, workers, and threads of one process (0: as many as the libraries choose)."""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("corpus", nargs="?", type=Path)
    parser.add_argument("--notes", type=int, default=4_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="*", default=[])
    parser.add_argument("--only", nargs="*", choices=WAYS, default=list(WAYS))
    parser.add_argument("--measure", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(*arguments.measure)))
        return
    with TemporaryDirectory() as folder:
        if arguments.memory:
            memory(arguments.memory, Path(folder))
        if arguments.model is not None:
            speed(arguments, Path(folder))


@dataclass
class Clock:
    """An observer that notes when shards are finished."""

    times: list[tuple[float, int]] = field(default_factory=list)

    def begin(self, task: str, total: int | None) -> None:
        """Ignore the task."""

    def say(self, line: str) -> None:
        """Ignore the line."""

    def advance(self, steps: int = 1) -> None:
        """Note the time."""
        self.times.append((time.perf_counter(), steps))

    def notes_per_second(self, skipped: int) -> float:
        """Return the speed after some first steps."""
        (began, _), *rest = self.times[skipped - 1 :]
        return sum(notes for _, notes in rest) / (rest[-1][0] - began)


def measured(model: str, table: str, engine: str, workers: str, threads: str) -> dict[str, float]:
    """Score a table, and return the speed and the whole time."""
    began = time.perf_counter()
    if int(threads):
        from clem_icd.prediction.bulk.workers import prepare_process

        prepare_process(int(threads))
    from clem_icd.prediction.bulk import ModelSource, Opened, TableNotes, Work, predict_notes, survey

    notes, source, clock = TableNotes(Path(table)), ModelSource(Path(model)), Clock()
    surveyed = survey(notes)
    with TemporaryDirectory() as folder:
        predict_notes(
            notes,
            surveyed,
            source,
            Opened(*source.open()),
            Path(folder) / "scores.parquet",
            work=Work(engine, int(workers)),  # type: ignore[arg-type]
            observer=clock,
        )
    # In one process, every note is a step.
    alone = engine == "local" and workers == "1"
    first = surveyed.shards[0].end if alone else int(workers)
    return {"notes/s": clock.notes_per_second(first), "seconds": time.perf_counter() - began}


def speed(arguments: argparse.Namespace, folder: Path) -> None:
    """Compare the ways of working, interleaved."""
    from clem_icd.modeling.machine import describe_environment

    table = write_table(folder / "notes.jsonl", mixed(arguments.corpus, arguments.notes))
    here = describe_environment()
    print(f"{here['cpu']}, {here['cores']} cores, torch {here['torch']}, {datetime.now(UTC).date()}")
    found: dict[str, list[dict[str, float]]] = {way: [] for way in arguments.only}
    for _ in range(arguments.repeats):
        for way, repeats in found.items():
            engine, workers, threads = WAYS[way]
            environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
            command = [sys.executable, __file__, "--measure", str(arguments.model), str(table)]
            done = subprocess.run(
                [*command, engine, str(workers), str(threads)],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            )
            repeats.append(json.loads(done.stdout.splitlines()[-1]))
    print(f"\n{arguments.notes:,} notes, medians of {arguments.repeats}\n")
    print("| way | notes/s | whole time, s |\n|---|---|---|")
    for way, repeats in found.items():
        rate, seconds = (statistics.median(one[name] for one in repeats) for name in ("notes/s", "seconds"))
        print(f"| {way} | {rate:.1f} | {seconds:.0f} |")


def mixed(corpus: Path, count: int) -> Iterator[str]:
    """Yield texts of one to eight notes of a corpus each."""
    from clem_icd.corpus import Corpus

    texts = list(Corpus.open(corpus).texts("train"))
    random_ = random.Random(0)
    for _ in range(count):
        yield "\n\n".join(random_.choices(texts, k=random_.choice((1, 1, 1, 2, 2, 4, 8))))


def write_table(path: Path, texts: Iterable[str]) -> Path:
    """Write texts as a table."""
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"note_id": f"n{number}", "text": text}) + "\n")
    return path


_PEAK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import bulk
print(bulk.peak(Path(sys.argv[2])))
"""


def memory(counts: list[int], folder: Path) -> None:
    """Print the peak memory for some numbers of notes."""
    print("| notes | peak MB |\n|---|---|")
    random_ = random.Random(0)
    words = "the patient was seen with fever and pneumonia on the ward today".split()  # noqa: SIM905
    for count in counts:
        texts = (" ".join(random_.choices(words, k=12)) for _ in range(count))
        table = write_table(folder / f"{count}.jsonl", texts)
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, str(Path(__file__).parent), str(table)],
            capture_output=True,
            text=True,
            check=True,
        )
        print(f"| {count:,} | {int(done.stdout):,} |", flush=True)


def peak(table: Path) -> int:
    """Score a table with a system that computes nothing, and return the peak memory in MB."""
    import numpy as np

    from clem_icd.decisions import Threshold
    from clem_icd.icd import Code, CodeSystem
    from clem_icd.modeling import ModelInfo, NoteScores
    from clem_icd.prediction.bulk import ModelSource, Opened, TableNotes, Work, predict_notes, survey

    class Constant:
        def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
            for _ in texts:
                yield NoteScores(np.full(1_000, 0.5, dtype=np.float32))

        def save(self, folder: Path) -> None:
            raise NotImplementedError

    labels = tuple(Code(f"A{n:02d}.{m}", CodeSystem.ICD10CM) for n in range(100) for m in range(10))
    info = ModelInfo("linear", labels, (None,) * len(labels), Threshold(0.5), "none")
    notes = TableNotes(table)
    with TemporaryDirectory() as folder:
        predict_notes(
            notes,
            survey(notes),
            ModelSource(Path(folder)),
            Opened(Constant(), info),
            table.with_suffix(".parquet"),
            work=Work(workers=1),
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
