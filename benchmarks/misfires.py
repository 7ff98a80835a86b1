"""Count the plain notes that are taken for something else, or changed by one tag in them: none should be.

Synthetic notes, and the texts of corpora and folders named on the command line. Prints counts, never a text.

    python benchmarks/misfires.py --notes 20000 CORPUS FOLDER
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import process_time

from clem_icd.corpus import Corpus
from clem_icd.errors import NoteError
from clem_icd.synthetic.charting import complete_chart, summary_chart
from clem_icd.synthetic.hospital import admissions
from clem_icd.texts import note_files, read_note, remarks_on
from clem_icd.texts.hypertext import html_text
from clem_icd.texts.wrappings import wrapping_of


def synthetic_notes(seed: int, words: int) -> Iterator[str]:
    """Yield notes of the synthetic hospital, in the manner of MIMIC-IV and of MIMIC-III, without end."""
    for admission in admissions(1_000_000_000, seed, words):
        for chart in (summary_chart(admission), complete_chart(admission, 3.0)):
            for document in chart.documents:
                if document.text.strip():
                    yield document.text


def notes_in(path: Path) -> Iterator[str]:
    """Yield the notes of a corpus, or those in the text files of a folder."""
    if (path / "corpus.json").is_file():
        corpus = Corpus.open(path)
        for split in corpus.splits:
            for note in corpus.notes(split):
                yield note.text
        return
    for file in note_files(path):
        try:
            yield read_note(file, wrapped="keep").text
        except NoteError as problem:
            print(f"{file}: {problem.found}")


def count(name: str, texts: Iterator[str]) -> None:
    """Print how many texts are taken for what, and how long recognition took."""
    found: Counter[str] = Counter()
    notes = characters = 0
    seconds = 0.0
    for text in texts:
        notes += 1
        characters += len(text)
        before = process_time()
        wrapping = wrapping_of(text)
        remarks = remarks_on(text)
        seconds += process_time() - before
        if html_text(f"{text}<b>!</b>") != f"{text}!":
            found["changed by one tag in it"] += 1
        found.update(remarks if wrapping is None else [wrapping.name, *remarks])
    print(
        f"{name}: {notes:,} notes, {characters:,} characters, {sum(found.values()):,} findings, "
        f"{seconds:.2f} s CPU in recognition"
    )
    for finding, times in found.most_common():
        print(f"  {times:,} {finding}")


def main() -> None:
    """Count the misfires."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="CORPUS_OR_FOLDER")
    parser.add_argument("--notes", type=int, default=20_000, help="Number of synthetic notes.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--words", type=int, default=300, help="Median length of a discharge summary.")
    options = parser.parse_args()
    count("synthetic", islice(synthetic_notes(options.seed, options.words), options.notes))
    for path in options.paths:
        count(str(path), notes_in(path))
    print(f"{process_time():.1f} s CPU altogether")


if __name__ == "__main__":
    main()
