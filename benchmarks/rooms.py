"""Print how large each room of the package is: files, lines and share, as a Markdown table.

Also prints the median length of a file and of a function, the largest room's share, and the file names that
occur more than three times. Lines are physical lines of ``.py`` files, blank lines and comments included.

    python benchmarks/rooms.py
    python benchmarks/rooms.py path/to/src/clem_icd
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PACKAGE = Path(__file__).parents[1] / "src" / "clem_icd"
TOP_LEVEL = "(top level)"
MOST_OF_A_NAME = 3


@dataclass(frozen=True)
class Room:
    """The size of one room."""

    name: str
    files: int
    lines: int


def modules(package: Path) -> dict[Path, str]:
    """Return the source of every module by its path relative to the package."""
    return {
        path.relative_to(package): path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))
    }


def rooms(sources: dict[Path, str]) -> list[Room]:
    """Return the rooms, largest first."""
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for path, source in sources.items():
        room = path.parts[0] if len(path.parts) > 1 else TOP_LEVEL
        files[room] += 1
        lines[room] += len(source.splitlines())
    return [Room(name, files[name], count) for name, count in lines.most_common()]


def function_lengths(sources: Iterable[str]) -> Iterator[int]:
    """Yield the lines of every function and method: signature, docstring and body."""
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1


def repeated_names(paths: Iterable[Path]) -> dict[str, int]:
    """Return the file names that occur too often, with their counts."""
    counts = Counter(path.name for path in paths if path.name != "__init__.py")
    return {name: count for name, count in counts.most_common() if count > MOST_OF_A_NAME}


def main() -> None:
    """Print the table and the figures below it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("package", type=Path, nargs="?", default=PACKAGE, help="default: src/clem_icd")
    package: Path = parser.parse_args().package
    sources = modules(package)
    if not sources:
        parser.error(f"found no Python files below {package}")
    found = rooms(sources)
    total = sum(room.lines for room in found)
    print("| room | files | lines | share |\n|---|--:|--:|--:|")
    for room in found:
        print(f"| {room.name} | {room.files} | {room.lines:,} | {room.lines / total:.1%} |")
    print(f"| **all** | {len(sources)} | {total:,} | |\n")
    print(f"- largest room: {found[0].name}, {found[0].lines / total:.1%} of all lines")
    print(f"- median file: {median(len(source.splitlines()) for source in sources.values()):g} lines")
    print(f"- median function: {median(function_lengths(sources.values())):g} lines")
    repeated = ", ".join(f"{name} ({count})" for name, count in repeated_names(sources).items())
    print(f"- file names that occur more than {MOST_OF_A_NAME} times: {repeated or 'none'}")


if __name__ == "__main__":
    main()
