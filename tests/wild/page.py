"""The tables of ``docs/explanation/inputs.md``: every input, and what happens to it now.

``make docs`` writes them; ``test_wild_inputs.py`` fails where one is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from typer.testing import CliRunner

from clem_icd.cli import app
from support import ROOT, write_little_corpus
from wild.inputs import INPUTS
from wild.making import Input, Place
from wild.outcomes import outcome

PAGE = ROOT / "docs" / "explanation" / "inputs.md"

_MARK = "<!-- inputs -->"


def new_place(root: Path) -> Callable[[], Place]:
    """Make a little model below a folder, and return a function that makes new folders for inputs."""
    corpus = write_little_corpus(root / "little").path
    arguments = ["train", "linear", "--corpus", corpus, "--out", root / "run", "--quiet"]
    trained = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if trained.exit_code:
        raise RuntimeError(trained.output)
    made: list[Path] = []

    def new() -> Place:
        folder = root / str(len(made))
        folder.mkdir()
        made.append(folder)
        return Place(folder, root / "run" / "model", corpus)

    return new


def row(one: Input, happens: str) -> str:
    """Return the row of an input in its table."""
    source = "known" if one.source == "known" else f"[{_short(one.source)}]({one.source})"
    return f"| {one.name} | {one.had} | {happens.replace('|', '&#124;')} | {source} |"


def tables(new: Callable[[], Place]) -> str:
    """Return all tables."""
    return "\n\n".join(
        "\n".join(
            [
                f"### {title}",
                "",
                "| input | what it is | what happens | after |",
                "|---|---|---|---|",
                *(row(one, outcome(one, new())) for one in inputs),
            ]
        )
        for title, inputs in INPUTS.items()
    )


def write(page: Path, new: Callable[[], Place]) -> None:
    """Replace the tables of the page."""
    before, _, after = page.read_text(encoding="utf-8").split(_MARK)
    page.write_text(f"{before}{_MARK}\n\n{tables(new)}\n\n{_MARK}{after}", encoding="utf-8")


def _short(source: str) -> str:
    issue = re.fullmatch(r"https://github\.com/([^/]+/[^/]+)/(?:issues|pull)/(\d+)", source)
    if issue is not None:
        return f"{issue[1]}#{issue[2]}"
    return source.removeprefix("https://").removeprefix("http://").split("/")[0]


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        write(PAGE, new_place(Path(folder)))
