"""Measure time and memory of `clem prepare` for the whole of MIMIC-III and MIMIC-IV.

First writes synthetic raw trees of the real size (see `full_trees.py`) to a folder that later runs reuse;
this takes some minutes and about 3 GB of disk space. Then measures, in turn and in separate processes, the
parse floor (see `parse_floor.py`) and the sources. Prints medians. On a machine with other work, the ratio of
CPU times says more than that of seconds.

    python benchmarks/prepare.py ~/clem-benchmark --splits splits
    python benchmarks/prepare.py ~/clem-benchmark --scale 0.05 --sources mimic4-icd10 --repeats 1
    python benchmarks/prepare.py ~/clem-benchmark --splits splits --readers arrow
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
NOTES = {
    "mimic3": "physionet.org/files/mimiciii/1.4/NOTEEVENTS.csv.gz",
    "mimic4": "physionet.org/files/mimic-iv-note/2.2/note/discharge.csv.gz",
}
SOURCES = ("mimic3-full", "mimic3-clean", "mimic4-icd9", "mimic4-icd10")
READERS = ("arrow", "polars", "python")


@dataclass(frozen=True)
class Run:
    """The measurements of one process; ``cpu`` is the time of all its threads."""

    seconds: float
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class Row:
    """The medians of one task; ``ratio`` and ``cpu_ratio`` are relative to the fastest reader of its tree."""

    tree: str
    task: str
    seconds: float
    cpu: float
    peak_mb: float
    ratio: float
    cpu_ratio: float


@dataclass(frozen=True)
class Plan:
    """The measurements to take.

    Attributes
    ----------
    folder
        Folder for the trees, and for the corpora while they are written.
    splits
        Folder of the published split files, or None to let the sources draw a split.

    """

    folder: Path
    scale: float
    splits: Path | None
    sources: tuple[str, ...]
    repeats: int
    readers: tuple[str, ...]

    @property
    def layouts(self) -> list[str]:
        """The trees needed by the sources."""
        return [layout for layout in NOTES if any(name.startswith(layout) for name in self.sources)]

    def tree(self, layout: str) -> Path:
        """Return the path of a tree, which depends on the scale and on published numbers."""
        return self.folder / f"{layout}-{self.scale:g}{'-published' if self.splits else ''}"

    def tasks(self, layout: str) -> dict[str, list[str]]:
        """Return the command lines to measure on a tree, by task."""
        tree = self.tree(layout)
        notes = str(tree / NOTES[layout])
        floor = {f"parse: {name}": [str(HERE / "parse_floor.py"), name, notes] for name in self.readers}
        options = ["--splits", str(self.splits)] if self.splits else []
        return floor | {
            name: ["-m", "clem_icd.cli", "prepare", name, "--raw", str(tree), "--quiet", "--json", *options]
            for name in self.sources
            if name.startswith(layout)
        }


def write_trees(plan: Plan) -> None:
    """Write the missing trees. An interrupted tree leaves nothing behind."""
    for layout in plan.layouts:
        tree = plan.tree(layout)
        if not (tree / "SYNTHETIC.json").exists():
            log(f"Writing {tree}")
            options = ["--splits", str(plan.splits)] if plan.splits else []
            script = str(HERE / "full_trees.py")
            run([script, layout, str(tree), "--scale", str(plan.scale), *options])


def measure(plan: Plan) -> Iterator[Row]:
    """Yield the medians of every task, tree by tree, with the tasks of a tree in turn."""
    for layout in plan.layouts:
        tasks = plan.tasks(layout)
        runs: dict[str, list[Run]] = {name: [] for name in tasks}
        warm(plan.tree(layout))
        for turn in range(plan.repeats):
            for name, command in tasks.items():
                log(f"{layout}, {name}, {turn + 1} of {plan.repeats}")
                runs[name].append(timed(command, plan.folder))
        yield from rows(layout, runs)


def rows(layout: str, runs: dict[str, list[Run]]) -> Iterator[Row]:
    """Yield the medians of the tasks of one tree."""
    seconds = {name: median(one.seconds for one in found) for name, found in runs.items()}
    cpu = {name: median(one.cpu for one in found) for name, found in runs.items()}
    floor = min((name for name in runs if name.startswith("parse: ")), key=lambda name: seconds[name])
    for name, found in runs.items():
        peak = max(one.peak_mb for one in found)
        ratios = seconds[name] / seconds[floor], cpu[name] / cpu[floor]
        yield Row(layout, name, seconds[name], cpu[name], peak, *ratios)


def timed(command: Sequence[str], folder: Path) -> Run:
    """Run a task, discarding the corpus it writes."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="corpus-") as out:
        writes = "prepare" in command
        return run([*command, "--out", f"{out}/corpus"] if writes else command)


def run(command: Sequence[str]) -> Run:
    """Run Python with the given arguments, and return its time and peak memory."""
    begin = time.perf_counter()
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL) as process:
        # The usage of this child only: `resource.getrusage` reports the largest child so far.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} exited with {process.returncode}")
    kilo = 1024 if sys.platform == "linux" else 1024**2
    seconds = time.perf_counter() - begin
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / kilo)


def warm(tree: Path) -> None:
    """Read every file once, so that all tasks find the files in the page cache."""
    for path in sorted(tree.rglob("*.gz")):
        with path.open("rb") as file, Path(os.devnull).open("wb") as nowhere:
            shutil.copyfileobj(file, nowhere, 1 << 20)


def log(line: str) -> None:
    """Report progress on standard error."""
    print(line, file=sys.stderr, flush=True)


def arguments() -> tuple[Plan, bool]:
    """Parse the command line; return the plan, and whether to print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder for the trees, outside this repository")
    parser.add_argument("--splits", type=Path, help="folder of the published split files")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the real size; default: 1")
    parser.add_argument("--repeats", type=int, default=3, help="runs per task; default: 3")
    parser.add_argument("--sources", default=",".join(SOURCES), help="comma-separated; default: all four")
    parser.add_argument("--readers", default=",".join(READERS), help="of the floor; default: all three")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    sources = tuple(given.sources.split(","))
    if unknown := set(sources) - set(SOURCES):
        parser.error(f"unknown source {', '.join(sorted(unknown))}; choose from {', '.join(SOURCES)}")
    readers = tuple(given.readers.split(","))
    if unknown := set(readers) - set(READERS):
        parser.error(f"unknown reader {', '.join(sorted(unknown))}; choose from {', '.join(READERS)}")
    if not 0 < given.scale <= 1:
        parser.error("--scale must be above 0 and at most 1")
    if given.repeats < 1:
        parser.error("--repeats must be at least 1")
    given.folder.mkdir(parents=True, exist_ok=True)
    splits = given.splits and given.splits.resolve()
    plan = Plan(given.folder.resolve(), given.scale, splits, sources, given.repeats, readers)
    return plan, given.json


def main() -> None:
    """Print the table."""
    plan, as_json = arguments()
    write_trees(plan)
    found = list(measure(plan))
    if as_json:
        value = {"scale": plan.scale, "repeats": plan.repeats, "rows": [asdict(row) for row in found]}
        print(json.dumps(value))
        return
    print(f"{'tree':8}{'task':18}{'seconds':>9}{'CPU s':>9}{'peak MB':>9}{'x floor':>9}{'x CPU':>9}")
    for row in found:
        times = f"{row.seconds:9.1f}{row.cpu:9.1f}{row.peak_mb:9,.0f}{row.ratio:9.2f}{row.cpu_ratio:9.2f}"
        print(f"{row.tree:8}{row.task:18}{times}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
